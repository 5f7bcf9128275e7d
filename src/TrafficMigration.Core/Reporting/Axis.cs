namespace TrafficMigration.Reporting;

/// <summary>Where an axis has its lines: at round figures.</summary>
internal static class Axis
{
    private static readonly double[] RoundSeconds =
        [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

    /// <summary>From 0 up to at most <paramref name="top"/>, four or five of them.</summary>
    public static IReadOnlyList<double> Values(double top)
    {
        if (!(top > 0))
        {
            return [0];
        }

        double power = Math.Pow(10, Math.Floor(Math.Log10(top / 4)));
        double step = new[] { 1, 2, 2.5, 5, 10 }.Select(s => s * power).First(s => top / s < 5.5);
        return [.. Enumerable.Range(0, (int)Math.Floor((top / step) + 1e-9) + 1).Select(i => i * step)];
    }

    /// <summary>From 0 up to at most <paramref name="length"/>, at most seven of them: more would not fit on a telephone.</summary>
    public static IReadOnlyList<TimeSpan> Times(TimeSpan length)
    {
        double step = RoundSeconds.FirstOrDefault(s => length.TotalSeconds / s <= 6, 86400 * Math.Ceiling(length.TotalDays / 6));
        return [.. Enumerable.Range(0, (int)Math.Floor((length.TotalSeconds / step) + 1e-9) + 1).Select(i => TimeSpan.FromSeconds(i * step))];
    }
}
