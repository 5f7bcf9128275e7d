namespace TrafficMigration.Planning;

/// <summary>Figures as sentences show them.</summary>
internal static class Figures
{
    public static string Mbps(long bitsPerSecond) => bitsPerSecond is 0 or >= 100_000
        ? FormattableString.Invariant($"{bitsPerSecond / 1e6:0.#} Mbps")
        : FormattableString.Invariant($"{bitsPerSecond / 1e3:0.#} kbps");

    public static string GiB(long bytes) => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.0} GiB");

    public static string Seconds(TimeSpan span) => FormattableString.Invariant($"{span.TotalSeconds:0.0} s");
}
