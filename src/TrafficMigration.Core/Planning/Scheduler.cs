using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Plans order and bandwidth of a decision's migrations; by prediction never worse than all by name without limits.</summary>
internal sealed partial class Scheduler(Site site, Decision decision, Forecast forecast, MigrationBudget budget, CancellationToken cancellationToken)
{
    // So many VMs are simulated in all while an order is sought: a second or two for any size of run.
    private const int SimulatedVMs = 40_000;

    // Limits are set where the run then takes no more than this share of its time.
    private const double WorthLimits = 0.98;

    private readonly int _count = site.VMs.Length;
    private readonly GangOrders _gangs = new(site);

    private int _simulated;

    /// <summary>The schedule that a user asked for.</summary>
    public Schedule Of(MigrationSchedule wanted) => wanted switch
    {
        MigrationSchedule.Serial or MigrationSchedule.Waves => InWaves(Schedule.ByName(_count, budget)),
        MigrationSchedule.Gangs => GangAfterGang(),
        MigrationSchedule.Parallel => Schedule.ByName(_count, budget),
        _ => Fastest(),
    };

    /// <summary>The schedule whose run ends first; of those that end about as soon, the one with which gangs are apart least.</summary>
    private Schedule Fastest()
    {
        Schedule best = Schedule.ByName(_count, budget);
        if (forecast.Missing is not null || Measure(best) is not { } time)
        {
            return best;
        }

        Outcome byName = time;
        if (IsLimiting())
        {
            Reorder(ref best, ref time);
        }

        if (site.Mutual.Flows.Count == 0)
        {
            return Slowed(best, time);
        }

        // Not later than by name, whatever it is good for.
        TimeSpan latest = Min(time.Time / WorthLimits, byName.Time);
        best = Closest(best, time, latest);
        return EndingTogether(Slowed(best, Measure(best)!.Value), latest);
    }

    /// <summary>In waves as large as the limits let, in the schedule's order.</summary>
    private Schedule InWaves(Schedule schedule)
    {
        int[] waves = WaveCutter.Cut([.. schedule.Order.Select(i => (site.SourceOf[i], decision.Destinations[i], (int?)null))], budget);
        var stages = new int?[_count];
        for (int turn = 0; turn < _count; turn++)
        {
            stages[schedule.Order[turn]] = waves[turn];
        }

        return schedule with { Stages = stages };
    }

    private void Reorder(ref Schedule best, ref Outcome time)
    {
        foreach (int[] order in Orders().Concat(_gangs.Any ? _gangs.Mixed() : []))
        {
            Keep(best with { Order = order }, ref best, ref time);
        }

        // Then single migrations are moved to the front or the back while that helps.
        for (bool improved = true; improved && _simulated < SimulatedVMs;)
        {
            improved = false;
            foreach (int vm in best.Order.ToArray())
            {
                int[] others = [.. best.Order.Where(i => i != vm)];
                improved |= Keep(best with { Order = [vm, .. others] }, ref best, ref time);
                improved |= Keep(best with { Order = [.. others, vm] }, ref best, ref time);
                if (_simulated >= SimulatedVMs)
                {
                    break;
                }
            }
        }

        foreach (Schedule staged in _gangs.Any ? _gangs.Staged(Schedule.ByName(_count, budget)) : [])
        {
            Keep(staged, ref best, ref time);
        }
    }

    /// <summary>
    /// Migrations that would end early are slowed down in favour of the last, where the whole run gains from it
    /// noticeably: a limit that rests on a prediction is a risk of its own.
    /// </summary>
    private Schedule Slowed(Schedule best, Outcome time)
    {
        Schedule slowed = best;
        Outcome reached = time;
        for (int i = 0; i < 5 && _simulated + _count <= SimulatedVMs && reached.Unfinished == 0 && Keep(best with { LimitsBitsPerSecond = Spread(reached.Time.TotalSeconds) }, ref slowed, ref reached); i++)
        {
        }

        return reached.Time < time.Time * WorthLimits ? slowed : best;
    }

