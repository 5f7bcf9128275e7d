namespace TrafficMigration.Traffic;

/// <summary>What one VM sends and receives, measured over a window, and what planning needs to know of it and its host.</summary>
/// <remarks>
/// Directions are the guest's: Tx is what the VM sends. Rates are bits per second (1 Mbps = 10^6 bit/s) as network
/// interfaces count them: Ethernet headers included. Statistics are over the window's intervals between two samples.
/// </remarks>
public sealed record VMTrafficRate
{
    /// <summary>The host that the VM runs on, as the user named it.</summary>
    public required string HostName { get; init; }

    /// <summary>The VM's name.</summary>
    public required string VMName { get; init; }

    /// <summary>libvirt's UUID of the VM; <see langword="null"/> where the rates come from a file without it.</summary>
    public string? VMId { get; init; }

    /// <summary>Mean rate that the VM sent through the uplink that a migration would use, bit/s.</summary>
    public required long TxBitsPerSecond { get; init; }

    /// <summary>Mean rate that the VM received through the uplink that a migration would use, bit/s.</summary>
    public required long RxBitsPerSecond { get; init; }

    /// <summary>The highest rate of one interval that the VM sent through that uplink, bit/s.</summary>
    public long? PeakTxBitsPerSecond { get; init; }

    /// <summary>The highest rate of one interval that the VM received through that uplink, bit/s.</summary>
    public long? PeakRxBitsPerSecond { get; init; }

    /// <summary>The rate that 95 % of the intervals did not exceed (nearest rank), sent through that uplink, bit/s.</summary>
    public long? Percentile95TxBitsPerSecond { get; init; }

    /// <summary>The rate that 95 % of the intervals did not exceed (nearest rank), received through that uplink, bit/s.</summary>
    public long? Percentile95RxBitsPerSecond { get; init; }

    /// <summary>Exponentially weighted rate sent through that uplink, recent intervals counting most, bit/s.</summary>
    public long? CurrentTxBitsPerSecond { get; init; }

    /// <summary>Exponentially weighted rate received through that uplink, recent intervals counting most, bit/s.</summary>
    public long? CurrentRxBitsPerSecond { get; init; }

    /// <summary>Packets that the VM sent on all its interfaces, 1/s.</summary>
    public double? TxPacketsPerSecond { get; init; }

    /// <summary>Packets that the VM received on all its interfaces, 1/s.</summary>
    public double? RxPacketsPerSecond { get; init; }

    /// <summary>
    /// Mean rate that the VM sent to VMs of the same host, or to the host itself, bit/s: it reaches no NIC and is not
    /// part of <see cref="TxBitsPerSecond"/>. <see langword="null"/> where it could not be told apart; then it may be.
    /// </summary>
    public long? LocalTxBitsPerSecond { get; init; }

    /// <summary>The same for what the VM received, bit/s.</summary>
    public long? LocalRxBitsPerSecond { get; init; }

    /// <summary>
    /// The VMs of the same host that this one sends to, most first, by the network whose uplink a migration would use:
    /// once the two are on different hosts, that traffic crosses links. Empty where it sends to none; what is below
    /// 10 kbit/s is left out, because what is broadcast reaches all. <see langword="null"/> where not known, as
    /// <see cref="LocalTxBitsPerSecond"/> is.
    /// </summary>
    public VMPeers? Peers { get; init; }

    /// <summary>Mean rate that the VM sent through other NICs than the migration's, bit/s; no part of <see cref="TxBitsPerSecond"/>.</summary>
    public long? ElsewhereTxBitsPerSecond { get; init; }

    /// <summary>Mean rate that the VM received through other NICs than the migration's, bit/s; no part of <see cref="RxBitsPerSecond"/>.</summary>
    public long? ElsewhereRxBitsPerSecond { get; init; }

    /// <summary>
    /// The uplink was full in one direction or both while the VM used it: the VM may want to send or receive more
    /// than it could, so its rate is a lower bound. <see langword="null"/> where the link's speed is not known.
    /// </summary>
    public bool? Saturated { get; init; }

    /// <summary>The VM's network interfaces.</summary>
    public int? InterfaceCount { get; init; }

    /// <summary>Those of them without counters on the host, such as passed-through devices: their traffic is in no rate.</summary>
    public int? UncountedInterfaceCount { get; init; }

    /// <summary>Memory that the guest has now, bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Memory of the host that the VM's process holds, bytes.</summary>
    public long? ResidentBytes { get; init; }

