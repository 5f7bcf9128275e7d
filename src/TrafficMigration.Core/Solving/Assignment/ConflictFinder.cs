namespace TrafficMigration.Solving;

/// <summary>Finds out which wishes cannot be met together.</summary>
internal static class ConflictFinder
{
    // Triples of 30 wishes are 4060 questions, each of them a search of its own; more would keep an operator waiting.
    private const int MaxQuestions = 5000;

    /// <summary>
    /// The smallest set of wishes in conflict if it has up to three (and there are not too many wishes to try all of
    /// them), otherwise a set from which no wish can be left out.
    /// </summary>
    /// <remarks>The minimal set comes by deletion filtering (Chinneck, "Feasibility and Infeasibility in Optimization", 2008, ch. 6).</remarks>
    /// <param name="wishCount">Number of wishes.</param>
    /// <param name="isFeasible">Whether the wishes with these indices can be met together; what is not known counts as yes.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>
    /// Indices in rising order; an empty set where it is impossible even without any wish; <see langword="null"/>
    /// where all wishes can be met.
    /// </returns>
    public static IReadOnlyList<int>? Smallest(
        int wishCount, Func<IReadOnlyList<int>, bool> isFeasible, CancellationToken cancellationToken = default)
    {
        int[] all = [.. Enumerable.Range(0, wishCount)];
        if (isFeasible(all))
        {
            return null;
        }

        if (wishCount == 0 || !isFeasible([]))
        {
            return [];
        }

        List<int> minimal = [.. all];
        foreach (int wish in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] without = [.. minimal.Where(w => w != wish)];
            if (!isFeasible(without))
            {
                minimal = [.. without];
            }
        }

        int questions = 0;
        for (int size = 1; size <= 3 && size < minimal.Count; size++)
        {
            foreach (int[] set in Subsets(wishCount, size))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (++questions > MaxQuestions)
                {
                    return minimal;
                }

                if (!isFeasible(set))
                {
                    return set;
                }
            }
        }

        return minimal;
    }

    /// <summary>All subsets of one size, in lexicographic order.</summary>
    private static IEnumerable<int[]> Subsets(int count, int size)
    {
        int[] set = [.. Enumerable.Range(0, size)];
        while (true)
        {
            yield return [.. set];
            int at = size - 1;
            while (at >= 0 && set[at] == count - size + at)
            {
                at--;
            }

            if (at < 0)
            {
                yield break;
            }

            set[at]++;
            for (int i = at + 1; i < size; i++)
            {
                set[i] = set[i - 1] + 1;
            }
        }
    }
}
