using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>How a migration ended.</summary>
public enum MigrationOutcome
{
    /// <summary>The VM runs at the destination, and only there.</summary>
    Completed,

    /// <summary>The VM did not move; it is where it was.</summary>
    Failed,

    /// <summary>Stopped by the user; the VM is where it was.</summary>
    Cancelled,

    /// <summary>It could not be established where the VM runs; see the error.</summary>
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

    /// <summary>From begin to end, by the source's clock; <see langword="null"/> where it did not begin.</summary>
    public TimeSpan? TotalTime { get; init; }

    /// <summary>How long the guest was stopped, as QEMU measured it; <see langword="null"/> where it tells none.</summary>
    public TimeSpan? Downtime { get; init; }

    /// <summary>Bytes sent from source to destination; <see langword="null"/> where not known.</summary>
    public long? BytesTransferred { get; init; }

    /// <summary>What went wrong; <see langword="null"/> where nothing did.</summary>
    public MigrationException? Error { get; init; }
}

/// <summary>Where a migration is.</summary>
public enum MigrationPhase
{
    /// <summary>Both hosts are being looked at. Next: <see cref="PreCopying"/>.</summary>
    Checking,

    /// <summary>Memory flows, the VM runs at the source. Next: <see cref="PostCopying"/> or <see cref="Verifying"/>.</summary>
    PreCopying,

    /// <summary>The VM runs at the destination, memory follows; no way back. Next: <see cref="Verifying"/>.</summary>
    PostCopying,

    /// <summary>The job has ended; both hosts are asked what is true.</summary>
    Verifying,
}

/// <summary>A sign of life from one migration.</summary>
/// <param name="Plan">The VM's plan.</param>
/// <param name="Phase">Where the migration is.</param>
/// <param name="Figures">libvirt's figures; <see langword="null"/> before the first.</param>
public sealed record MigrationProgress(VMMigrationPlan Plan, MigrationPhase Phase, Kvm.JobFigures? Figures);
