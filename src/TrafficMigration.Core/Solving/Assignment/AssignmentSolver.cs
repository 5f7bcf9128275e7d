namespace TrafficMigration.Solving;

/// <summary>Chooses technique and destination of every VM between many sources and many destinations.</summary>
/// <remarks>
/// <para>
/// The contention model is that of Deshpande and Keahey (CCGrid 2015), with a load on every source's outgoing and every
/// destination's incoming link, as <see cref="AssignmentProblem"/> says. The objective is lexicographic: the links'
/// relative loads, the worst first; fewest post-copies; the load that destinations carry afterwards, the worst first (in
/// whole per cent where speeds are known); incoming memory, the most first; and then the VMs' order: of the first VM
/// that differs, pre-copy before post-copy, then the earlier destination. With a tolerance, fewest post-copies come
/// first among what is within it.
/// </para>
/// <para>
/// One source and one destination alone are weakly NP-hard already, with room and groups strongly so. So: a lower bound
/// by decomposition (<see cref="AssignmentBound"/>, <see cref="LagrangianBound"/>), techniques from the same, packed onto
/// destinations (<see cref="AssignmentPacking"/>), local search, and for few VMs an exact search. Every budget is a count:
/// the same problem has the same answer on every machine.
/// </para>
/// </remarks>
internal static class AssignmentSolver
{
    private const int MaxExactVMs = 16;
    private const long MaxRelieveLooks = 30_000_000;
    private const long MaxPolishLooks = 3_000_000;

    // Above the bound, by how much packing may need: techniques are chosen for each, the best one is improved.
    private static readonly double[] Slacks = [0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25];

    /// <summary>Solves a problem.</summary>
    /// <param name="problem">The problem; its indices must be in range, its figures not negative, its capacities positive.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="NoAssignmentException">No assignment obeys every constraint, or none was found; it says which.</exception>
    public static Assignment Solve(AssignmentProblem problem, CancellationToken cancellationToken = default)
    {
        var model = new AssignmentModel(problem);
        if (model.IsContradictory)
        {
            throw new NoAssignmentException(isProven: true);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var bound = new AssignmentBound(model, cancellationToken);
        AssignmentObjective objective = new(model, null);
        AssignmentState state = Start(model, bound, objective, cancellationToken);
        double lower = LagrangianBound.Raise(model, bound, state.WorstLoad(), cancellationToken);
        state = new IteratedSearch(model, objective, cancellationToken).Run(state, lower, MaxRelieveLooks);
        Polish(model, state, objective, cancellationToken);
        double worst = state.WorstLoad();

        double tolerance = 1 + problem.PostCopy.TolerancePercent / 100;
        AssignmentObjective Final(double leastWorst) => tolerance > 1 ? new(model, leastWorst * tolerance) : objective;
        if (tolerance > 1)
        {
            state = FewerPostCopies(model, state, Final(worst), cancellationToken);
        }

        bool isExact = false;
        if (model.VMs <= MaxExactVMs)
        {
            var exact = new ExactSearch(model, state, cancellationToken);
            exact.Run(lower, Final);
            state = exact.Best;
            lower = exact.LeastWorstLoad ?? lower;
            isExact = exact.IsProven;
        }

        return new Assignment(
            [.. model.UnitOf.Select(u => state.DestinationOf[u])], [.. state.TechniqueOf.Select(t => t!.Value)], lower, isExact);
    }

    /// <summary>The best of some assignments made outright.</summary>
    private static AssignmentState Start(
        AssignmentModel model, AssignmentBound bound, AssignmentObjective objective, CancellationToken cancellationToken)
    {
        AssignmentState? best = null;
        double[]? least = null;
        int[]? known = null;
        foreach (bool[] postCopied in Techniques(model, bound))
        {
            cancellationToken.ThrowIfCancellationRequested();
            AssignmentState? state = AssignmentPacking.TryPack(model, postCopied);
            if (state is null)
            {
                known ??= Destinations(model, cancellationToken);
                state = AssignmentPacking.At(model, postCopied, known);
            }

            double[] vector = objective.Vector(state);
            if (least is null || AssignmentObjective.Compare(vector, least) < 0)
            {
                (best, least) = (state, vector);
            }
        }

        return best!;
    }

    private static int[] Destinations(AssignmentModel model, CancellationToken cancellationToken)
    {
        (Feasibility answer, int[]? destinations) = AssignmentFeasibility.Decide(model, cancellationToken);
        return destinations ?? throw new NoAssignmentException(isProven: answer == Feasibility.Impossible);
    }

    private static IEnumerable<bool[]> Techniques(AssignmentModel model, AssignmentBound bound)
    {
        yield return new bool[model.VMs];
        bool[] all = new bool[model.VMs];
        Array.Fill(all, true);
        yield return all;
        foreach (double slack in Slacks)
        {
            bool[] postCopied = new bool[model.VMs];
            foreach (SourceFrontier source in bound.Sources)
            {
                foreach (int vm in source.PostCopied(model.MaxLoad(source.Source, bound.Value * (1 + slack))))
                {
                    postCopied[vm] = true;
                }
            }

            yield return postCopied;
        }
    }

    private static void Polish(
        AssignmentModel model, AssignmentState state, AssignmentObjective objective, CancellationToken cancellationToken)
    {
        var polish = new LocalPolish(model, state, objective, MaxPolishLooks, cancellationToken);
        polish.PreCopyMore();
        polish.Arrange();
    }

    /// <summary>Fewer post-copies within the limit of an objective, then the rest of it; of two ways the better.</summary>
    private static AssignmentState FewerPostCopies(
        AssignmentModel model, AssignmentState state, AssignmentObjective objective, CancellationToken cancellationToken)
    {
        AssignmentState? best = null;
        foreach (AssignmentState? start in new[] { FewestPostCopies(model, objective), state.Copy() })
        {
            if (start is null || start.WorstLoad() > objective.WorstLimit)
            {
                continue;
            }

            var polish = new LocalPolish(model, start, objective, MaxPolishLooks, cancellationToken);
            bool improved = true;
            while (improved)
            {
                improved = polish.PreCopyMore() | polish.PreCopyTwoForOne();
            }

            new LocalSearch(model, start, objective, MaxRelieveLooks, cancellationToken).RelieveLinks();
            Polish(model, start, objective, cancellationToken);
            if (best is null || AssignmentObjective.Compare(objective.Vector(start), objective.Vector(best)) < 0)
            {
                best = start;
            }
        }

        return best!;
    }

    /// <summary>Post-copies that every source needs to keep the limit: those with the largest Tx, as few as possible.</summary>
    private static AssignmentState? FewestPostCopies(AssignmentModel model, AssignmentObjective objective)
    {
        bool[] postCopied = new bool[model.VMs];
        long[] load = [.. Enumerable.Range(0, model.Sources).Select(s => model.Background[s]
            + Enumerable.Range(0, model.VMs).Where(v => model.Source[v] == s && model.CanPreCopy[v]).Sum(v => model.Tx[v]))];
        foreach (int vm in Enumerable.Range(0, model.VMs).Where(v => model.CanPreCopy[v] && model.CanPostCopy[v]).OrderByDescending(v => model.Tx[v]))
        {
            if (load[model.Source[vm]] > model.MaxLoad(model.Source[vm], objective.WorstLimit!.Value))
            {
                postCopied[vm] = true;
                load[model.Source[vm]] -= model.Tx[vm];
            }
        }

        return AssignmentPacking.TryPack(model, postCopied);
    }
}
