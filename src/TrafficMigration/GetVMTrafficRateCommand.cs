using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Measures what every running VM of one or many KVM hosts sends and receives.</summary>
[Cmdlet(VerbsCommon.Get, "VMTrafficRate", DefaultParameterSetName = HostSet, HelpUri = HelpPages.Folder + "Get-VMTrafficRate.md")]
[OutputType(typeof(VMTrafficRate))]
public sealed partial class GetVMTrafficRateCommand : SamplingCmdlet
{
    private const string HostSet = "Host";

    private readonly List<string> _hosts = [];
    private MeasureOptions _options = null!;

    /// <summary>The KVM hosts, by name or address, also as [user@]host[:port].</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = HostSet)]
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = PrometheusSet)]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    [Alias("ComputerName", "VMHost")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>Names of the VMs; wildcards are allowed. All running VMs by default.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(VMNameCompleter))]
    [Alias("VMName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The host that the VMs are to go to: the route to it tells which uplink counts.</summary>
    [Parameter(ParameterSetName = HostSet)]
    [Alias("DestinationHost")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>Also measures how fast each VM dirties its memory.</summary>
    [Parameter(ParameterSetName = HostSet)]
    public SwitchParameter DirtyRate { get; set; }

    /// <summary>
    /// Also looks at a sample of each VM's memory: how much of it is zeros, what compression would make of it, and what
    /// the VMs of a host hold more than once. The guests' memory stays on the host. Needs root there.
    /// </summary>
    [Parameter(ParameterSetName = HostSet)]
    public SwitchParameter MemoryContent { get; set; }

    /// <summary>
    /// Sets up nothing on the hosts. Without it, where VMs of one host talk to each other, an nftables table counts
    /// who sends how much to whom while the measurement lasts.
    /// </summary>
    [Parameter(ParameterSetName = HostSet)]
    public SwitchParameter CountersOnly { get; set; }

    /// <summary>Goes on until Ctrl+C and gives an object a VM after each interval.</summary>
    [Parameter(ParameterSetName = HostSet)]
    public SwitchParameter Continuous { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Terminating(() => _ = Destination is null ? null : HostAddress.Plain("-Destination", Destination));
        _options = Options with { Destination = Destination, WithDirtyRate = DirtyRate, WithDisks = true, CountersOnly = CountersOnly };
    }

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
            await using ICommandChannel channel = await ConnectAsync(Asked(host), StopToken);
            post(() => WriteVerbose($"{channel.HostName}: connected; a sample every {SampleInterval} s"));
            if (!Continuous)
            {
                HostMeasurement measured = await TrafficMeter.MeasureAsync(channel, _options, StopToken);
                ContentMeasurement? look = await LookAsync(channel, measured, post);
                Write(look is null ? measured : measured with { VirtualMachines = look.VirtualMachines }, post);
                await ReportMissingAsync(channel, measured, post);
                return;
            }

            bool isFirst = true;
            ContentMeasurement? content = null;
            await foreach (HostMeasurement measured in TrafficMeter.WatchAsync(channel, _options, StopToken))
            {
                if (isFirst)
                {
                    content = await LookAsync(channel, measured, post);
                }

                Write(content is null ? measured : measured with { VirtualMachines = content.Repeated(measured.VirtualMachines) }, post, isFirst);
                if (isFirst)
                {
                    await ReportMissingAsync(channel, measured, post);
                }

                isFirst = false;
            }
        }
        catch (MigrationException e)
        {
            post(() => WriteError(ErrorRecords.From(e)));
        }
    }

    /// <summary>Looks at the memory of the VMs asked for, if that is wanted; where it fails, their rates are still worth having.</summary>
    private async Task<ContentMeasurement?> LookAsync(ICommandChannel channel, HostMeasurement measured, Action<Action> post)
    {
        VMTrafficRate[] asked = [.. measured.VirtualMachines.Where(v => Name.Any(n => Matches(n, v.VMName)))];
        if (!MemoryContent || asked.Length == 0)
        {
            return null;
        }

        try
        {
            ContentMeasurement content = await ContentProbe.LookAsync(channel, asked, StopToken);
            foreach (string warning in content.Warnings)
            {
                post(() => WriteWarning(warning));
            }

            return content;
        }
        catch (MigrationException e)
        {
            post(() => WriteError(ErrorRecords.From(e)));
            return null;
        }
    }

    /// <summary>Writes the VMs asked for, by name.</summary>
    private void Write(HostMeasurement measured, Action<Action> post, bool withWarning = true)
    {
        if (withWarning && measured.HasUnknownLocalTraffic)
        {
            post(() => WriteWarning(
                $"{measured.Host.HostName}: VMs of this host talk to each other, and how much of their traffic that is could not be counted (no nft there, or -CountersOnly). Their rates are upper bounds."));
        }

        foreach (VMTrafficRate rate in measured.VirtualMachines.OrderBy(v => v.VMName, StringComparer.Ordinal))
        {
            if (Name.Any(n => Matches(n, rate.VMName)))
            {
                post(() => WriteObject(rate));
            }
        }
    }

    /// <summary>Writes an error for each VM that was named and is not there or not running.</summary>
    private async Task ReportMissingAsync(ICommandChannel channel, HostMeasurement measured, Action<Action> post)
    {
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
