using System.Management.Automation;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Chooses the technique of every VM so that its memory flows against its traffic.</summary>
[Cmdlet(VerbsCommon.Get, "MigrationPlan")]
[OutputType(typeof(VMMigrationPlan))]
public sealed class GetMigrationPlanCommand : SamplingCmdlet
{
    private readonly List<VMTrafficRate> _rates = [];
    private Task<HostTraffic>? _destination;

    /// <summary>The destination: a host's name, or an object with HostName and the host's background traffic.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public PSObject[] Destination { get; set; } = [];

    /// <summary>How the techniques are chosen.</summary>
    [Parameter]
    public Strategy Strategy { get; set; } = Strategy.TrafficSensitive;

    /// <summary>Plan without touching the destination; its own traffic then counts as none.</summary>
    [Parameter]
    public SwitchParameter NoProbe { get; set; }

    /// <summary>The host that the VM runs on.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName", "VMHost")]
    public string? HostName { get; set; }

    /// <summary>The VM's name.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    public string? VMName { get; set; }

    /// <summary>libvirt's UUID of the VM.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? VMId { get; set; }

    /// <summary>What the VM sends, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double? TxBitsPerSecond { get; set; }

    /// <summary>What the VM receives, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double? RxBitsPerSecond { get; set; }

    /// <summary>The VM's memory, bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long? MemoryBytes { get; set; }

    /// <summary>Rate at which the VM dirties memory, bytes per second.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long? DirtyBytesPerSecond { get; set; }

    /// <summary>Whether the VM can be post-copied; True or False, also as text from a CSV file.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalBoolean]
    public bool? PostCopyCapable { get; set; }

    /// <summary>What forbids post-copy.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? PostCopyBlocker { get; set; }

    /// <summary>Whether the uplink was full, so that the rates are lower bounds; True or False, also as text from a CSV file.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalBoolean]
    public bool? Saturated { get; set; }

    /// <summary>What the VM's host sends beside its VMs, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double? HostBackgroundTxBitsPerSecond { get; set; }

    /// <summary>What the VM's host receives beside its VMs, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double? HostBackgroundRxBitsPerSecond { get; set; }

    /// <summary>Speed of the VM's host's uplink, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double? LinkBitsPerSecond { get; set; }

    /// <summary>When the rates were measured.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public DateTimeOffset? SampledAt { get; set; }

    /// <summary>The window that the rates are the mean of.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public TimeSpan? Window { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Destination.Length > 1)
        {
            ThrowTerminatingError(ErrorRecords.From(Failures.OnePairOnly("destinations", Destination.Select(d => d.ToString()))));
        }

        // Started before the first rate comes in, so that destination and sources are measured over the same time.
        Terminating(() => _destination = DestinationInput.Read(Destination[0]) is { } given
            ? Task.FromResult(given)
            : MeasureOrNameAsync(Destination[0].BaseObject.ToString()!));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Called once without any property when nothing is piped in: EndProcessing says so.
        if (HostName is null && VMName is null && TxBitsPerSecond is null && RxBitsPerSecond is null)
        {
            return;
        }

        Terminating(() => _rates.Add(new VMTrafficRate
        {
            HostName = HostName ?? throw Failures.NameMissing(nameof(HostName)),
            VMName = VMName ?? throw Failures.NameMissing(nameof(VMName)),
            VMId = string.IsNullOrWhiteSpace(VMId) ? null : VMId,
            TxBitsPerSecond = Rate(nameof(TxBitsPerSecond), TxBitsPerSecond ?? double.NaN),
            RxBitsPerSecond = Rate(nameof(RxBitsPerSecond), RxBitsPerSecond ?? double.NaN),
            MemoryBytes = MemoryBytes,
            DirtyBytesPerSecond = DirtyBytesPerSecond,
            PostCopyCapable = PostCopyCapable,
            PostCopyBlocker = string.IsNullOrWhiteSpace(PostCopyBlocker) ? null : PostCopyBlocker,
            Saturated = Saturated,
            HostBackgroundTxBitsPerSecond = OptionalRate(nameof(HostBackgroundTxBitsPerSecond), HostBackgroundTxBitsPerSecond),
            HostBackgroundRxBitsPerSecond = OptionalRate(nameof(HostBackgroundRxBitsPerSecond), HostBackgroundRxBitsPerSecond),
            LinkBitsPerSecond = OptionalRate(nameof(LinkBitsPerSecond), LinkBitsPerSecond),
            SampledAt = SampledAt,
            Window = Window,
        }));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        MigrationPlan? plan = null;
        Terminating(() =>
        {
            if (_rates.Count == 0)
            {
                throw Failures.NoVMToPlan();
            }

            RunAsync(async post =>
            {
                HostTraffic destination = await _destination!;
                post(() => WriteVerbose(
                    $"{destination.HostName}: background {destination.BackgroundRxBitsPerSecond} bit/s incoming, {destination.FreeMemoryBytes} bytes of memory free"));
                plan = Planner.CreatePlan(_rates, destination, Strategy, DateTimeOffset.Now, StopToken);
            });
        });
        WriteObject(plan!.VirtualMachines, enumerateCollection: true);
    }

    private async Task<HostTraffic> MeasureOrNameAsync(string hostName)
    {
        if (NoProbe)
        {
            return new HostTraffic { HostName = hostName };
        }

        // Off the pipeline's thread at once: upstream cmdlets start only after this one's BeginProcessing.
        return await Task.Run(() => MeasureHostAsync(hostName), StopToken);
    }

    private long? OptionalRate(string property, double? rate) => rate is null ? null : Rate(property, rate.Value);

    private long Rate(string property, double rate)
    {
        if (double.IsNaN(rate))
        {
            throw Failures.RateInvalid(HostName, VMName, property, "it is missing or not a number");
        }

        // The planner judges the range; here only what no integer can hold is kept from wrapping.
        return (long)Math.Round(Math.Clamp(rate, -1e18, 1e18));
    }
}
