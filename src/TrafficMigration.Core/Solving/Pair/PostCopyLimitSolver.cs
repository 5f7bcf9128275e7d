using System.Numerics;

namespace TrafficMigration.Solving;

/// <summary>Solves the problem with at most so many post-copies, and finds how few of them will do.</summary>
internal sealed class PostCopyLimitSolver(PairInstance instance, SearchBudget budget)
{
    /// <summary>The best choice with at most so many of the free VMs post-copied.</summary>
    /// <param name="maxPostCopies">The limit.</param>
    /// <param name="limit">Worse load not to be exceeded, on the instance's common scale; <see langword="null"/> for any.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The choice and what is proven; no choice if none within the limit was found.</returns>
    public (PairSolution? Solution, bool IsProven) Solve(int maxPostCopies, Int128? limit, CancellationToken cancellationToken)
    {
        LagrangeWeights weights = LagrangeWeights.For(instance.Relaxed(maxPostCopies));
        var order = new SplitOrder(
            instance, (a, b) => weights.Saving(b).CompareTo(weights.Saving(a)),
            (vm, source, destination, postCopies) => postCopies < maxPostCopies
                && (weights.Saving(vm) > 0 || (weights.Saving(vm) == 0 && instance.SourceIsWorse(source, destination))));
        var bound = new LagrangeBound(instance, order, weights, maxPostCopies);
        var search = new CoreSearch(instance, bound, new Incumbent(instance, order, maxPostCopies, limit), budget);
        PairSolution? solution = PairSolution.Of(instance, search, bound, cancellationToken);
        return (solution, solution?.Choice.IsExact ?? search.Undecided.Count == 0);
    }

    /// <summary>Among choices near the least worse load the one with fewest post-copies.</summary>
    /// <param name="least">The choice with the least worse load.</param>
    /// <param name="tolerancePercent">How far above that load a choice may be.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <remarks>
    /// Fewest post-copies within the tolerance are the least limit on post-copies under which it can be kept, and the
    /// best choice under that limit is the one wanted. Limits that the relaxation rules out are skipped.
    /// </remarks>
    public TechniqueChoice Fewest(PairSolution least, double tolerancePercent, CancellationToken cancellationToken)
    {
        TechniqueChoice choice = least.Choice;
        Int128 limit = WithTolerance(
            instance.Objective(choice.SourceContention, choice.DestinationContention, 0).Worst, tolerancePercent);
        int enough = choice.Techniques.Count(t => t == Technique.PostCopy) - instance.SettledPostCopies;
        bool proven = least.WorstIsProven;
        int step = 1;
        for (int k = FirstNotRuledOut(limit, enough, cancellationToken); k < enough; k += step)
        {
            (PairSolution? found, bool isProven) = Solve(k, limit, cancellationToken);
            proven &= isProven;
            if (found is not null)
            {
                return found.Choice with { RelativeBound = choice.RelativeBound, IsExact = proven };
            }

            // Without a proof there is no hope to go through all of them.
            step = isProven ? 1 : step * 2;
        }

        return choice with { IsExact = proven && choice.IsExact };
    }

    private int FirstNotRuledOut(Int128 limit, int enough, CancellationToken cancellationToken)
    {
        Int128 source = limit / instance.DestinationCapacity;
        Int128 destination = limit / instance.SourceCapacity;
        int low = 0;
        int high = enough;
        while (low < high)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int middle = low + ((high - low) / 2);
            Relaxation relaxed = instance.Relaxed(middle);
            LagrangeWeights weights = LagrangeWeights.For(relaxed);
            if (weights.Least(relaxed) > weights.Price(source, destination, middle))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A load and so many per cent of it, rounded down; exact for per cents of up to 12 decimal places.</summary>
    private static Int128 WithTolerance(Int128 load, double percent)
    {
        const long Steps = 1_000_000_000_000;
        BigInteger whole = (BigInteger)100 * Steps;
        BigInteger limit = (BigInteger)load * (whole + new BigInteger((decimal)percent * Steps)) / whole;
        return limit < Int128.MaxValue ? (Int128)limit : Int128.MaxValue;
    }
}
