using TrafficMigration.Planning;
using TrafficMigration.Prediction;

namespace TrafficMigration.Export;

/// <summary>
/// A plan cut into waves, one after another, because a file has no queue: within a wave all migrations may run at once
/// and keep the plan's limits and stages. It is never more than planned at once, and may be less.
/// </summary>
internal static class Waves
{
    /// <param name="ordered">The VMs in the order in which they start.</param>
    public static IReadOnlyList<IReadOnlyList<VMMigrationPlan>> Of(IReadOnlyList<VMMigrationPlan> ordered)
    {
        var budget = new MigrationBudget(
            Strictest(ordered, p => p.ThrottleLimit), Strictest(ordered, p => p.MaxOutgoingPerHost), Strictest(ordered, p => p.MaxIncomingPerHost));
        int[] numbers = WaveCutter.Cut(
            [.. ordered.Select(p => (p.Source.ToUpperInvariant(), p.Destination.ToUpperInvariant(), p.Stage))], budget);
        return [.. ordered.Zip(numbers).GroupBy(p => p.Second, p => p.First).Select(g => g.ToArray())];
    }

    /// <summary>The limits in words; empty where the plan has none.</summary>
    public static string Limits(IReadOnlyList<VMMigrationPlan> plans)
    {
        (int Limit, string What)[] limits =
        [
            (Strictest(plans, p => p.ThrottleLimit), "at once"),
            (Strictest(plans, p => p.MaxOutgoingPerHost), "out of one host"),
            (Strictest(plans, p => p.MaxIncomingPerHost), "into one host"),
        ];
        return string.Join(", ", limits.Where(l => l.Limit > 0).Select(l => FormattableString.Invariant($"{l.Limit} {l.What}")));
    }

    // The strictest, where plans of several runs come together; 0 is no limit.
    private static int Strictest(IEnumerable<VMMigrationPlan> plans, Func<MigrationPlan, int> limit) =>
        plans.Select(p => p.Plan is null ? 0 : limit(p.Plan)).Where(l => l > 0).DefaultIfEmpty().Min();
}
