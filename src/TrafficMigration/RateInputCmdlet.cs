using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that takes VMs' rates from the pipeline, property by property: from Get-VMTrafficRate, a CSV or a JSON file.</summary>
public abstract class RateInputCmdlet : SamplingCmdlet
{
    private readonly List<VMTrafficRate> _rates = [];

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
    [OptionalNumber]
    public double? TxBitsPerSecond { get; set; }

    /// <summary>What the VM receives, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? RxBitsPerSecond { get; set; }

    /// <summary>The VM's memory, bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? MemoryBytes { get; set; }

    /// <summary>Memory of the host that the VM's process holds, bytes: pages never touched are not sent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? ResidentBytes { get; set; }

    /// <summary>The VM's virtual processors.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public int? VCpuCount { get; set; }

    /// <summary>Rate at which the VM dirties memory, bytes per second.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
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
    [OptionalNumber]
    public double? HostBackgroundTxBitsPerSecond { get; set; }

    /// <summary>What the VM's host receives beside its VMs, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? HostBackgroundRxBitsPerSecond { get; set; }

    /// <summary>Speed of the VM's host's uplink, bit/s.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? LinkBitsPerSecond { get; set; }

    /// <summary>When the rates were measured.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? SampledAt { get; set; }

    /// <summary>The window that the rates are the mean of.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? Window { get; set; }

    /// <summary>The rates that came in, in their order.</summary>
    protected private IReadOnlyList<VMTrafficRate> Rates => _rates;

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
            HostName = HostAddress.Plain("a rate's HostName", HostName ?? throw Failures.NameMissing(nameof(HostName))),
            VMName = VMName ?? throw Failures.NameMissing(nameof(VMName)),
            VMId = string.IsNullOrWhiteSpace(VMId) ? null : VMId,
            TxBitsPerSecond = Rate(nameof(TxBitsPerSecond), TxBitsPerSecond ?? double.NaN),
            RxBitsPerSecond = Rate(nameof(RxBitsPerSecond), RxBitsPerSecond ?? double.NaN),
            MemoryBytes = MemoryBytes,
            ResidentBytes = ResidentBytes,
            VCpuCount = VCpuCount,
            DirtyBytesPerSecond = DirtyBytesPerSecond,
            PostCopyCapable = PostCopyCapable,
            PostCopyBlocker = string.IsNullOrWhiteSpace(PostCopyBlocker) ? null : PostCopyBlocker,
            Saturated = Saturated,
            HostBackgroundTxBitsPerSecond = OptionalRate(nameof(HostBackgroundTxBitsPerSecond), HostBackgroundTxBitsPerSecond),
            HostBackgroundRxBitsPerSecond = OptionalRate(nameof(HostBackgroundRxBitsPerSecond), HostBackgroundRxBitsPerSecond),
            LinkBitsPerSecond = OptionalRate(nameof(LinkBitsPerSecond), LinkBitsPerSecond),
            SampledAt = Loose.Time(SampledAt),
            Window = Loose.Span(Window),
        }));
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
