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

    /// <summary>Share of the VM's memory that holds zeros or was never touched, 0 to 1: it is not sent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? ZeroMemoryShare { get; set; }

    /// <summary>Size of the VM's other memory once compressed, as a share of it, 0 to 1.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? CompressedMemoryShare { get; set; }

    /// <summary>Share of the VM's other memory that other pages of the host's VMs hold, too, 0 to 1.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? DuplicateMemoryShare { get; set; }

    /// <summary>The same in bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? DuplicateMemoryBytes { get; set; }

    /// <summary>The VM's virtual processors.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public int? VCpuCount { get; set; }

    /// <summary>Rate at which the VM dirties memory, bytes per second.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? DirtyBytesPerSecond { get; set; }

    /// <summary>Where the VM's disks are: None, Shared, Local or Unknown.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? DiskStorage { get; set; }

    /// <summary>What the disks on storage of the VM's host alone take up there, backing files included, bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? LocalDiskBytes { get; set; }

    /// <summary>The same without their backing files, bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? LocalDiskIncrementalBytes { get; set; }

    /// <summary>Size of those disks as the guest sees it, bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? LocalDiskCapacityBytes { get; set; }

    /// <summary>Rate at which the guest writes to those disks, bytes per second.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public long? LocalDiskWriteBytesPerSecond { get; set; }

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

    /// <summary>What of a page that the VM has changed is different, 0 to 1.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? ChangedPageShare { get; set; }

    /// <summary>The compressions that the VM's host can do: several of Xbzrle, Zlib, Zstd, with commas between them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public MemoryCompression? HostCompression { get; set; }

    /// <summary>
    /// The VMs of the same host that the VM sends to: objects with VMName and TxBitsPerSecond (VMId where known), or text as
    /// a CSV file has it, vm2=12000000;vm3=5000.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Peers")]
    public object? Peer { get; set; }

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

    /// <summary>Processors' worth of time that is idle on the VM's host.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OptionalNumber]
    public double? HostIdleCpuCount { get; set; }

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
            ZeroMemoryShare = ZeroMemoryShare,
            CompressedMemoryShare = CompressedMemoryShare,
            DuplicateMemoryShare = DuplicateMemoryShare,
            DuplicateMemoryBytes = DuplicateMemoryBytes,
            VCpuCount = VCpuCount,
            DirtyBytesPerSecond = DirtyBytesPerSecond,
            DiskStorage = Storage(),
            LocalDiskBytes = LocalDiskBytes,
            LocalDiskIncrementalBytes = LocalDiskIncrementalBytes,
            LocalDiskCapacityBytes = LocalDiskCapacityBytes,
            LocalDiskWriteBytesPerSecond = LocalDiskWriteBytesPerSecond,
            PostCopyCapable = PostCopyCapable,
            PostCopyBlocker = string.IsNullOrWhiteSpace(PostCopyBlocker) ? null : PostCopyBlocker,
            Saturated = Saturated,
            ChangedPageShare = ChangedPageShare,
            HostCompression = HostCompression,
            Peers = ReadPeers(),
            HostBackgroundTxBitsPerSecond = OptionalRate(nameof(HostBackgroundTxBitsPerSecond), HostBackgroundTxBitsPerSecond),
            HostBackgroundRxBitsPerSecond = OptionalRate(nameof(HostBackgroundRxBitsPerSecond), HostBackgroundRxBitsPerSecond),
            LinkBitsPerSecond = OptionalRate(nameof(LinkBitsPerSecond), LinkBitsPerSecond),
            HostIdleCpuCount = HostIdleCpuCount,
            SampledAt = Loose.Time(SampledAt),
            Window = Loose.Span(Window),
        }));
    }

    private VMPeers? ReadPeers()
    {
        try
        {
            return Loose.Peers(Peer);
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            throw Failures.RateInvalid(HostName, VMName, nameof(VMTrafficRate.Peers), e.Message);
        }
    }

    /// <remarks>Text, because an empty field of a CSV file is none of the enumeration's names.</remarks>
    private DiskStorage? Storage() => string.IsNullOrWhiteSpace(DiskStorage) ? null
        : Enum.TryParse(DiskStorage, ignoreCase: true, out DiskStorage known) && Enum.IsDefined(known) ? known
        : throw Failures.RateInvalid(HostName, VMName, nameof(DiskStorage), $"'{DiskStorage}' is none of {string.Join(", ", Enum.GetNames<DiskStorage>())}");

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
