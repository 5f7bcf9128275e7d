using TrafficMigration.Solving;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Chooses destinations and techniques of least contention under a request's wishes, and says which wishes are in the way.</summary>
internal sealed class Decider(Site site, Wish[] wishes, PlanRequest request, CancellationToken cancellationToken)
{
    /// <summary>The problem as it was solved last: what the wishes leave open.</summary>
    public AssignmentProblem Problem { get; private set; } = null!;

    /// <summary>VMs that are post-copied because their pre-copy would never end.</summary>
    public IReadOnlySet<int> Endless { get; private set; } = new HashSet<int>();

    /// <summary>The decision of least contention.</summary>
    /// <param name="forecast">Tells which pre-copies would never end; those VMs are post-copied where they can be.</param>
    /// <exception cref="MigrationException"><c>WishesInConflict</c> and the errors of missing room.</exception>
    public Decision Decide(Forecast forecast)
    {
        Decision decision = DecideToEnd(forecast);
        decision = request.Strategy == Strategy.TrafficSensitive ? WithWritersPostCopied(decision) : decision;
        return new GangSearch(site, Problem, forecast, request, cancellationToken).From(decision);
    }

    /// <summary>What no decision under the same wishes, by whichever strategy, can be better than.</summary>
    public double RelativeBound()
    {
        PlanRequest free = request with
        {
            Strategy = Strategy.TrafficSensitive, Wishes = request.Wishes with { ContentionTolerancePercent = 0 },
        };
        return ProblemBuilder.Build(site, wishes, free, new HashSet<int>()) is { } problem ? Solve(problem).RelativeBound : 0;
    }

    private Decision DecideToEnd(Forecast forecast)
    {
        while (true)
        {
            if (ProblemBuilder.Build(site, wishes, request, Endless) is not { } problem)
            {
                throw Impossible(isProven: true);
            }

            Problem = problem;
            Decision decision = SolveWithoutNoise(problem);
            if (request.Strategy != Strategy.TrafficSensitive || !forecast.AnyDirty
                || forecast.Run(decision, Schedule.ByName(site.VMs.Length, request.Budget), null, cancellationToken) is not { } run)
            {
                return decision;
            }

            // A pre-copy that never ends is worse than any contention. One at a time would be gentler, but what one
            // post-copy frees for the others is little beside what they lack.
            int[] endless = [.. Enumerable.Range(0, site.VMs.Length).Where(i =>
                run.Migrations[i] is { Duration: null, DisksAreMirrored: true } && decision.Techniques[i] == Technique.PreCopy && problem.VMs[i].PostCopyAllowed)];
            var more = new HashSet<int>(Endless.Union(endless));
            if (more.Count == Endless.Count || ProblemBuilder.Build(site, wishes, request, more) is null)
            {
                return decision;
            }

            Endless = more;
        }
    }

    /// <summary>The decision for real traffic only; the bound is that of all traffic.</summary>
    private Decision SolveWithoutNoise(AssignmentProblem problem)
    {
        Decision exact = Solve(problem);
        return ProblemBuilder.WithoutNoise(problem, site) is { } quiet ? Solve(quiet) with { RelativeBound = exact.RelativeBound } : exact;
    }

    /// <summary>
    /// The decision with VMs post-copied that have next to no traffic and write much: contention is the same either way,
    /// and a pre-copy would send again what they write. Those that write most come first where post-copies are limited.
    /// </summary>
    private Decision WithWritersPostCopied(Decision decision)
    {
        // Whoever gives up contention for fewer post-copies wants none that contention does not ask for.
        if (request.Wishes.ContentionTolerancePercent > 0)
        {
            return decision;
        }

        Technique[] techniques = [.. decision.Techniques];
        int left = (Problem.PostCopy.MaxPostCopy ?? int.MaxValue) - techniques.Count(t => t == Technique.PostCopy);
        IEnumerable<int> writers = Enumerable.Range(0, techniques.Length)
            .Where(i => techniques[i] == Technique.PreCopy && site.IsIdle(i) && site.WritesMuch(i, decision.Destinations[i])
                && Problem.VMs[i].PostCopyAllowed && Problem.Destinations[decision.Destinations[i]].PostCopyAllowed)
            .OrderByDescending(i => site.VMs[i].DirtyBytesPerSecond)
            .Take(left);
        foreach (int i in writers.ToArray()) // the techniques that it looks at change
        {
            techniques[i] = Technique.PostCopy;
        }

        return decision with { Techniques = techniques };
    }

