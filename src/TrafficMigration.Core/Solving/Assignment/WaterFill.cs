namespace TrafficMigration.Solving;

/// <summary>
/// The lexicographically least loads that some vessels can end up with when a volume is poured into them: every
/// way to deal out the volume, in parts that cannot be divided too, gives sorted loads that are no less.
/// </summary>
internal static class WaterFill
{
    // Levels are a quotient of sums; they are lowered by more than that errs, so that a bound stays one.
    private const double Safety = 1e-12;

    /// <summary>The level that the lowest vessels are raised to.</summary>
    /// <param name="levels">Relative loads before; positive infinity for a vessel that takes nothing.</param>
    /// <param name="capacities">Capacity of each vessel.</param>
    /// <param name="volume">What is poured, in units of load.</param>
    /// <returns>The level, rounded down; 0 where nothing is poured.</returns>
    public static double Level(ReadOnlySpan<double> levels, ReadOnlySpan<double> capacities, double volume)
    {
        if (volume <= 0)
        {
            return 0;
        }

        // The level falls with every vessel that turns out to be above it, down to the one that fits.
        double level = double.PositiveInfinity;
        while (true)
        {
            double sum = volume;
            double capacity = 0;
            for (int i = 0; i < levels.Length; i++)
            {
                if (levels[i] < level)
                {
                    sum += levels[i] * capacities[i];
                    capacity += capacities[i];
                }
            }

            double next = sum / capacity;
            if (!(next < level))
            {
                return level * (1 - Safety);
            }

            level = next;
        }
    }

    /// <summary>Raises whole-numbered levels until they hold a volume in all, in whole steps.</summary>
    /// <param name="levels">Levels before and after; whole numbers.</param>
    /// <param name="capacities">Volume of one step in each vessel.</param>
    /// <param name="total">What all vessels must hold, what is in them included.</param>
    public static void RaiseInSteps(Span<double> levels, ReadOnlySpan<double> capacities, double total)
    {
        double held = 0;
        double capacity = 0;
        for (int i = 0; i < levels.Length; i++)
        {
            held += levels[i] * capacities[i];
            capacity = Math.Max(capacity, capacities[i]);
        }

        double missing = total * (1 - Safety) - held;
        if (missing <= 0)
        {
            return;
        }

        double level = Math.Ceiling(Level(levels, capacities, missing) * (1 - Safety));
        bool areEqual = true;
        double missingBelow = missing;
        int below = 0;
        for (int i = 0; i < levels.Length; i++)
        {
            if (levels[i] < level)
            {
                areEqual &= capacities[i] == capacity;
                missingBelow -= (level - 1 - levels[i]) * capacities[i];
                below++;
            }
        }

        // So many must be at the level at least; which ones does not matter to sorted levels if they are alike.
        // Where they are not, the rest may be lower still: they are left as they are.
        int raised = Math.Clamp((int)Math.Ceiling(missingBelow / capacity * (1 - Safety)), below > 0 ? 1 : 0, below);
        AssignmentObjective.SortDescending(levels);
        for (int i = levels.Length - below; i < levels.Length; i++)
        {
            levels[i] = raised-- > 0 ? level : areEqual ? Math.Max(levels[i], level - 1) : levels[i];
        }
    }
}
