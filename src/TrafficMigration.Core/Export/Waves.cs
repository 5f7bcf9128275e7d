using TrafficMigration.Planning;

namespace TrafficMigration.Export;

/// <summary>
/// A plan cut into waves, one after another, because a file has no queue: within a wave all migrations may run at once
/// and keep the plan's limits. It is never more than planned at once, and may be less.
/// </summary>
internal static class Waves
{
    /// <param name="ordered">The VMs in the order in which they start.</param>
    public static IReadOnlyList<IReadOnlyList<VMMigrationPlan>> Of(IReadOnlyList<VMMigrationPlan> ordered)
    {
        int throttle = Strictest(ordered, p => p.ThrottleLimit);
        int outgoing = Strictest(ordered, p => p.MaxOutgoingPerHost);
        int incoming = Strictest(ordered, p => p.MaxIncomingPerHost);
        var waves = new List<List<VMMigrationPlan>> { new() };
        foreach (VMMigrationPlan plan in ordered)
        {
            List<VMMigrationPlan> wave = waves[^1];
            bool isFull = wave.Count >= throttle
                || wave.Count(p => IsSame(p.Source, plan.Source)) >= outgoing
                || wave.Count(p => IsSame(p.Destination, plan.Destination)) >= incoming;
            if (isFull)
            {
                waves.Add([plan]);
            }
            else
            {
                wave.Add(plan);
            }
        }

        return waves;
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
        return string.Join(", ", limits.Where(l => l.Limit < int.MaxValue).Select(l => FormattableString.Invariant($"{l.Limit} {l.What}")));
    }

    // The strictest, where plans of several runs come together; 0 is no limit.
    private static int Strictest(IEnumerable<VMMigrationPlan> plans, Func<MigrationPlan, int> limit) =>
        plans.Select(p => p.Plan is null ? 0 : limit(p.Plan)).Where(l => l > 0).DefaultIfEmpty(int.MaxValue).Min();

    private static bool IsSame(string host, string other) => string.Equals(host, other, StringComparison.OrdinalIgnoreCase);
}
