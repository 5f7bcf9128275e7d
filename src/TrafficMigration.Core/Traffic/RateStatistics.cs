namespace TrafficMigration.Traffic;

/// <summary>Statistics over the intervals of a window.</summary>
internal static class RateStatistics
{
    /// <summary>Time after which an interval counts for 1/e in the current value, seconds.</summary>
    private const double Memory = 10;

    /// <summary>The mean, each interval weighted by its length.</summary>
    public static Flow Mean<T>(IReadOnlyCollection<T> intervals, Func<T, double> seconds, Func<T, Flow> rate)
    {
        double total = intervals.Sum(seconds);
        return total > 0 ? intervals.Aggregate(default(Flow), (sum, i) => sum + (rate(i) * seconds(i))) * (1 / total) : default;
    }

    /// <summary>The highest rate of one interval, each direction for itself.</summary>
    public static Flow Peak(IReadOnlyCollection<VMInterval> intervals) =>
        new(intervals.Max(i => i.Uplink.Tx), intervals.Max(i => i.Uplink.Rx));

    /// <summary>The rate that 95 % of the intervals did not exceed, by the nearest rank.</summary>
    public static Flow Percentile95(IReadOnlyCollection<VMInterval> intervals) =>
        new(Percentile95(intervals.Select(i => i.Uplink.Tx)), Percentile95(intervals.Select(i => i.Uplink.Rx)));

    /// <summary>The exponentially weighted rate after one more interval, however long it was.</summary>
    /// <param name="current">The rate before; <see langword="null"/> at the first interval.</param>
    /// <param name="interval">The interval.</param>
    public static Flow Current(Flow? current, VMInterval interval)
    {
        double weight = 1 - Math.Exp(-interval.Seconds / Memory);
        return current is { } before ? (before * (1 - weight)) + (interval.Uplink * weight) : interval.Uplink;
    }

    /// <summary>A VM's rate with the statistics of its intervals put in.</summary>
    /// <param name="rate">The rate.</param>
    /// <param name="intervals">At least one interval, oldest first.</param>
    /// <param name="current">The exponentially weighted rate.</param>
    public static VMTrafficRate WithStatistics(this VMTrafficRate rate, IReadOnlyCollection<VMInterval> intervals, Flow current)
    {
        Flow mean = Mean(intervals, i => i.Seconds, i => i.Uplink);
        Flow peak = Peak(intervals);
        Flow percentile = Percentile95(intervals);
        return rate with
        {
            TxBitsPerSecond = Whole(mean.Tx),
            RxBitsPerSecond = Whole(mean.Rx),
            PeakTxBitsPerSecond = Whole(peak.Tx),
            PeakRxBitsPerSecond = Whole(peak.Rx),
            Percentile95TxBitsPerSecond = Whole(percentile.Tx),
            Percentile95RxBitsPerSecond = Whole(percentile.Rx),
            CurrentTxBitsPerSecond = Whole(current.Tx),
            CurrentRxBitsPerSecond = Whole(current.Rx),
            SampleCount = intervals.Count,
        };
    }

    /// <summary>A rate as a whole number; what no long holds, as a nonsensical counter makes it, must not turn negative.</summary>
    public static long Whole(double rate) => (long)Math.Round(Math.Min(rate, 9e18));

    private static double Percentile95(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1];
    }
}