    /// <summary>
    /// Estimated share of <see cref="MemoryBytes"/> that was never touched or holds zeros, 0 to 1: QEMU sends such a page
    /// as a few bytes. <see langword="null"/> where memory was not looked at.
    /// </summary>
    public double? ZeroMemoryShare { get; init; }

    /// <summary>
    /// Bytes that zstd at level 1 (gzip where the host has no zstd) makes of the sampled pages that are not zero, as a
    /// share of these pages' bytes; 1 does not compress. <see langword="null"/> where memory was not looked at, or all
    /// of it is zero.
    /// </summary>
    public double? CompressedMemoryShare { get; init; }

    /// <summary>
    /// Estimated share of the VM's pages that are not zero which would not have to be sent if each content were sent
    /// once, for this VM and those of its host that were looked at with it, 0 to 1. What several VMs have counts for
    /// each of them in equal parts. <see langword="null"/> where memory was not looked at, or all of it is zero.
    /// </summary>
    public double? DuplicateMemoryShare { get; init; }

    /// <summary>The same in bytes; the sum over a host's VMs is what sending each content once would save in all.</summary>
    public long? DuplicateMemoryBytes { get; init; }

    /// <summary>Virtual processors that the guest has now.</summary>
    public int? VCpuCount { get; init; }

    /// <summary>Where the VM's disks are.</summary>
    public DiskStorage? DiskStorage { get; init; }

    /// <summary>
    /// What the disks on storage of this host alone take up there, backing files included, bytes: what a copy of them
    /// sends. <see langword="null"/> where not known.
    /// </summary>
    public long? LocalDiskBytes { get; init; }

    /// <summary>The same without their backing files, bytes: what is sent where those are at the destination.</summary>
    public long? LocalDiskIncrementalBytes { get; init; }

    /// <summary>Size of those disks as the guest sees it, bytes; <see langword="null"/> where not known.</summary>
    public long? LocalDiskCapacityBytes { get; init; }

    /// <summary>Mean rate at which the guest writes to those disks, bytes per second; <see langword="null"/> where not measured.</summary>
    public long? LocalDiskWriteBytesPerSecond { get; init; }

    /// <summary>Rate at which the guest dirties memory, bytes per second; <see langword="null"/> where not measured.</summary>
    public long? DirtyBytesPerSecond { get; init; }

    /// <summary>Whether the VM can be migrated with post-copy; <see langword="null"/> where not known.</summary>
    public bool? PostCopyCapable { get; init; }

    /// <summary>What forbids post-copy; <see langword="null"/> where nothing is known to.</summary>
    public string? PostCopyBlocker { get; init; }

    /// <summary>
    /// What of a page that the guest has written to is different, over all of it, 0 to 1: what XBZRLE would send of it.
    /// <see langword="null"/> where not measured, or fewer than 16 pages of the sample changed.
    /// </summary>
    public double? ChangedPageShare { get; init; }

    /// <summary>The compressions that the host's libvirt and QEMU have; <see langword="null"/> where not known.</summary>
    public MemoryCompression? HostCompression { get; init; }

    /// <summary>The network link of the host that a migration would use, for example <c>eno1</c> or <c>bond0</c>.</summary>
    public string? Uplink { get; init; }

    /// <summary>What left the host's uplink and was not sent by a VM, bit/s.</summary>
    public long? HostBackgroundTxBitsPerSecond { get; init; }

    /// <summary>What entered the host's uplink and was not received by a VM, bit/s.</summary>
    public long? HostBackgroundRxBitsPerSecond { get; init; }

    /// <summary>Speed of the host's uplink, bit/s.</summary>
    public long? LinkBitsPerSecond { get; init; }

    /// <summary>Processors' worth of time that was idle on the host over the window; <see langword="null"/> where not known.</summary>
    public double? HostIdleCpuCount { get; init; }

    /// <summary>When the window ended.</summary>
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>Length of the window by the host's own clock.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Number of intervals that the VM's rates rest on.</summary>
    public int? SampleCount { get; init; }
}

/// <summary>Where a VM's disks are, seen from a migration.</summary>
public enum DiskStorage
{
    /// <summary>The VM has no disk, or only read-only media.</summary>
    None,

    /// <summary>All on storage that other hosts reach, too.</summary>
    Shared,

    /// <summary>At least one on storage of this host alone.</summary>
    Local,

    /// <summary>None is known to be local, but at least one could not be told.</summary>
    Unknown,
}
