namespace TrafficMigration.Reporting;

/// <summary>Figures as people say them, the same in every language.</summary>
internal static class Units
{
    // Between a figure and its unit: they are not torn apart at the end of a line.
    private const char Gap = '\u00A0';

    /// <summary>What stands where a figure is not known.</summary>
    public const string Unknown = "–";

    public static string Rate(double bitsPerSecond) => bitsPerSecond switch
    {
        > 0 and < 100_000 => FormattableString.Invariant($"{bitsPerSecond / 1e3:0.#}{Gap}kbps"),
        < 100_000_000 => FormattableString.Invariant($"{bitsPerSecond / 1e6:0.#}{Gap}Mbps"),
        _ => FormattableString.Invariant($"{bitsPerSecond / 1e6:0}{Gap}Mbps"),
    };

    /// <summary>A rate for a column that is headed Mbps.</summary>
    public static string Mbps(double bitsPerSecond) => FormattableString.Invariant($"{bitsPerSecond / 1e6:0.0}");

    public static string Bytes(long bytes) => bytes >= 1L << 30
        ? FormattableString.Invariant($"{bytes / (double)(1L << 30):0.00}{Gap}GiB")
        : FormattableString.Invariant($"{bytes / (double)(1L << 20):0}{Gap}MiB");

    /// <summary>A size for a column that is headed MiB.</summary>
    public static string MiB(long? bytes) => bytes is { } known ? FormattableString.Invariant($"{known / (double)(1L << 20):0}") : Unknown;

    public static string Span(TimeSpan span) => span switch
    {
        { TotalMilliseconds: < 999.5 } => FormattableString.Invariant($"{span.TotalMilliseconds:0}{Gap}ms"),
        { TotalMinutes: < 10 } => FormattableString.Invariant($"{span.TotalSeconds:0.0}{Gap}s"),
        { TotalHours: < 2 } => FormattableString.Invariant($"{(int)span.TotalMinutes}{Gap}min {span.Seconds}{Gap}s"),
        _ => FormattableString.Invariant($"{(int)span.TotalHours}{Gap}h {span.Minutes}{Gap}min"),
    };

    /// <summary>A length of time for a column that is headed s.</summary>
    public static string Seconds(TimeSpan? span) => span is { } known ? FormattableString.Invariant($"{known.TotalSeconds:0.0}") : Unknown;

    /// <summary>A length of time for a column that is headed ms.</summary>
    public static string Milliseconds(TimeSpan? span) => span is { } known ? FormattableString.Invariant($"{known.TotalMilliseconds:0}") : Unknown;

    /// <summary>A label of a time axis: whole units only.</summary>
    public static string Tick(TimeSpan span) => span switch
    {
        { TotalSeconds: 0 } => "0",
        { TotalSeconds: < 120 } => FormattableString.Invariant($"{span.TotalSeconds:0.#}{Gap}s"),
        { TotalHours: < 2 } => FormattableString.Invariant($"{span.TotalMinutes:0.#}{Gap}min"),
        _ => FormattableString.Invariant($"{span.TotalHours:0.#}{Gap}h"),
    };

    public static string Ratio(double? ratio) => ratio is { } known ? FormattableString.Invariant($"{known:0.00}") : Unknown;

    public static string Moment(DateTimeOffset time) => FormattableString.Invariant($"{time:yyyy-MM-dd HH:mm:ss zzz}");

    public static string Count(int count, string one, string many) => FormattableString.Invariant($"{count} {(count == 1 ? one : many)}");
}
