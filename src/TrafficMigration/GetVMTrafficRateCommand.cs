using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Measures what every running VM of one or many KVM hosts sends and receives.</summary>
[Cmdlet(VerbsCommon.Get, "VMTrafficRate", DefaultParameterSetName = HostSet)]
[OutputType(typeof(VMTrafficRate))]
public sealed partial class GetVMTrafficRateCommand : SamplingCmdlet
{
    private const string HostSet = "Host";

    private readonly List<string> _hosts = [];

    /// <summary>The KVM hosts, by name or address.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = HostSet)]
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = PrometheusSet)]
    [Alias("ComputerName", "VMHost")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>Names of the VMs; wildcards are allowed. All running VMs by default.</summary>
    [Parameter(Position = 1)]
    [Alias("VMName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord() => _hosts.AddRange(HostName);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // All hosts at once and over the same window: rates of different moments do not add up to a plan.
        string[] hosts = [.. _hosts.Distinct(StringComparer.OrdinalIgnoreCase)];
        if (PrometheusUri is not null)
        {
            AskPrometheus(PrometheusUri, hosts);
            return;
        }

        RunAsync(post => Task.WhenAll(hosts.Select(host => MeasureHostAsync(host, post))));
    }

    private async Task MeasureHostAsync(string host, Action<Action> post)
    {
        try
        {
            await using ICommandChannel channel = await ConnectAsync(host, StopToken);
            post(() => WriteVerbose($"{host}: connected; taking {SampleCount + 1} samples, one every {SampleInterval} s"));
            HostMeasurement measured = await MeasureAsync(channel);
            await SelectAsync(channel, measured, post);
        }
        catch (MigrationException e)
        {
            post(() => WriteError(ErrorRecords.From(e)));
        }
    }

    /// <summary>Writes the VMs asked for, and an error for each that was named and is not there or not running.</summary>
    private async Task SelectAsync(ICommandChannel channel, HostMeasurement measured, Action<Action> post)
    {
        foreach (VMTrafficRate rate in measured.VirtualMachines.OrderBy(v => v.VMName, StringComparer.Ordinal))
        {
            if (Name.Any(n => Matches(n, rate.VMName)))
            {
                post(() => WriteObject(rate));
            }
        }

        foreach (string name in Name.Where(n => !WildcardPattern.ContainsWildcardCharacters(n)))
        {
            if (!measured.VirtualMachines.Any(v => Matches(name, v.VMName)))
            {
                MigrationException failure = await DomainQueries.WhyNotRunningAsync(channel, name, StopToken);
                post(() => WriteError(ErrorRecords.From(failure)));
            }
        }
    }

    /// <remarks>A name is also taken to the letter: a VM may be called "db[1]".</remarks>
    private static bool Matches(string wanted, string name) =>
        wanted == name || new WildcardPattern(wanted, WildcardOptions.IgnoreCase).IsMatch(name);
}
