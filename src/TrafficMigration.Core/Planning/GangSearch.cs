using TrafficMigration.Solving;

namespace TrafficMigration.Planning;

/// <summary>
/// Takes what VMs of one host send each other into account: the solvers' links carry sums over single VMs, and this
/// traffic loads a link by pairs. From the solvers' decision, single changes that make the contention less with it; then
/// gangs that were split go to one destination where that costs nothing.
/// </summary>
/// <remarks>No proof: the solvers' bound stays true, because this traffic only adds to what a link carries.</remarks>
internal sealed class GangSearch(Site site, AssignmentProblem problem, Forecast forecast, PlanRequest request, CancellationToken cancellationToken)
{
    // So many VMs and flows are looked at in all: a second or two for any size.
    private const long Work = 100_000_000;

    // As for the solvers: what idle VMs and quiet destinations carry is no reason for anything.
    private readonly AssignmentProblem _quiet = ProblemBuilder.WithoutNoise(problem, site) ?? problem;

    private readonly long _workOfOne = site.VMs.Length + site.Mutual.Flows.Count + 1;
    private long _work;

    /// <summary>The decision, changed where that pays.</summary>
    public Decision From(Decision decision)
    {
        if (site.Mutual.Flows.Count == 0)
        {
            return decision;
        }

        Decision better = WithBetterTechniques(decision);
        // A post-copy may have been chosen because a pre-copy would never end; where that shows only now, nothing is changed.
        if (!ReferenceEquals(better, decision) && forecast.AnyDirty && Time(better) is { } changed && Time(decision) is { } before
            && changed.Unfinished > before.Unfinished)
        {
            better = decision;
        }

        return WithGangsTogether(better);
    }

    private Decision WithBetterTechniques(Decision decision)
    {
        Decision best = decision;
        Worth worth = WorthOf(best);
        int[][] groups = [.. Enumerable.Range(0, site.VMs.Length).Where(i => site.Mutual.Of(i).Any()).Select(i => new[] { i }), .. site.Mutual.Gangs];
        for (bool improved = true; improved && _work < Work;)
        {
            improved = false;
            foreach (Decision candidate in groups.SelectMany(g => Techniques.Live.Select(t => With(g, t))).OfType<Decision>())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_work < Work && WorthOf(candidate) is var other && other.CompareTo(worth) < 0)
                {
                    (best, worth, improved) = (candidate, other, true);
                }
            }
        }

        return best;

        Decision? With(int[] vms, Technique technique)
        {
            if (vms.All(i => best.Techniques[i] == technique) || !vms.All(i => problem.Allows(i, best.Destinations[i], technique)))
            {
                return null;
            }

            Technique[] techniques = [.. best.Techniques];
            foreach (int vm in vms)
            {
                techniques[vm] = technique;
            }

            // Whoever gives up contention for fewer post-copies wants no more of them.
            bool isMore = techniques.Count(t => t == Technique.PostCopy) is var count
                && (count > problem.PostCopy.MaxPostCopy
                    || (request.Wishes.ContentionTolerancePercent > 0 && count > decision.Techniques.Count(t => t == Technique.PostCopy)));
            return isMore ? null : best with { Techniques = techniques };
        }
    }

    /// <summary>
    /// Gangs whose VMs have different destinations go to one where the worst link then carries no more, the run is
    /// predicted to take no longer, and less of what they send each other crosses links afterwards.
    /// </summary>
    private Decision WithGangsTogether(Decision decision)
    {
        Decision best = decision;
        foreach (int[] gang in site.Mutual.Gangs.Where(g => g.Any(i => decision.Destinations[i] != decision.Destinations[g[0]])))
        {
            Decision before = best;
            foreach (int destination in gang.Select(i => before.Destinations[i]).Distinct().Order())
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] destinations = [.. before.Destinations];
                foreach (int vm in gang)
                {
                    destinations[vm] = destination;
                }

                Decision candidate = before with { Destinations = destinations };
                if (_work < Work && gang.All(i => problem.Allows(i, destination, before.Techniques[i])) && problem.Allows(candidate)
                    && Split(candidate) < Split(best) && WorthOf(candidate).Worst <= WorthOf(before).Worst && !IsSlower(candidate, before))
                {
                    best = candidate;
                }
            }
        }

        return best;
    }

    private long Split(Decision decision) => site.Mutual.Flows.Where(f => MutualTraffic.IsSplit(f, decision)).Sum(f => f.BitsPerSecond);

    private bool IsSlower(Decision candidate, Decision before) =>
        Time(candidate) is { } then && Time(before) is { } now && then.CompareTo(now) > 0;

    private Outcome? Time(Decision decision)
    {
        _work += 100 * _workOfOne;
        return forecast.Run(decision, Schedule.ByName(site.VMs.Length, request.Budget), null, cancellationToken) is { } run ? Outcome.Of(run) : null;
    }

    private Worth WorthOf(Decision decision)
    {
        _work += _workOfOne;
        int sources = _quiet.Sources.Count;
        var loads = new long[sources + _quiet.Destinations.Count];
        for (int s = 0; s < sources; s++)
        {
            loads[s] = _quiet.Sources[s].Background;
        }

        foreach (int d in decision.Destinations.Distinct())
        {
            loads[sources + d] = _quiet.Destinations[d].BackgroundRx;
        }

        for (int i = 0; i < decision.Techniques.Length; i++)
        {
            (int link, long load) = decision.Techniques[i] == Technique.PreCopy
                ? (site.SourceOf[i], _quiet.VMs[i].TxBitsPerSecond)
                : (sources + decision.Destinations[i], _quiet.VMs[i].RxBitsPerSecond);
            loads[link] += load;
        }

        MutualTraffic.AddTo(site.Mutual.Flows, decision.Techniques, decision.Destinations, loads, sources);
        double[] relative = [.. loads.Select((load, l) =>
            load / (double)(l < sources ? _quiet.Sources[l].Capacity : _quiet.Destinations[l - sources].Capacity))];
        Array.Sort(relative, (a, b) => b.CompareTo(a));
        return new Worth(relative, decision.Techniques.Count(t => t == Technique.PostCopy));
    }

    /// <summary>The links' loads, worst first, then the number of post-copies: less is better.</summary>
    private readonly record struct Worth(double[] Loads, int PostCopies) : IComparable<Worth>
    {
        public double Worst => Loads[0];

        public int CompareTo(Worth other)
        {
            for (int l = 0; l < Loads.Length; l++)
            {
                if (Loads[l] != other.Loads[l])
                {
                    return Loads[l].CompareTo(other.Loads[l]);
                }
            }

            return PostCopies.CompareTo(other.PostCopies);
        }
    }
}
