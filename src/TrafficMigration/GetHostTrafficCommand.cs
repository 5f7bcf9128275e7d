using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Measures what the uplinks of KVM hosts carry and what room the hosts have, as a destination of migrations.</summary>
[Cmdlet(VerbsCommon.Get, "HostTraffic", HelpUri = HelpPages.Folder + "Get-HostTraffic.md")]
[OutputType(typeof(HostTraffic))]
public sealed class GetHostTrafficCommand : SamplingCmdlet
{
    private readonly List<string> _hosts = [];

    /// <summary>The KVM hosts, by name or address, also as [user@]host[:port].</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    [Alias("ComputerName", "VMHost")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => _hosts.AddRange(HostName);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string[] hosts = [.. _hosts.Distinct(StringComparer.OrdinalIgnoreCase)];
        RunAsync(post => Task.WhenAll(hosts.Select(host => MeasureAsync(host, post))));
    }

    private async Task MeasureAsync(string host, Action<Action> post)
    {
        try
        {
            HostTraffic measured = await MeasureHostAsync(Asked(host));
            post(() => WriteObject(measured));
        }
        catch (MigrationException e)
        {
            post(() => WriteError(ErrorRecords.From(e)));
        }
    }
}
