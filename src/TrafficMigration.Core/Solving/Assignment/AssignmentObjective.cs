namespace TrafficMigration.Solving;

/// <summary>What is wanted of an assignment, as a vector that is to be made lexicographically least.</summary>
/// <remarks>
/// Relative loads are doubles here as everywhere: two that differ by less than one part in 2^53 are equal. A link that
/// is not used counts as a load of 0.
/// </remarks>
/// <param name="model">The problem.</param>
/// <param name="worstLimit">
/// With a tolerance: the worst relative load up to which fewer post-copies come before everything else;
/// otherwise <see langword="null"/>.
/// </param>
internal sealed class AssignmentObjective(AssignmentModel model, double? worstLimit)
{
    /// <summary>The limit up to which fewer post-copies come first.</summary>
    public double? WorstLimit { get; } = worstLimit;

    /// <summary>Where the links' loads begin in <see cref="Vector"/>; before them an excess over the limit, and the post-copies if they come first.</summary>
    public int LinksAt => WorstLimit is null ? 1 : 2;

    /// <summary>Where the number of post-copies is.</summary>
    public int CountAt => WorstLimit is null ? 1 + model.Links : 1;

    /// <summary>Where the destinations' loads afterwards begin; memory follows them.</summary>
    public int AfterwardsAt => 2 + model.Links;

    /// <summary>The objective of a complete state.</summary>
    public double[] Vector(AssignmentState state)
    {
        var vector = new double[2 + model.Links + 2 * model.Destinations];
        for (int link = 0; link < model.Links; link++)
        {
            vector[LinksAt + link] = state.RelativeLoad(link);
        }

        for (int d = 0; d < model.Destinations; d++)
        {
            vector[AfterwardsAt + d] = state.LoadAfterwards(d);
            vector[AfterwardsAt + model.Destinations + d] = state.RelativeMemory(d);
        }

        vector[CountAt] = state.PostCopies;
        SortDescending(vector.AsSpan(LinksAt, model.Links));
        SortDescending(vector.AsSpan(AfterwardsAt, model.Destinations));
        SortDescending(vector.AsSpan(AfterwardsAt + model.Destinations, model.Destinations));
        double worst = model.Links > 0 ? vector[LinksAt] : 0;
        vector[0] = worst > WorstLimit ? worst : 0;
        return vector;
    }

    /// <summary>Lexicographic comparison.</summary>
    public static int Compare(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => a.SequenceCompareTo(b);

    /// <summary>Sorts a few numbers, largest first.</summary>
    public static void SortDescending(Span<double> values)
    {
        for (int i = 1; i < values.Length; i++)
        {
            double value = values[i];
            int at = i;
            for (; at > 0 && values[at - 1] < value; at--)
            {
                values[at] = values[at - 1];
            }

            values[at] = value;
        }
    }
}
