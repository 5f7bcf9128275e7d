using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Reporting;

/// <summary>A run that is reported: what is known of it, and what was measured while it lasted.</summary>
/// <param name="Record">The run as its journal has it, or as far as its results tell.</param>
/// <param name="Series">What links and memory streams carried; empty where nothing was recorded.</param>
public sealed record ReportedRun(MigrationRunRecord Record, RunSeries Series)
{
    /// <summary>Whether the run's journal is at hand; without it there are no phases, events or plans, only results.</summary>
    public bool HasJournal { get; init; } = true;

    /// <summary>A run of which nothing is left but results, as when they come from another machine.</summary>
    /// <param name="id">The run; <see langword="null"/> where the results do not say.</param>
    /// <param name="results">Its results, at least one.</param>
    public static ReportedRun FromResults(string? id, IReadOnlyList<VMMigrationResult> results)
    {
        DateTimeOffset start = results.Min(r => r.StartTime) ?? default;
        return new ReportedRun(
            new MigrationRunRecord
            {
                Id = id ?? "",
                State = results.Any(r => r.Outcome == MigrationOutcome.Unclear) ? MigrationRunState.Interrupted : MigrationRunState.Ended,
                StartTime = start,
                LastTime = results.Max(r => r.StartTime + r.TotalTime) ?? start,
                Owner = "",
                Options = new RunOptions(),
                VirtualMachines = [.. results.Select(AsRecord)],
                Events = [],
            },
            new RunSeries([], [])) { HasJournal = false };
    }

    /// <summary>How its plan was made and for what, and whether it was kept to whatever came; <see langword="null"/> where that is not known.</summary>
    internal string? Strategy => Record.Strategy is { } strategy
        ? Words.Of(strategy) + (strategy == Planning.Strategy.TrafficSensitive ? Kind : "")
        : null;

    /// <summary>What tells a traffic-sensitive run from another one.</summary>
    private string Kind =>
        (Record.Objective == Planning.PlanObjective.Time ? ", least time" : "") + (Record.Options.Adaptive ? "" : ", as planned");

    /// <summary>What became of the VMs whose end is known.</summary>
    internal IEnumerable<VMMigrationResult> Results => Record.VirtualMachines.Select(v => v.Result).OfType<VMMigrationResult>();

    /// <summary>Results of the VMs that this run has moved.</summary>
    internal IEnumerable<VMMigrationResult> Moved => Results.Where(r => r.Outcome == MigrationOutcome.Completed);

    /// <summary>Whether the run has ended and each VM is where it was to go.</summary>
    internal bool IsWhole =>
        Record.State == MigrationRunState.Ended
        && Record.VirtualMachines.All(v => v.Result?.Outcome is MigrationOutcome.Completed or MigrationOutcome.AlreadyThere);

    /// <summary>First start to last end of the VMs that were moved.</summary>
    internal TimeSpan? TotalTime => Moved.Max(r => r.StartTime + r.TotalTime) - Moved.Min(r => r.StartTime);

    /// <summary>The mean of the moved VMs' own times.</summary>
    internal TimeSpan? AverageTime => Moved.Average(r => (double?)r.TotalTime?.Ticks) is { } ticks ? TimeSpan.FromTicks((long)ticks) : null;

    /// <summary>Bytes sent, also for VMs that did not move in the end; <see langword="null"/> where none is known.</summary>
    internal long? Bytes => Results.Any(r => r.BytesTransferred is not null) ? Results.Sum(r => r.BytesTransferred ?? 0) : null;

    /// <summary>The VM that was stopped for longest.</summary>
    internal VMMigrationResult? LongestStopped => Moved.Where(r => r.Downtime is not null).MaxBy(r => r.Downtime);

    /// <summary>All times measured over all predicted, of the moved VMs that have both.</summary>
    internal double? MeasuredOverPredicted
    {
        get
        {
            VMMigrationResult[] both = [.. Moved.Where(r => r.PredictedDuration > TimeSpan.Zero && r.TotalTime is not null)];
            return both.Length == 0 ? null : both.Sum(r => r.TotalTime!.Value.TotalSeconds) / both.Sum(r => r.PredictedDuration!.Value.TotalSeconds);
        }
    }

    /// <summary>How long the run lasted by its journal and its samples, at least a second: the length of time axes.</summary>
    internal TimeSpan Length
    {
        get
        {
            DateTimeOffset[] ends = [Record.LastTime, .. Series.Links.TakeLast(1).Select(l => l.Time), .. Series.Streams.TakeLast(1).Select(s => s.Time)];
            TimeSpan length = ends.Max() - Record.StartTime;
            return length > TimeSpan.FromSeconds(1) ? length : TimeSpan.FromSeconds(1);
        }
    }

    /// <summary>The link directions that its migrations use: the sources' outgoing ones, then the destinations' incoming ones.</summary>
    internal IEnumerable<(string HostName, LinkDirection Direction)> Links =>
        Record.VirtualMachines.Select(v => v.Source).Distinct(StringComparer.OrdinalIgnoreCase).Select(h => (h, LinkDirection.Outgoing))
            .Concat(Record.VirtualMachines.Select(v => v.Destination).Distinct(StringComparer.OrdinalIgnoreCase).Select(h => (h, LinkDirection.Incoming)));

    /// <summary>Its VMs whose memory goes over a link direction.</summary>
    internal IEnumerable<VMMigrationRecord> Over(string host, LinkDirection direction) => Record.VirtualMachines.Where(
        v => string.Equals(direction == LinkDirection.Outgoing ? v.Source : v.Destination, host, StringComparison.OrdinalIgnoreCase));

    private static VMMigrationRecord AsRecord(VMMigrationResult result) => new()
    {
        State = result.Outcome switch
        {
            MigrationOutcome.Completed or MigrationOutcome.AlreadyThere => MigrationState.Done,
            MigrationOutcome.Failed => MigrationState.Failed,
            MigrationOutcome.Cancelled => MigrationState.Cancelled,
            _ => MigrationState.CleaningUp,
        },
        Result = result,
        Plan = new VMMigrationPlan
        {
            VMName = result.VMName,
            VMId = result.VMId,
            Source = result.Source,
            Destination = result.Destination,
            Technique = result.Technique,
            PredictedDuration = result.PredictedDuration,
            PredictedBytes = result.PredictedBytes,
            SourceContentionBitsPerSecond = 0,
            DestinationContentionBitsPerSecond = 0,
            Rate = new VMTrafficRate { HostName = result.Source, VMName = result.VMName, TxBitsPerSecond = 0, RxBitsPerSecond = 0 },
        },
    };
}
