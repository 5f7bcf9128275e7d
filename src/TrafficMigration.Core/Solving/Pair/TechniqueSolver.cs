namespace TrafficMigration.Solving;

/// <summary>
/// Chooses the technique of every VM between one source and one destination, with the least contention proven.
/// </summary>
/// <remarks>
/// <para>
/// The model is that of Deshpande and Keahey (CCGrid 2015): source contention is the sum of Tx over the VMs
/// with pre-copy, destination contention the sum of Rx over those with post-copy, background added to each; the
/// larger one counts, relative to its link's capacity. That is makespan on two unrelated machines (R2||Cmax), weakly
/// NP-hard. The objective is lexicographic: the worse link, then the other link, then fewest post-copies, then
/// pre-copy for the VM that comes first in the input.
/// </para>
/// <para>
/// <see cref="CoreSearch"/> proves the optimum by deciding only the VMs near the one at which the LP relaxation goes
/// over from post-copy to pre-copy: some dozens of 100,000. Where very many choices are equally good, down to the
/// last bit/s, the proof can take more than the budget; then the result says so.
/// </para>
/// </remarks>
public static class TechniqueSolver
{
    private const double MaxTolerancePercent = 1e15;

    /// <summary>Finds the optimal techniques.</summary>
    /// <param name="vms">The VMs; where all else is equal, an earlier one gets pre-copy before a later one.</param>
    /// <param name="links">Background and capacities.</param>
    /// <param name="wish">How many post-copies may be, and what fewer of them are worth.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The best choice found, and what is proven of it.</returns>
    /// <exception cref="ArgumentException">
    /// A VM is allowed neither technique, or more VMs cannot be pre-copied than may be post-copied.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A rate or capacity is below 0 (a capacity: below 1) or above 10^15 bit/s, or a wish is below 0.
    /// </exception>
    /// <exception cref="OverflowException">A contention of the best choice is above 2^63 bit/s.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TechniqueChoice Solve(
        IReadOnlyList<VMLoad> vms, LinkPair links, PostCopyWish wish = default, CancellationToken cancellationToken = default) =>
        Solve(vms, links, wish, new SearchBudget(), cancellationToken);

    /// <summary>The same with another budget: once for the loads, and once more for the wish.</summary>
    internal static TechniqueChoice Solve(
        IReadOnlyList<VMLoad> vms, LinkPair links, PostCopyWish wish, SearchBudget budget, CancellationToken cancellationToken)
    {
        Check(vms, wish);
        PairSolution least = Unlimited(vms, links, budget with { }, cancellationToken);
        bool isWithinLimit = !(least.Choice.Techniques.Count(t => t == Technique.PostCopy) > wish.MaxPostCopy);
        if (isWithinLimit && wish.TolerancePercent == 0)
        {
            return least.Choice;
        }

        PairInstance instance = PairInstance.Of(vms, links, postCopiesAreLimited: true);
        var solver = new PostCopyLimitSolver(instance, budget with { });
        if (!isWithinLimit)
        {
            least = solver.Solve(wish.MaxPostCopy!.Value - instance.SettledPostCopies, limit: null, cancellationToken).Solution!;
        }

        return wish.TolerancePercent == 0 ? least.Choice : solver.Fewest(least, wish.TolerancePercent, cancellationToken);
    }

    private static PairSolution Unlimited(
        IReadOnlyList<VMLoad> vms, LinkPair links, SearchBudget budget, CancellationToken cancellationToken)
    {
        PairInstance instance = PairInstance.Of(vms, links, postCopiesAreLimited: false);
        // The relaxed optimum: post-copy by falling Tx/Rx for as long as the source is the worse link.
        var order = new SplitOrder(
            instance, (a, b) => ((Int128)b.Tx * a.Rx).CompareTo((Int128)a.Tx * b.Rx),
            (_, source, destination, _) => instance.SourceIsWorse(source, destination));
        var bound = new ConeBound(instance);
        var search = new CoreSearch(instance, bound, new Incumbent(instance, order), budget);
        return PairSolution.Of(instance, search, bound, cancellationToken)!;
    }

    private static void Check(IReadOnlyList<VMLoad> vms, PostCopyWish wish)
    {
        if (!(wish.TolerancePercent is >= 0 and <= MaxTolerancePercent) || wish.MaxPostCopy < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(wish), wish, "The limit and the tolerance are 0 or more.");
        }

        int must = vms.Count(vm => !vm.PreCopyAllowed);
        if (must > wish.MaxPostCopy)
        {
            throw new ArgumentException($"{must} VMs cannot be pre-copied, but at most {wish.MaxPostCopy} may be post-copied.", nameof(wish));
        }
    }
}
