namespace TrafficMigration.Solving;

/// <summary>
/// Chooses the technique of every VM between one source and one destination, with the least contention proven.
/// </summary>
/// <remarks>
/// <para>
/// The model is that of Deshpande and Keahey (CCGrid 2015): source contention is the sum of Tx over the VMs
/// with pre-copy, destination contention the sum of Rx over those with post-copy, background added to each; the
/// larger one counts. That is makespan on two unrelated machines (R2||Cmax), weakly NP-hard. The objective is
/// lexicographic: the worse link, then the other link, then fewest post-copies, then pre-copy for the VM that
/// comes first in the input.
/// </para>
/// <para>
/// Solved exactly by dynamic programming over the Pareto frontier of (source load, destination load): of two
/// partial choices over the same VMs, one that loads neither link more can always be completed at least as
/// well. VMs are taken by falling Tx/Rx, so that what remains is always a suffix of the LP
/// relaxation's order; a partial choice whose LP bound exceeds a known full choice is dropped.
/// </para>
/// </remarks>
public static class TechniqueSolver
{
    /// <summary>Finds the optimal techniques.</summary>
    /// <param name="vms">The VMs; where all else is equal, an earlier one gets pre-copy before a later one.</param>
    /// <param name="links">Background and capacities.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static TechniqueChoice Solve(IReadOnlyList<VMLoad> vms, LinkPair links, CancellationToken cancellationToken = default)
    {
        var order = RatioOrder(vms);
        var suffix = new LoadSuffix(vms, order, links);
        double incumbent = suffix.RoundedChoice();
        var frontier = new List<State> { new(links.SourceBackground, links.DestinationBackground, 0, null) };
        for (int position = 0; position < order.Length; position++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int index = order[position];
            VMLoad vm = vms[index];
            IEnumerable<State> post = vm.PostCopyAllowed ? frontier.Select(s => s.WithPostCopy(index, vm)) : [];
            frontier = Merge(frontier.Select(s => s.WithPreCopy(vm)), post)
                .Where(s => suffix.Bound(s.Source, s.Destination, position + 1) <= incumbent)
                .ToList();
        }

        State best = frontier.Aggregate((a, b) => Prefer(a, b, links) <= 0 ? a : b);
        var techniques = new Technique[vms.Count];
        for (Chosen? c = best.PostCopied; c is not null; c = c.Previous)
        {
            techniques[c.Index] = Technique.PostCopy;
        }

        return new TechniqueChoice(techniques, best.Source, best.Destination);
    }

    /// <summary>The VMs by how much cheaper they are at the destination: largest Tx/Rx first; pinned ones first of all.</summary>
    private static int[] RatioOrder(IReadOnlyList<VMLoad> vms) =>
        [.. Enumerable.Range(0, vms.Count)
            .OrderBy(i => vms[i].PostCopyAllowed)
            .ThenBy(i => vms[i] is { TxBitsPerSecond: 0, RxBitsPerSecond: 0 }) // 0/0 has no place among the ratios
            .ThenBy(i => i, Comparer<int>.Create((a, b) =>
                ((Int128)vms[b].TxBitsPerSecond * vms[a].RxBitsPerSecond).CompareTo(
                    (Int128)vms[a].TxBitsPerSecond * vms[b].RxBitsPerSecond)))];

    /// <summary>Merges two frontiers, each by rising source and falling destination load, into one without dominated states.</summary>
    private static List<State> Merge(IEnumerable<State> first, IEnumerable<State> second)
    {
        var merged = new List<State>();
        foreach (State state in first.Concat(second).OrderBy(s => s.Source).ThenBy(s => s.Destination))
        {
            if (merged.Count == 0 || state.Destination < merged[^1].Destination)
            {
                merged.Add(state);
            }
            else if (state.Source == merged[^1].Source && state.Destination == merged[^1].Destination
                && state.ComparePostCopies(merged[^1]) < 0)
            {
                merged[^1] = state;
            }
        }

        return merged;
    }

    private static int Prefer(State a, State b, LinkPair links)
    {
        var (worstA, otherA) = Relative(a.Source, a.Destination, links);
        var (worstB, otherB) = Relative(b.Source, b.Destination, links);
        int byWorst = worstA.CompareTo(worstB);
        int byOther = byWorst != 0 ? byWorst : otherA.CompareTo(otherB);
        return byOther != 0 ? byOther : a.ComparePostCopies(b);
    }

    /// <summary>Both loads on one scale (cross-multiplied capacities, so exact), the worse first.</summary>
    private static (Int128 Worst, Int128 Other) Relative(long source, long destination, LinkPair links)
    {
        Int128 s = (Int128)source * links.DestinationCapacity;
        Int128 d = (Int128)destination * links.SourceCapacity;
        return s >= d ? (s, d) : (d, s);
    }

    private sealed record Chosen(int Index, Chosen? Previous);

    private readonly record struct State(long Source, long Destination, int PostCopyCount, Chosen? PostCopied)
    {
        public State WithPreCopy(VMLoad vm) => this with { Source = checked(Source + vm.TxBitsPerSecond) };

        public State WithPostCopy(int index, VMLoad vm) => new(
            Source, checked(Destination + vm.RxBitsPerSecond), PostCopyCount + 1, new Chosen(index, PostCopied));

        /// <summary>Fewest post-copies first; then the one whose first differing VM is pre-copied.</summary>
        public int ComparePostCopies(State other)
        {
            int byCount = PostCopyCount.CompareTo(other.PostCopyCount);
            if (byCount != 0)
            {
                return byCount;
            }

            List<int> mine = Indices(PostCopied);
            List<int> theirs = Indices(other.PostCopied);
            for (int i = 0; i < mine.Count; i++)
            {
                if (mine[i] != theirs[i])
                {
                    return theirs[i].CompareTo(mine[i]);
                }
            }

            return 0;
        }

        private static List<int> Indices(Chosen? chosen)
        {
            var indices = new List<int>();
            for (; chosen is not null; chosen = chosen.Previous)
            {
                indices.Add(chosen.Index);
            }

            indices.Sort();
            return indices;
        }
    }
}
