namespace TrafficMigration.Prometheus;

/// <summary>Bytes moved between two scrapes.</summary>
/// <param name="EndMilliseconds">When the interval ended, since 1970.</param>
/// <param name="Seconds">Its length; above 0.</param>
/// <param name="Bytes">The bytes; at least 0.</param>
internal readonly record struct MovedBytes(long EndMilliseconds, double Seconds, double Bytes)
{
    /// <summary>The interval's rate, bit/s.</summary>
    public double Rate => Bytes * 8 / Seconds;
}

/// <summary>What the intervals of a window say of one direction, bit/s.</summary>
/// <param name="Mean">All bytes over all the time.</param>
/// <param name="Peak">The highest rate of one interval.</param>
/// <param name="Percentile95">The rate that 95 % of the intervals did not exceed, by nearest rank.</param>
/// <param name="Current">
/// The mean with weights that halve with every quarter of the window that an interval lies before its end.
/// </param>
internal readonly record struct IntervalStatistics(long Mean, long Peak, long Percentile95, long Current)
{
    private const double HalvingsInWindow = 4;

    // More than any link, and within what a long holds: a nonsensical counter must not turn into a negative rate.
    private const double HighestRate = 9e18;

    /// <param name="intervals">At least one, oldest first.</param>
    public static IntervalStatistics Of(IReadOnlyList<MovedBytes> intervals)
    {
        double[] rates = [.. intervals.Select(i => i.Rate).Order()];
        double window = (intervals[^1].EndMilliseconds - intervals[0].EndMilliseconds) / 1000.0 + intervals[0].Seconds;
        double bytes = 0;
        double seconds = 0;
        double weightedBytes = 0;
        double weightedSeconds = 0;
        foreach (MovedBytes interval in intervals)
        {
            double age = (intervals[^1].EndMilliseconds - interval.EndMilliseconds) / 1000.0;
            double weight = Math.Pow(2, -HalvingsInWindow * age / window);
            bytes += interval.Bytes;
            seconds += interval.Seconds;
            weightedBytes += weight * interval.Bytes;
            weightedSeconds += weight * interval.Seconds;
        }

        return new IntervalStatistics(
            Bits(bytes * 8 / seconds),
            Bits(rates[^1]),
            Bits(rates[(int)Math.Ceiling(0.95 * rates.Length) - 1]),
            Bits(weightedBytes * 8 / weightedSeconds));
    }

    private static long Bits(double rate) => (long)Math.Round(Math.Min(rate, HighestRate));
}
