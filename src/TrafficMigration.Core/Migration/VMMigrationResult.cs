using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>How a migration ended.</summary>
public enum MigrationOutcome
{
    /// <summary>The VM runs at the destination, and only there.</summary>
    Completed,

    /// <summary>The VM ran at the destination already, and nothing was done: an earlier run, or somebody else, had moved it.</summary>
    AlreadyThere,

    /// <summary>The VM did not move; the error says where it is.</summary>
    Failed,

    /// <summary>Stopped by the user; the VM is where it was.</summary>
    Cancelled,

    /// <summary>The end was not seen; the run can be resumed. The error says why.</summary>
    Unclear,
}

/// <summary>What became of one VM's migration.</summary>
public sealed record VMMigrationResult
{
    /// <summary>The VM's name.</summary>
    public required string VMName { get; init; }

    /// <summary>libvirt's UUID of the VM, where known.</summary>
    public string? VMId { get; init; }

    /// <summary>The host that the VM left.</summary>
    public required string Source { get; init; }

    /// <summary>The host that the VM went to.</summary>
    public required string Destination { get; init; }

    /// <summary>The technique planned.</summary>
    public required Technique Technique { get; init; }

    /// <summary>The technique that moved the VM; <see langword="null"/> where it did not move.</summary>
    public Technique? TechniqueUsed { get; init; }

    /// <summary>How it ended.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <summary>When it began, by the source's clock; <see langword="null"/> where it did not begin.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>From begin to end, by the source's clock, or as the run saw it where QEMU went on without libvirt; <see langword="null"/> where it did not begin.</summary>
    public TimeSpan? TotalTime { get; init; }

    /// <summary>How long the guest was stopped, as QEMU measured it; <see langword="null"/> where it tells none.</summary>
    public TimeSpan? Downtime { get; init; }

    /// <summary>Bytes sent from source to destination, memory and disks; <see langword="null"/> where not known.</summary>
    public long? BytesTransferred { get; init; }

    /// <summary>
    /// Those of them that disks are, by what their images take up at the destination: writes that were mirrored more
    /// than once count once. <see langword="null"/> where no disk was copied, or it is not known.
    /// </summary>
    public long? DiskBytesTransferred { get; init; }

    /// <summary>
    /// Of an offline move: what memory image and disk images hold that is not zeros, bytes. What of it did not cross, the
    /// destination had, or compression saved. <see langword="null"/> of a live move, and where not known.
    /// </summary>
    public long? BytesTotal { get; init; }

    /// <summary>Those of them that were sent while the VM ran at the source; <see langword="null"/> where not known.</summary>
    public long? PreCopyBytes { get; init; }

    /// <summary>Those that were sent while the VM ran at the destination; <see langword="null"/> where not known.</summary>
    public long? PostCopyBytes { get; init; }

    /// <summary>Bytes that compression kept off the link; <see langword="null"/> where not known. Pages of zeroes are not counted.</summary>
    public long? BytesSaved { get; init; }

    /// <summary>How long QEMU prepared before memory flowed; <see langword="null"/> where it tells none.</summary>
    public TimeSpan? SetupTime { get; init; }

    /// <summary>Passes over the memory; <see langword="null"/> where not known.</summary>
    public long? Iterations { get; init; }

    /// <summary>Bytes transferred over total time, bit/s; <see langword="null"/> where not known.</summary>
    public long? ThroughputBitsPerSecond => BytesTransferred is { } bytes && TotalTime is { TotalSeconds: > 0 } time ? (long)(bytes * 8 / time.TotalSeconds) : null;

    /// <summary>How fast the guest dirtied memory, as QEMU last saw it, bytes/s; <see langword="null"/> where not known.</summary>
    public long? DirtyBytesPerSecond { get; init; }

    /// <summary>How long the migration was to take by the plan's simulation; <see langword="null"/> where that was not known.</summary>
    public TimeSpan? PredictedDuration { get; init; }

    /// <summary>Bytes that were to be sent by the plan's simulation; <see langword="null"/> where that was not known.</summary>
    public long? PredictedBytes { get; init; }

    /// <summary>What the executor decided while it ran, each with its figures, in order.</summary>
    public IReadOnlyList<string> Decisions { get; init; } = [];

    /// <summary>The run that this is a result of.</summary>
    public string? RunId { get; init; }

    /// <summary>What went wrong; <see langword="null"/> where nothing did.</summary>
    public MigrationException? Error { get; init; }
}

/// <summary>A sign of life from one migration.</summary>
/// <param name="Plan">The VM's plan.</param>
/// <param name="State">Where the migration is.</param>
/// <param name="Figures">libvirt's figures; <see langword="null"/> before the first.</param>
public sealed record MigrationProgress(VMMigrationPlan Plan, MigrationState State, Kvm.JobFigures? Figures);
