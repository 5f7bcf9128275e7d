using TrafficMigration.Solving;

namespace TrafficMigration.Planning;

/// <summary>What a decision must obey, checked on a whole decision: for searches that change one.</summary>
internal static class DecisionRules
{
    /// <summary>Whether a VM may go to a destination by a technique.</summary>
    public static bool Allows(this AssignmentProblem problem, int vm, int destination, Technique technique) =>
        (problem.VMs[vm].AllowedDestinations?.Contains(destination) ?? true)
        && (technique == Technique.PreCopy
            ? problem.VMs[vm].PreCopyAllowed
            : problem.VMs[vm].PostCopyAllowed && problem.Destinations[destination].PostCopyAllowed);

    /// <summary>Whether limits, groups and room hold.</summary>
    public static bool Allows(this AssignmentProblem problem, Decision decision)
    {
        int[] at = decision.Destinations;
        return !(decision.Techniques.Count(t => t == Technique.PostCopy) > problem.PostCopy.MaxPostCopy)
            && problem.Separate.All(g => g.Select(i => at[i]).Distinct().Count() == g.Length)
            && problem.Together.All(g => g.Select(i => at[i]).Distinct().Count() == 1)
            && Enumerable.Range(0, problem.Destinations.Count).All(d =>
                !(Sum(d, vm => vm.MemoryBytes) > problem.Destinations[d].FreeMemoryBytes)
                && !(Sum(d, vm => vm.VCpus) > problem.Destinations[d].FreeVCpus));

        long Sum(int destination, Func<AssignmentVM, long> of) => problem.VMs.Where((_, i) => at[i] == destination).Sum(of);
    }
}
