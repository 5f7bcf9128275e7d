using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <content>VMs that talk to each other start and end together where that costs next to nothing.</content>
internal sealed partial class Scheduler
{
    // VMs of a gang are kept together where they are then apart for no more than this share of what they were.
    private const double WorthTogether = 0.9;

    // What was simulated, where VMs talk to each other.
    private readonly List<(Schedule Schedule, Outcome Outcome, double ApartBits)> _measured = [];

    /// <summary>Gang after gang, in the order of gangs that ends first; VMs of no gang together at the end.</summary>
    private Schedule GangAfterGang()
    {
        Schedule[] candidates = [.. _gangs.Staged(Schedule.ByName(_count, budget))];
        Schedule best = candidates[0];
        if (forecast.Missing is not null || Measure(best) is not { } time)
        {
            return best;
        }

        foreach (Schedule candidate in candidates[1..])
        {
            Keep(candidate, ref best, ref time);
        }

        return EndingTogether(best, time.Time / WorthLimits);
    }

    /// <summary>
    /// Of all schedules that were measured, the one with which VMs of a gang are apart least among those that end in
    /// time; the fastest where that is worth little.
    /// </summary>
    private Schedule Closest(Schedule fastest, Outcome time, TimeSpan latest)
    {
        double most = _measured.Where(m => ReferenceEquals(m.Schedule, fastest)).Select(m => m.ApartBits).First() * WorthTogether;
        return _measured.Where(m => m.Outcome.Unfinished == time.Unfinished && m.Outcome.Time <= latest && m.ApartBits < most)
            .OrderBy(m => m.ApartBits).ThenBy(m => m.Outcome.Time).Select(m => m.Schedule).FirstOrDefault(fastest);
    }

    /// <summary>
    /// Pre-copied VMs of a gang that would end before its last one are slowed down so that they end with it: a
    /// pre-copied VM's traffic with those that are still at the source crosses the links from its end on.
    /// </summary>
    private Schedule EndingTogether(Schedule best, TimeSpan latest)
    {
        foreach (int[] gang in site.Mutual.Gangs)
        {
            for (int i = 0; i < 3 && _simulated + (2 * _count) <= SimulatedVMs; i++)
            {
                SimulatedRun before = Run(best)!;
                if (LimitsToEndTogether(gang, before, best) is not { } limits)
                {
                    break;
                }

                Schedule candidate = best with { LimitsBitsPerSecond = limits };
                SimulatedRun after = Run(candidate)!;
                if (Outcome.Of(after).Unfinished > Outcome.Of(before).Unfinished || after.TotalMigrationTime > latest
                    || after.ApartBits > before.ApartBits * WorthTogether)
                {
                    break;
                }

                best = candidate;
            }
        }

        return best;
    }

    /// <summary>Limits with which a gang's pre-copies take until its last one ends; <see langword="null"/> where they do about that already.</summary>
    private long?[]? LimitsToEndTogether(int[] gang, SimulatedRun run, Schedule schedule)
    {
        (int VM, double Start, double Seconds)[] copies = [.. gang
            .Where(i => decision.Techniques[i] == Technique.PreCopy && run.Migrations[i].Duration is not null)
            .Select(i => (i, run.Migrations[i].Start.TotalSeconds, run.Migrations[i].Duration!.Value.TotalSeconds))];
        double end = copies.Select(c => c.Start + c.Seconds).DefaultIfEmpty().Max();
        (int VM, double Start, double Seconds)[] early = [.. copies.Where(c => c.Seconds < (end - c.Start) * WorthLimits)];
        if (early.Length == 0)
        {
            return null;
        }

        long?[] limits = [.. schedule.LimitsBitsPerSecond];
        foreach ((int vm, double start, _) in early)
        {
            limits[vm] = Limit(vm, end - start);
        }

        return limits;
    }
}
