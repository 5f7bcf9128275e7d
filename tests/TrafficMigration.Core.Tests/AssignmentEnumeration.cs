using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>All techniques and destinations of all VMs: the oracle for the assignment solver, written from the objective's definition.</summary>
internal static class AssignmentEnumeration
{
    /// <summary>The best assignment in every objective; <see langword="null"/> where none is allowed.</summary>
    public static (int[] Destinations, Technique[] Techniques)? Best(AssignmentProblem problem)
    {
        var allowed = All(problem).Select(a => (Choice: a, Vector: Vector(problem, a.Destinations, a.Techniques))).ToList();
        if (allowed.Count == 0)
        {
            return null;
        }

        double tolerance = 1 + problem.PostCopy.TolerancePercent / 100;
        double limit = allowed.Min(a => a.Vector[0]) * tolerance;
        int links = problem.Sources.Count + problem.Destinations.Count;
        // All are made in the order of preference, so of equal ones the first is the best.
        return (tolerance > 1
            ? allowed.Where(a => a.Vector[0] <= limit).MinBy(a => a.Vector.Prepend(a.Vector[links]).ToArray(), Lexicographic)
            : allowed.MinBy(a => a.Vector, Lexicographic)).Choice;
    }

    /// <summary>The relative loads of all links, the worst first; then post-copies, loads afterwards, incoming memory.</summary>
    public static double[] Vector(AssignmentProblem problem, IReadOnlyList<int> destinations, IReadOnlyList<Technique> techniques)
    {
        double[] capacity = [.. problem.Destinations.Select(d => (double)d.Capacity)];
        IEnumerable<int> vms = Enumerable.Range(0, problem.VMs.Count);
        long At(int d, Func<AssignmentVM, long> figure) => vms.Where(v => destinations[v] == d).Sum(v => figure(problem.VMs[v]));
        double[] afterwards = [.. problem.Destinations.Select((host, d) =>
        {
            long load = Math.Max(host.BackgroundRx + At(d, v => v.RxBitsPerSecond), host.BackgroundTx + At(d, v => v.TxBitsPerSecond));
            return host.Capacity == 1 ? load : Math.Ceiling(load * 100.0 / host.Capacity);
        })];
        return
        [
            .. Loads(problem, destinations, techniques).OrderDescending(),
            techniques.Count(t => t == Technique.PostCopy),
            .. afterwards.OrderDescending(),
            .. problem.Destinations.Select((_, d) => At(d, v => v.MemoryBytes) / capacity[d]).OrderDescending(),
        ];
    }

    /// <summary>The relative load of every link, sources first.</summary>
    public static double[] Loads(AssignmentProblem problem, IReadOnlyList<int> destinations, IReadOnlyList<Technique> techniques)
    {
        IEnumerable<int> vms = Enumerable.Range(0, problem.VMs.Count);
        return
        [
            .. problem.Sources.Select((link, s) => (link.Background + vms
                .Where(v => problem.VMs[v].Source == s && techniques[v] == Technique.PreCopy).Sum(v => problem.VMs[v].TxBitsPerSecond))
                / (double)link.Capacity),
            .. problem.Destinations.Select((host, d) => !destinations.Contains(d) ? 0 : (host.BackgroundRx + vms
                .Where(v => destinations[v] == d && techniques[v] == Technique.PostCopy).Sum(v => problem.VMs[v].RxBitsPerSecond))
                / (double)host.Capacity),
        ];
    }

    /// <summary>Whether an assignment obeys every constraint.</summary>
    public static bool Obeys(AssignmentProblem problem, IReadOnlyList<int> destinations, IReadOnlyList<Technique> techniques)
    {
        for (int v = 0; v < problem.VMs.Count; v++)
        {
            AssignmentVM vm = problem.VMs[v];
            bool post = techniques[v] == Technique.PostCopy;
            if (vm.AllowedDestinations?.Contains(destinations[v]) == false
                || (post ? !vm.PostCopyAllowed || !problem.Destinations[destinations[v]].PostCopyAllowed : !vm.PreCopyAllowed))
            {
                return false;
            }
        }

        return techniques.Count(t => t == Technique.PostCopy) <= (problem.PostCopy.MaxPostCopy ?? int.MaxValue)
            && HaveRoomAndGroups(problem, destinations);
    }

    private static bool HaveRoomAndGroups(AssignmentProblem problem, IReadOnlyList<int> destinations) =>
        problem.Destinations.Select((host, d) => (host, vms: problem.VMs.Where((_, v) => destinations[v] == d).ToArray())).All(x =>
            x.vms.Sum(v => v.MemoryBytes) <= (x.host.FreeMemoryBytes ?? long.MaxValue)
            && x.vms.Sum(v => v.VCpus) <= (x.host.FreeVCpus ?? int.MaxValue))
        && problem.Separate.All(g => g.Distinct().Select(v => destinations[v]).Distinct().Count() == g.Distinct().Count())
        && problem.Together.All(g => g.Select(v => destinations[v]).Distinct().Count() <= 1);

    /// <summary>Whether any destinations obey room, groups and what VMs and techniques allow.</summary>
    public static bool IsPossible(AssignmentProblem problem) => All(problem).Any();

    private static IEnumerable<(int[] Destinations, Technique[] Techniques)> All(AssignmentProblem problem)
    {
        int options = 2 * problem.Destinations.Count;
        long count = 1;
        for (int v = 0; v < problem.VMs.Count; v++)
        {
            count *= options;
        }

        var destinations = new int[problem.VMs.Count];
        var techniques = new Technique[problem.VMs.Count];
        for (long number = 0; number < count; number++)
        {
            long rest = number;
            for (int v = problem.VMs.Count - 1; v >= 0; v--)
            {
                int option = (int)(rest % options);
                rest /= options;
                techniques[v] = option < problem.Destinations.Count ? Technique.PreCopy : Technique.PostCopy;
                destinations[v] = option % problem.Destinations.Count;
            }

            if (Obeys(problem, destinations, techniques))
            {
                yield return ([.. destinations], [.. techniques]);
            }
        }
    }

    private static readonly Comparer<double[]> Lexicographic = Comparer<double[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));
}
