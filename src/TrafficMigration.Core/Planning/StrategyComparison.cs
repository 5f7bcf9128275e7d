namespace TrafficMigration.Planning;

/// <summary>How a strategy's migrations follow each other.</summary>
public enum Arrangement
{
    /// <summary>All at once (the published way).</summary>
    Parallel,

    /// <summary>So many at once as a throttle limit lets.</summary>
    Groups,

    /// <summary>One after another.</summary>
    Serial,

    /// <summary>So many at once; the next ones when all of these have ended.</summary>
    Waves,

    /// <summary>Gang after gang: VMs that talk to each other move together.</summary>
    Gangs,
}

/// <summary>What one strategy would come to for the same rates.</summary>
public sealed record StrategyComparison
{
    /// <summary>The strategy.</summary>
    public required Strategy Strategy { get; init; }

    /// <summary>How its migrations follow each other.</summary>
    public required Arrangement Arrangement { get; init; }

    /// <summary>The schedule that was asked for.</summary>
    public MigrationSchedule Schedule { get; init; }

    /// <summary>How many run at once; 0 for all.</summary>
    public required int ThrottleLimit { get; init; }

    /// <summary>Contending traffic of the worst link, bit/s.</summary>
    public required long ContentionBitsPerSecond { get; init; }

    /// <summary>VMs by post-copy from the start.</summary>
    public required int PostCopyCount { get; init; }

    /// <summary>Total migration time by simulation; <see langword="null"/> where nothing could be predicted.</summary>
    public TimeSpan? PredictedDuration { get; init; }

    /// <summary>
    /// What VMs that were on one host want to send each other while the run lasts and they are on different ones, by
    /// simulation, bytes.
    /// </summary>
    public long? PredictedApartBytes { get; init; }

    /// <summary>Mean of the VMs' own migration times by simulation, of those that end.</summary>
    public TimeSpan? PredictedAverageDuration { get; init; }

    /// <summary>Memory and disks sent by simulation, bytes.</summary>
    public long? PredictedBytes { get; init; }

    /// <summary>The longest downtime of a VM by simulation.</summary>
    public TimeSpan? PredictedDowntime { get; init; }

    /// <summary>VMs whose pre-copy would never end, by simulation.</summary>
    public int? NotConverging { get; init; }

    /// <summary>
    /// What the VMs' applications send and receive together, bit/s, what they exchange within a host included: by simulation, the mean over the time that the
    /// slowest of the compared runs takes, so that all are judged over the same time.
    /// </summary>
    public double? ApplicationBitsPerSecond { get; init; }

    /// <summary>The same as a share of what they send and receive without any migration, 0 to 1; 1 where they do nothing.</summary>
    public double? ApplicationShare { get; init; }

    /// <summary>The plan, one part a VM.</summary>
    public required IReadOnlyList<VMMigrationPlan> Plans { get; init; }
}
