using System.Management.Automation;
using System.Net;
using TrafficMigration.Kvm;
using TrafficMigration.Prometheus;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <content>The rates from a Prometheus server instead of the hosts.</content>
public sealed partial class GetVMTrafficRateCommand
{
    private const string PrometheusSet = "Prometheus";

    // They come from the base classes, in every parameter set; taken silently, they would promise what is not done.
    private static readonly string[] OfSshOnly =
        [nameof(SampleInterval), nameof(SampleCount), nameof(MigrationNetwork), nameof(UserName), nameof(KeyFilePath), nameof(Port)];

    /// <summary>
    /// A Prometheus server that scrapes a libvirt exporter on each host, for example http://mon:9090. -HostName then
    /// takes the targets' instance labels without the port, and -Credential is for basic authentication, which over
    /// http is readable on the network.
    /// </summary>
    /// <remarks>An exporter does not tell which traffic leaves by the migration's uplink: Tx and Rx are upper bounds.</remarks>
    [Parameter(Mandatory = true, ParameterSetName = PrometheusSet)]
    [ValidateNotNull]
    public Uri? PrometheusUri { get; set; }

    /// <summary>Seconds up to now that the rates are of; at least two scrapes must lie within.</summary>
    [Parameter(ParameterSetName = PrometheusSet)]
    [ValidateRange(2, 604_800)]
    public int Window { get; set; } = 300;

    private void AskPrometheus(Uri address, string[] hosts)
    {
        string[] unused = [.. OfSshOnly.Where(MyInvocation.BoundParameters.ContainsKey)];
        if (unused.Length > 0)
        {
            ThrowTerminatingError(ErrorRecords.From(Failures.PrometheusParameterUnused(unused)));
        }

        var server = new PrometheusServer
        {
            Address = address,
            // Not GetNetworkCredential(), which takes a domain off the user's name.
            Credential = Credential is null || Credential == PSCredential.Empty
                ? null
                : new NetworkCredential(Credential.UserName, Credential.Password),
            Timeout = ConnectTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : HostEndpoint.UsualTimeout,
        };
        Terminating(() => RunAsync(async post =>
        {
            PrometheusMeasurement measured =
                await PrometheusSource.MeasureAsync(server, hosts, TimeSpan.FromSeconds(Window), StopToken);
            post(() => WritePrometheus(measured, server.Name));
        }));
    }

    private void WritePrometheus(PrometheusMeasurement measured, string server)
    {
        foreach (string warning in measured.Warnings)
        {
            WriteWarning($"{server}: {warning}");
        }

        foreach (VMTrafficRate rate in measured.VirtualMachines.Where(vm => Name.Any(n => Matches(n, vm.VMName))))
        {
            WriteObject(rate);
        }

        IEnumerable<MigrationException> unseen = Name
            .Where(n => !WildcardPattern.ContainsWildcardCharacters(n) && !measured.VirtualMachines.Any(vm => Matches(n, vm.VMName)))
            .Select(n => Failures.PrometheusVMNotFound(server, n));
        foreach (MigrationException problem in measured.Problems.Concat(unseen))
        {
            WriteError(ErrorRecords.From(problem));
        }
    }
}
