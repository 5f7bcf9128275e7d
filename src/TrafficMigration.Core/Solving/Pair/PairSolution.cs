namespace TrafficMigration.Solving;

/// <summary>The result of one search.</summary>
/// <param name="Choice">Techniques, loads and what is proven.</param>
/// <param name="WorstIsProven">Whether the worse load is proven to be the least one.</param>
internal sealed record PairSolution(TechniqueChoice Choice, bool WorstIsProven)
{
    /// <summary>Runs a search and sums it up.</summary>
    /// <param name="instance">The problem.</param>
    /// <param name="search">The search, not yet run.</param>
    /// <param name="bound">Its bound.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The best choice found; <see langword="null"/> if none keeps to the limits.</returns>
    public static PairSolution? Of(PairInstance instance, CoreSearch search, CompletionBound bound, CancellationToken cancellationToken)
    {
        search.Run(cancellationToken);
        if (search.Incumbent.Objective is null)
        {
            return null;
        }

        CoreState best = search.Incumbent.State;
        Int128 source = search.Incumbent.SourceLoad(best);
        Int128 destination = search.Incumbent.DestinationLoad(best);
        double relative = instance.RelativeLoad(source, destination);
        bool worstIsProven = search.Undecided.All(s => !bound.MayImprove(s, worstOnly: true));
        double least = worstIsProven ? relative : Math.Min(relative, search.Undecided.Min(s => bound.LowerBound(s)));
        var choice = new TechniqueChoice(
            instance.Techniques(search.Flips.PostCopied(best.Flip)), checked((long)source), checked((long)destination),
            least, IsExact: search.Undecided.Count == 0);
        return new PairSolution(choice, worstIsProven);
    }
}