    private Decision Solve(AssignmentProblem problem)
    {
        if (problem is { Sources.Count: 1, Destinations.Count: 1, Separate.Count: 0 })
        {
            CheckRoom(problem);
            TechniqueChoice choice = TechniqueSolver.Solve(
                [.. problem.VMs.Select(v => new VMLoad(
                    v.TxBitsPerSecond, v.RxBitsPerSecond, v.PostCopyAllowed && problem.Destinations[0].PostCopyAllowed, v.PreCopyAllowed))],
                new LinkPair(
                    problem.Sources[0].Background, problem.Destinations[0].BackgroundRx,
                    problem.Sources[0].Capacity, problem.Destinations[0].Capacity),
                problem.PostCopy,
                cancellationToken);
            return new Decision(new int[problem.VMs.Count], [.. choice.Techniques], choice.RelativeBound);
        }

        try
        {
            Assignment assignment = AssignmentSolver.Solve(problem, cancellationToken);
            return new Decision([.. assignment.Destinations], [.. assignment.Techniques], assignment.RelativeBound);
        }
        catch (NoAssignmentException e)
        {
            throw Impossible(e.IsProven);
        }
    }

    private void CheckRoom(AssignmentProblem problem)
    {
        DestinationHost host = problem.Destinations[0];
        if (problem.VMs.Sum(v => v.MemoryBytes) > host.FreeMemoryBytes || problem.VMs.Sum(v => v.VCpus) > host.FreeVCpus)
        {
            throw NoRoom(problem, isProven: true);
        }
    }

    /// <summary>The error that names the smallest set of wishes in conflict; or, where no wish is to blame, the room that is missing.</summary>
    private MigrationException Impossible(bool isProven)
    {
        IReadOnlyList<int>? conflict = ConflictFinder.Smallest(
            wishes.Length,
            kept => ProblemBuilder.Build(site, [.. kept.Select(w => wishes[w])], request, new HashSet<int>()) is { } problem
                && AssignmentFeasibility.Decide(problem, cancellationToken).Answer != Feasibility.Impossible,
            cancellationToken);
        return conflict is { Count: > 0 }
            ? Failures.WishesInConflict([.. conflict.Select(w => wishes[w].Text)])
            : NoRoom(ProblemBuilder.Build(site, [], request, new HashSet<int>())!, isProven && conflict is not null);
    }

    private MigrationException NoRoom(AssignmentProblem problem, bool isProven)
    {
        long memory = problem.VMs.Sum(v => v.MemoryBytes);
        long vCpus = problem.VMs.Sum(v => (long)v.VCpus);
        IReadOnlyList<DestinationHost> hosts = problem.Destinations;
        if (hosts.Count == 1 && memory > hosts[0].FreeMemoryBytes)
        {
            return Failures.DestinationWithoutRoom(site.Destinations[0].HostName, memory, hosts[0].FreeMemoryBytes!.Value);
        }

        for (int i = 0; i < problem.VMs.Count; i++)
        {
            AssignmentVM vm = problem.VMs[i];
            if (hosts.All(h => vm.MemoryBytes > h.FreeMemoryBytes || vm.VCpus > h.FreeVCpus))
            {
                VMTrafficRate rate = site.VMs[i];
                return Failures.NoDestinationForVM(
                    rate.HostName, rate.VMName,
                    FormattableString.Invariant($"it has {Figures.GiB(vm.MemoryBytes)} of memory and {vm.VCpus} vCPUs, the emptiest destination {Figures.GiB(hosts.Max(h => h.FreeMemoryBytes ?? 0))} and room for {hosts.Max(h => h.FreeVCpus ?? 0)} vCPUs"));
            }
        }

        string free = FormattableString.Invariant(
            $"the VMs need {Figures.GiB(memory)} of memory and {vCpus} vCPUs; free are {Figures.GiB(hosts.Sum(h => h.FreeMemoryBytes ?? 0))} and {hosts.Sum(h => (long)(h.FreeVCpus ?? 0))}, each VM whole on one host, VMs of one name on different ones");
        return Failures.NoDestinationWithRoom(free, isProven);
    }
}