    /// <summary>The schedule that a user asked for, with the gentlest limits with which the run still ends in time: each VM's memory over the same, longest possible, time.</summary>
    /// <exception cref="MigrationException"><c>DeadlineTooClose</c>, <c>PredictionImpossible</c>.</exception>
    public Schedule Gentlest(MigrationSchedule wanted, TimeSpan deadline)
    {
        if (forecast.Missing is { } missing)
        {
            throw Failures.PredictionImpossible("A deadline", missing);
        }

        Schedule fastest = Of(wanted);
        Outcome best = Measure(fastest)!.Value;
        if (best.Unfinished > 0 || best.Time > deadline)
        {
            throw Failures.DeadlineTooClose(deadline, best.Time);
        }

        // The time over which a VM's memory is spread; with all at once it can be as long as the deadline.
        double low = 0;
        double high = deadline.TotalSeconds;
        Schedule gentlest = fastest;
        for (int i = 0; i < 30; i++)
        {
            double middle = (low + high) / 2;
            Schedule candidate = fastest with { LimitsBitsPerSecond = Spread(middle) };
            if (Measure(candidate) is { Unfinished: 0 } outcome && outcome.Time <= deadline)
            {
                low = middle;
                gentlest = candidate;
            }
            else
            {
                high = middle;
            }
        }

        return gentlest;
    }

    /// <summary>Limits in libvirt's steps, so that each VM's memory takes no longer than so many seconds; never below twice what the VM dirties.</summary>
    private long?[] Spread(double seconds) => [.. Enumerable.Range(0, _count).Select(i => (long?)Limit(i, seconds))];

    private long Limit(int vm, double seconds)
    {
        double needed = Math.Max(8.0 * site.LimitedBytes(vm) / seconds, 16.0 * (site.VMs[vm].DirtyBytesPerSecond ?? 0));
        return Math.Max(1, (long)Math.Ceiling(Math.Min(needed, 1e15) / VMMigrationPlan.BandwidthStep)) * VMMigrationPlan.BandwidthStep;
    }

    private bool IsLimiting() =>
        (budget.ThrottleLimit > 0 && budget.ThrottleLimit < _count)
        || (budget.MaxOutgoingPerHost > 0 && site.SourceOf.GroupBy(s => s).Any(g => g.Count() > budget.MaxOutgoingPerHost))
        || (budget.MaxIncomingPerHost > 0 && decision.Destinations.GroupBy(d => d).Any(g => g.Count() > budget.MaxIncomingPerHost));

    private IEnumerable<int[]> Orders()
    {
        int[] all = [.. Enumerable.Range(0, _count)];
        long Size(int i) => Forecast.MemoryToMove(site.VMs[i]) + (site.DiskBytes(i) ?? 0);
        yield return [.. all.OrderByDescending(Size)];
        yield return [.. all.OrderBy(Size)];
        // Largest first, but the links take turns: neighbours in the order should not share one.
        yield return [.. all.GroupBy(i => (site.SourceOf[i], decision.Destinations[i]))
            .SelectMany(g => g.OrderByDescending(Size).Select((i, turn) => (i, turn)))
            .OrderBy(p => p.turn).ThenByDescending(p => Size(p.i)).Select(p => p.i)];
        // What has the link to itself goes beside what has not: techniques take turns.
        yield return [.. all.GroupBy(i => decision.Techniques[i])
            .SelectMany(g => g.OrderByDescending(Size).Select((i, turn) => (i, turn)))
            .OrderBy(p => p.turn).ThenByDescending(p => Size(p.i)).Select(p => p.i)];
    }

    private bool Keep(Schedule candidate, ref Schedule best, ref Outcome time)
    {
        if (Measure(candidate) is not { } outcome || outcome.CompareTo(time) >= 0)
        {
            return false;
        }

        (best, time) = (candidate, outcome);
        return true;
    }

    private Outcome? Measure(Schedule schedule)
    {
        if (Run(schedule) is not { } run)
        {
            return null;
        }

        Outcome outcome = Outcome.Of(run);
        if (site.Mutual.Flows.Count > 0)
        {
            _measured.Add((schedule, outcome, run.ApartBits));
        }

        return outcome;
    }

    private SimulatedRun? Run(Schedule schedule)
    {
        _simulated += _count;
        return forecast.Run(decision, schedule, null, cancellationToken);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <summary>How good a run is: all that can end ends, and soon.</summary>
/// <param name="Unfinished">Migrations that never end.</param>
/// <param name="Time">Total migration time.</param>
internal readonly record struct Outcome(int Unfinished, TimeSpan Time) : IComparable<Outcome>
{
    /// <summary>The outcome of a simulated run.</summary>
    public static Outcome Of(SimulatedRun run) => new(run.Migrations.Count(m => m.Duration is null), run.TotalMigrationTime);

    /// <inheritdoc/>
    public int CompareTo(Outcome other) => (Unfinished, Time).CompareTo((other.Unfinished, other.Time));
}
