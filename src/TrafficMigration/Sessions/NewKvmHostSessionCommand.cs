using System.Globalization;
using System.Management.Automation;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>Connects to KVM hosts and keeps the connections: the module's other cmdlets use them for these hosts, with their login.</summary>
[Cmdlet(VerbsCommon.New, "KvmHostSession", HelpUri = HelpPages.Folder + "New-KvmHostSession.md")]
[OutputType(typeof(KvmHostSession))]
public sealed class NewKvmHostSessionCommand : HostCmdlet
{
    private readonly List<string> _hosts = [];

    /// <summary>The KVM hosts, by name or address, also as [user@]host[:port].</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName", "VMHost")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>Names of the sessions, one a host; by default KvmHost and a number.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _hosts.AddRange(HostName);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string[] hosts = [.. _hosts.Distinct(StringComparer.OrdinalIgnoreCase)];
        RunAsync(post => Task.WhenAll(hosts.Select((host, index) => OpenAsync(host, index, post))));
    }

    private async Task OpenAsync(string host, int index, Action<Action> post)
    {
        try
        {
            HostEndpoint endpoint = Asked(host);
            ICommandChannel channel = await ConnectNewAsync(endpoint, StopToken);
            int id = Sessions.NextId();
            string name = index < Name?.Length ? Name[index] : "KvmHost" + id.ToString(CultureInfo.InvariantCulture);
            var session = new KvmHostSession(id, name, endpoint, channel);
            Sessions.Add(session);
            post(() => WriteObject(session));
        }
        catch (MigrationException e)
        {
            post(() => WriteError(ErrorRecords.From(e)));
        }
    }
}
