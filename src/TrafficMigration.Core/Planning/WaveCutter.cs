using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <summary>
/// Cuts migrations into waves, one after another: within a wave all may run at once and keep the limits. It is never more
/// than the limits let, and may be less.
/// </summary>
internal static class WaveCutter
{
    /// <summary>The wave of each migration, from 1.</summary>
    /// <typeparam name="THost">What tells one host from another.</typeparam>
    /// <param name="ordered">Source, destination and stage of each, in the order in which they start; a wave never holds two stages.</param>
    /// <param name="budget">How many may run at once.</param>
    public static int[] Cut<THost>(IReadOnlyList<(THost Source, THost Destination, int? Stage)> ordered, MigrationBudget budget)
        where THost : notnull
    {
        var waves = new int[ordered.Count];
        var outgoing = new Dictionary<THost, int>();
        var incoming = new Dictionary<THost, int>();
        int wave = 1;
        int size = 0;
        for (int i = 0; i < waves.Length; i++)
        {
            var (source, destination, stage) = ordered[i];
            if (size > 0 && (stage != ordered[i - 1].Stage
                || IsFull(size, budget.ThrottleLimit)
                || IsFull(outgoing.GetValueOrDefault(source), budget.MaxOutgoingPerHost)
                || IsFull(incoming.GetValueOrDefault(destination), budget.MaxIncomingPerHost)))
            {
                wave++;
                size = 0;
                outgoing.Clear();
                incoming.Clear();
            }

            size++;
            outgoing[source] = outgoing.GetValueOrDefault(source) + 1;
            incoming[destination] = incoming.GetValueOrDefault(destination) + 1;
            waves[i] = wave;
        }

        return waves;
    }

    private static bool IsFull(int running, int limit) => limit > 0 && running >= limit;
}
