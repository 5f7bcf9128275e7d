using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <summary>Lays strategies side by side for the same rates, destinations and wishes.</summary>
public static class Comparer
{
    /// <summary>Compares.</summary>
    /// <param name="request">Rates, destinations, wishes. Its strategy and throttle limit are replaced; the rest of its budget counts everywhere.</param>
    /// <param name="strategies">The strategies, in the order wanted. A limit on post-copies does not bind <see cref="Strategy.PostCopy"/>.</param>
    /// <param name="throttleLimits">How many migrations may run at once: 0 for all, 1 for one after another.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One result for each strategy and limit: by limit as given, then by strategy as given.</returns>
    /// <exception cref="MigrationException">As <see cref="Planner.CreatePlan"/>.</exception>
    public static IReadOnlyList<StrategyComparison> Compare(
        PlanRequest request, IReadOnlyList<Strategy> strategies, IReadOnlyList<int> throttleLimits, CancellationToken cancellationToken = default)
    {
        Made[] made = [.. throttleLimits.Distinct()
            .SelectMany(limit => strategies.Distinct().Select(strategy => request with
            {
                Strategy = strategy,
                Budget = request.Budget with { ThrottleLimit = limit },
                // All by post-copy is there to be compared with; a limit would only make an error of it.
                Wishes = strategy == Strategy.PostCopy ? request.Wishes with { MaxPostCopy = null } : request.Wishes,
            }))
            .Select(r => new Made(r, Planner.Make(r, cancellationToken)))];
        TimeSpan? window = made.Max(m => m.Draft.Run?.TotalMigrationTime);
        return made.Select(m => Result(m, window, cancellationToken)).ToArray();
    }

    private static StrategyComparison Result(Made made, TimeSpan? window, CancellationToken cancellationToken)
    {
        (PlanRequest request, PlanDraft draft) = made;
        SimulatedRun? run = draft.Simulate(window, cancellationToken);
        IReadOnlyList<VMMigrationPlan> plans = draft.Write();
        double wanted = draft.Site.VMs.Sum(v => (double)v.TxBitsPerSecond + v.RxBitsPerSecond);
        double? got = run?.Migrations.Sum(m => m.TxBitsPerSecond + m.RxBitsPerSecond);
        TimeSpan[]? durations = run?.Migrations.Where(m => m.Duration is not null).Select(m => m.Duration!.Value).ToArray();
        int limit = request.Budget.ThrottleLimit;
        return new StrategyComparison
        {
            Strategy = request.Strategy,
            Arrangement = limit == 0 || limit >= plans.Count ? Arrangement.Parallel : limit == 1 ? Arrangement.Serial : Arrangement.Groups,
            ThrottleLimit = limit,
            ContentionBitsPerSecond = plans[0].Plan.ContentionBitsPerSecond,
            PostCopyCount = plans.Count(p => p.Technique == Technique.PostCopy),
            PredictedDuration = plans[0].Plan.PredictedDuration,
            PredictedAverageDuration = durations is { Length: > 0 } ? TimeSpan.FromSeconds(Math.Round(durations.Average(d => d.TotalSeconds), 2)) : null,
            PredictedBytes = run?.BytesTransferred,
            PredictedDowntime = plans.Max(p => p.PredictedDowntime),
            NotConverging = run?.Migrations.Count(m => m.Duration is null),
            ApplicationBitsPerSecond = got is { } rate ? Math.Round(rate) : null,
            ApplicationShare = got is { } share ? wanted > 0 ? Math.Round(Math.Min(1, share / wanted), 4) : 1 : null,
            Plans = plans,
        };
    }

    private readonly record struct Made(PlanRequest Request, PlanDraft Draft);
}
