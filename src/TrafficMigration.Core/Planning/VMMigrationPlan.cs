using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>One VM's part of a plan.</summary>
public sealed record VMMigrationPlan
{
    // libvirt takes bandwidth in whole MiB/s (virDomainMigrateSetMaxSpeed).
    internal const long BandwidthStep = 8L << 20;

    /// <summary>The VM's name.</summary>
    public required string VMName { get; init; }

    /// <summary>libvirt's UUID of the VM; <see langword="null"/> where the rates did not have it.</summary>
    public string? VMId { get; init; }

    /// <summary>The host that the VM runs on.</summary>
    public required string Source { get; init; }

    /// <summary>The host that the VM goes to.</summary>
    public required string Destination { get; init; }

    /// <summary>The technique chosen.</summary>
    public required Technique Technique { get; init; }

    /// <summary>Begin with pre-copy and switch to post-copy where it does not converge.</summary>
    public bool SwitchesToPostCopy { get; init; }

    /// <summary>What becomes of its disks on storage of the source alone; of disks on shared storage nothing ever does.</summary>
    public StorageCopy StorageCopy { get; init; }

    /// <summary>What becomes of the memory of a VM that is moved offline; <see langword="null"/> for one that is moved live.</summary>
    public OfflineMemory? OfflineMemory { get; init; }

    /// <summary>Whether disk images of an offline move that are at the destination already are older copies: their blocks are used, and they are replaced.</summary>
    public bool ReplacesDiskImages { get; init; }

    /// <summary>Files at the destination whose blocks need not be sent in an offline move: images that the VMs' disks were made from.</summary>
    public IReadOnlyList<string> BlocksFrom { get; init; } = [];

    /// <summary>The migration's turn, from 1: where not all may run at once, they start in this order. VMs that are moved offline are resumed in it.</summary>
    public int Order { get; init; } = 1;

    /// <summary>
    /// The migration's stage, from 1: it starts only when all migrations of lower stages have ended, however they did;
    /// <see langword="null"/> where the plan has no stages.
    /// </summary>
    public int? Stage { get; init; }

    /// <summary>
    /// The VM's gang, from 1: VMs of one number talk to each other within their host, and their traffic crosses links
    /// while some have moved and others have not; <see langword="null"/> for a VM of none, or where nobody knows.
    /// </summary>
    public int? Gang { get; init; }

    /// <summary>The migration takes no more than this, bit/s, a multiple of 1 MiB/s; <see langword="null"/> for no limit.</summary>
    public long? BandwidthLimitBitsPerSecond { get; init; }

    /// <summary>How QEMU compresses the memory.</summary>
    public MemoryCompression Compression { get; init; }

    /// <summary>Connections that carry the memory (QEMU's multifd channels).</summary>
    public int Connections { get; init; } = 1;

    /// <summary>Why the memory is compressed or not, in words; empty where nothing was measured and nothing asked for.</summary>
    public string CompressionReason { get; init; } = "";

    /// <summary>Whether the memory goes by multifd channels, which a post-copy cannot follow (QEMU before 10.1).</summary>
    internal bool UsesChannels => Connections > 1 || Compression is MemoryCompression.Zlib or MemoryCompression.Zstd;

    /// <summary>Traffic that competes with the outgoing memory at the source under the whole plan, bit/s.</summary>
    public required long SourceContentionBitsPerSecond { get; init; }

    /// <summary>Traffic that competes with the incoming memory at the destination under the whole plan, bit/s.</summary>
    public required long DestinationContentionBitsPerSecond { get; init; }

    /// <summary>The destination's address on the migration network; <see langword="null"/> to go by its name.</summary>
    public string? MigrationAddress { get; init; }

    /// <summary>When this migration starts, from the start of the run, by simulation; <see langword="null"/> where nothing could be predicted.</summary>
    public TimeSpan? PredictedStart { get; init; }

    /// <summary>
    /// How long this migration takes, by simulation; <see langword="null"/> where memory or link speeds are not known,
    /// and for a pre-copy that does not converge.
    /// </summary>
    public TimeSpan? PredictedDuration { get; init; }

    /// <summary>How long the VM stands still, by simulation. Of a post-copy only what precedes the switch, which is little.</summary>
    public TimeSpan? PredictedDowntime { get; init; }

    /// <summary>Memory and disks that will be sent for this VM, by simulation, bytes.</summary>
    public long? PredictedBytes { get; init; }

    /// <summary>What the VM sends while the run lasts, the mean by simulation, bit/s; compare with what it was measured to send.</summary>
    public long? PredictedTxBitsPerSecond { get; init; }

    /// <summary>What the VM receives while the run lasts, the mean by simulation, bit/s.</summary>
    public long? PredictedRxBitsPerSecond { get; init; }

    /// <summary>
    /// Whether the migration ends by simulation: a pre-copy does not where the VM dirties memory faster than it is
    /// sent. <see langword="null"/> where nothing could be predicted.
    /// </summary>
    public bool? Converges { get; init; }

    /// <summary>The VM's flow that the memory does not meet, in words; empty where the technique was not free.</summary>
    public string Avoids { get; init; } = "";

    /// <summary>What the other technique would have cost, in words; or why there was no choice.</summary>
    public string Alternative { get; init; } = "";

    /// <summary>
    /// Which traffic of the VM with others of its host will cross links once all have moved, in words; empty where none
    /// is known.
    /// </summary>
    public string Apart { get; init; } = "";

    /// <summary>The link with most contention under the whole plan, in words.</summary>
    public string Bottleneck { get; init; } = "";

    /// <summary>Why this technique, in one sentence.</summary>
    public string Reason => (Avoids.Length == 0 ? Alternative : $"{Technique} {Avoids}; {Alternative}") + (Apart.Length == 0 ? "" : $"; {Apart}");

    /// <summary>When the VM's rates were measured; <see langword="null"/> where the input did not say.</summary>
    public DateTimeOffset? SampledAt => Rate.SampledAt;

    /// <summary>The rates that the decision rests on.</summary>
    public required VMTrafficRate Rate { get; init; }

    /// <summary>The whole plan that this is a part of.</summary>
    public MigrationPlan Plan { get; init; } = null!;

    /// <summary>Why this VM goes as it does: the flow that its memory avoids, what the alternative would cost, the bottleneck.</summary>
    public string Explain() => $"{VMName}: {Source} -> {Destination}, {Technique}. {Reason}.{(CompressionReason.Length > 0 ? $" {CompressionReason}." : "")} Bottleneck: {Bottleneck}.";

    /// <summary>Prints the VM and its way; a record's own text would follow <see cref="Plan"/> in circles.</summary>
    public override string ToString() => $"{VMName}: {Source} -> {Destination} ({Technique})";
}
