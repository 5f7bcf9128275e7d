using System.Globalization;

namespace TrafficMigration.Ssh;

/// <summary>Spans of time as OpenSSH's files write them: <c>90</c>, <c>90s</c>, <c>1m30s</c>, <c>2h</c> (sshd_config(5), TIME FORMATS).</summary>
internal static class SshTime
{
    /// <summary>Reads a span; <see langword="null"/> for what is none.</summary>
    public static TimeSpan? TryParse(ReadOnlySpan<char> text)
    {
        long seconds = 0;
        for (bool isFirst = true; isFirst || !text.IsEmpty; isFirst = false)
        {
            int end = text.IndexOfAnyExceptInRange('0', '9');
            ReadOnlySpan<char> digits = end < 0 ? text : text[..end];
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                || UnitSeconds(end < 0 ? 's' : text[end]) is not { } unit
                || (seconds += (long)number * unit) > int.MaxValue)
            {
                return null;
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return TimeSpan.FromSeconds(seconds);
    }

    private static int? UnitSeconds(char unit) => char.ToUpperInvariant(unit) switch
    {
        'S' => 1,
        'M' => 60,
        'H' => 3600,
        'D' => 86_400,
        'W' => 604_800,
        _ => null,
    };
}
