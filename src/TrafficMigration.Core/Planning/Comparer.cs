using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <summary>Lays strategies side by side for the same rates, destinations and wishes.</summary>
public static class Comparer
{
    /// <summary>Compares.</summary>
    /// <param name="request">Rates, destinations, wishes. Its strategy and throttle limit are replaced; the rest of its budget counts everywhere.</param>
    /// <param name="strategies">The strategies, in the order wanted. A limit on post-copies does not bind <see cref="Strategy.PostCopy"/>.</param>
    /// <param name="throttleLimits">How many migrations may run at once: 0 for all, 1 for one after another.</param>
    /// <param name="schedules">How they follow each other. One after another and all at once have no limit, so they are compared once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One result for each schedule, limit and strategy: by schedule, then limit, then strategy, as given.</returns>
    /// <exception cref="MigrationException">As <see cref="Planner.CreatePlan"/>.</exception>
    public static IReadOnlyList<StrategyComparison> Compare(
        PlanRequest request, IReadOnlyList<Strategy> strategies, IReadOnlyList<int> throttleLimits,
        IReadOnlyList<MigrationSchedule> schedules, CancellationToken cancellationToken = default)
    {
        Made[] made = [.. schedules.SelectMany(schedule => Limits(schedule, throttleLimits).Select(limit => (schedule, limit))).Distinct()
            .SelectMany(way => strategies.Distinct().Select(strategy => request with
            {
                Strategy = strategy,
                Schedule = way.schedule,
                Budget = request.Budget with { ThrottleLimit = way.limit },
                // All by post-copy is there to be compared with; a limit would only make an error of it.
                Wishes = strategy == Strategy.PostCopy ? request.Wishes with { MaxPostCopy = null } : request.Wishes,
            }))
            .Select(r => new Made(r, Planner.Make(r, cancellationToken)))];
        TimeSpan? window = made.Max(m => m.Draft.Run?.TotalMigrationTime);
        return made.Select(m => Result(m, window, cancellationToken)).ToArray();
    }

    private static IEnumerable<int> Limits(MigrationSchedule schedule, IReadOnlyList<int> throttleLimits) => schedule switch
    {
        MigrationSchedule.Serial => [1],
        MigrationSchedule.Parallel => [0],
        // A wave without a size, or of one, is another schedule; where no other limit was given the planner says so.
        MigrationSchedule.Waves when throttleLimits.Any(l => l > 1) => throttleLimits.Where(l => l > 1),
        _ => throttleLimits,
    };

    private static StrategyComparison Result(Made made, TimeSpan? window, CancellationToken cancellationToken)
    {
        (PlanRequest request, PlanDraft draft) = made;
        SimulatedRun? run = draft.Simulate(window, cancellationToken);
        IReadOnlyList<VMMigrationPlan> plans = draft.Write();
        // What two of these VMs exchange is sent by one and received by the other.
        IReadOnlyList<MutualFlow> mutual = draft.Site.Mutual.Flows;
        double wanted = draft.Site.VMs.Sum(v => (double)v.TxBitsPerSecond + v.RxBitsPerSecond) + mutual.Sum(f => (double)Ends(f) * f.BitsPerSecond);
        double? got = run?.Migrations.Sum(m => m.TxBitsPerSecond + m.RxBitsPerSecond) + run?.FlowBitsPerSecond.Zip(mutual).Sum(p => Ends(p.Second) * p.First);
        TimeSpan[]? durations = run?.Migrations.Where(m => m.Duration is not null).Select(m => m.Duration!.Value).ToArray();
        int limit = request.Budget.ThrottleLimit;
        return new StrategyComparison
        {
            Strategy = request.Strategy,
            Schedule = request.Schedule,
            Arrangement = Of(request.Schedule, limit, plans.Count),
            ThrottleLimit = limit,
            ContentionBitsPerSecond = plans[0].Plan.ContentionBitsPerSecond,
            PostCopyCount = plans.Count(p => p.Technique == Technique.PostCopy),
            PredictedDuration = plans[0].Plan.PredictedDuration,
            PredictedAverageDuration = durations is { Length: > 0 } ? TimeSpan.FromSeconds(Math.Round(durations.Average(d => d.TotalSeconds), 2)) : null,
            PredictedBytes = run?.BytesTransferred,
            PredictedApartBytes = plans[0].Plan.PredictedApartBytes,
            PredictedDowntime = plans.Max(p => p.PredictedDowntime),
            NotConverging = run?.Migrations.Count(m => m.Duration is null),
            ApplicationBitsPerSecond = got is { } rate ? Math.Round(rate) : null,
            ApplicationShare = got is { } share ? wanted > 0 ? Math.Round(Math.Min(1, share / wanted), 4) : 1 : null,
            Plans = plans,
        };
    }

    private static int Ends(MutualFlow flow) => flow.Stays is null ? 2 : 1;

    private static Arrangement Of(MigrationSchedule schedule, int limit, int count) => schedule switch
    {
        MigrationSchedule.Waves => Arrangement.Waves,
        MigrationSchedule.Gangs => Arrangement.Gangs,
        _ => limit == 0 || limit >= count ? Arrangement.Parallel : limit == 1 ? Arrangement.Serial : Arrangement.Groups,
    };

    private readonly record struct Made(PlanRequest Request, PlanDraft Draft);
}
