using System.Collections;
using System.Globalization;
using System.Management.Automation;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>
/// Reads values that went through a file: Export-Clixml turns a DateTimeOffset into an object with its parts,
/// ConvertTo-Json a TimeSpan into one, Export-Csv both into text.
/// </summary>
internal static class Loose
{
    /// <summary>A point in time; <see langword="null"/> where there is none. Text without an offset is local time.</summary>
    /// <exception cref="FormatException">It is no time.</exception>
    public static DateTimeOffset? Time(object? value) => Base(value) switch
    {
        null => null,
        DateTimeOffset time => time,
        DateTime time => new DateTimeOffset(time),
        string text when string.IsNullOrWhiteSpace(text) => null,
        string text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time) => time,
        string text => DateTimeOffset.Parse(text, CultureInfo.CurrentCulture, DateTimeStyles.AssumeLocal),
        _ when Part(value, nameof(DateTimeOffset.UtcDateTime)) is DateTime utc => new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)).ToLocalTime(),
        _ => throw new FormatException($"'{value}' is no point in time."),
    };

    /// <summary>A length of time; <see langword="null"/> where there is none.</summary>
    /// <exception cref="FormatException">It is no length of time.</exception>
    public static TimeSpan? Span(object? value) => Base(value) switch
    {
        null => null,
        TimeSpan span => span,
        string text when string.IsNullOrWhiteSpace(text) => null,
        string text => TimeSpan.Parse(text, CultureInfo.InvariantCulture),
        _ when Part(value, nameof(TimeSpan.Ticks)) is { } ticks => TimeSpan.FromTicks(Convert.ToInt64(ticks, CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"'{value}' is no length of time."),
    };

    /// <summary>
    /// The VMs that a VM sends to: a list of objects with their parts, or text as a CSV file, or JSON cut at its depth, has
    /// it; <see langword="null"/> where nothing is known.
    /// </summary>
    /// <exception cref="FormatException">It is no such list.</exception>
    public static VMPeers? Peers(object? value) => Base(value) switch
    {
        null => null,
        VMPeers peers => peers,
        string text when string.IsNullOrWhiteSpace(text) => null,
        string text => VMPeers.Parse(text),
        IEnumerable list => new VMPeers(list.Cast<object?>().SelectMany(Peer)),
        _ => new VMPeers(Peer(value)),
    };

    private static IEnumerable<VMPeer> Peer(object? value) => Base(value) switch
    {
        VMPeer peer => [peer],
        string text => VMPeers.Parse(text),
        _ => [new VMPeer(
            Text(value, nameof(VMPeer.VMName)) ?? throw new FormatException("a peer has no VMName"),
            Text(value, nameof(VMPeer.VMId)),
            Number(value, nameof(VMPeer.TxBitsPerSecond)) ?? throw new FormatException("a peer has no TxBitsPerSecond"))],
    };

    /// <summary>A property of whatever object it is; <see langword="null"/> where it has none.</summary>
    public static object? Part(object? value, string property) =>
        value is null ? null : PSObject.AsPSObject(value).Properties[property]?.Value is { } part ? Base(part) ?? part : null;

    /// <summary>A property as text; <see langword="null"/> where it has none, or an empty one.</summary>
    public static string? Text(object? given, string property) =>
        Part(given, property)?.ToString() is { Length: > 0 } text ? text : null;

    /// <summary>Several texts; none where there are none. An array of which a file has left one text is lost: where one of its parts ended is not known.</summary>
    public static IReadOnlyList<string> Texts(object? value) => Base(value) switch
    {
        null => [],
        string => [],
        System.Collections.IEnumerable many => [.. many.Cast<object?>().Select(o => o?.ToString()).OfType<string>()],
        _ => [],
    };

    /// <summary>A property as a whole number; <see langword="null"/> where it has none.</summary>
    public static long? Number(object? given, string property) =>
        Text(given, property) is null ? null : Convert.ToInt64(Part(given, property), CultureInfo.InvariantCulture);

    /// <summary>An enumeration's value from its name or, as JSON has it, its number; <see langword="null"/> where there is none.</summary>
    /// <exception cref="FormatException">It is no such value.</exception>
    public static T? Choice<T>(object? given, string property)
        where T : struct, Enum => Text(given, property) is not { } text ? null
        : Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value) ? value
        : throw new FormatException($"'{text}' is no {property}");

    private static object? Base(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
}
