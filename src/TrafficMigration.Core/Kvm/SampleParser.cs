using System.Globalization;
using System.Text.RegularExpressions;

namespace TrafficMigration.Kvm;

/// <summary>Reads a sample that <see cref="SamplerScript"/> printed.</summary>
internal static partial class SampleParser
{
    // In the bridge's forward hook a packet is counted from its network header on.
    private const int EthernetHeader = 14;

    /// <summary>Parses the lines from <c>@sample</c> to before <c>@end</c>.</summary>
    /// <exception cref="FormatException">The lines are not such a sample.</exception>
    public static HostSample Parse(IReadOnlyList<string> lines)
    {
        var (wall, uptime) = Clock(lines[0], "@sample");
        var links = new Dictionary<string, LinkCounters>(lines.Count, StringComparer.Ordinal);
        int i = 1;
        for (; i < lines.Count && !lines[i].StartsWith('@'); i++)
        {
            AddCounters(links, lines[i]);
        }

        if (i == lines.Count)
        {
            throw new FormatException("the sample is cut off");
        }

        var (wallAfter, uptimeAfter) = Clock(lines[i], "@counted");
        return new HostSample((wall + wallAfter) / 2, (uptime + uptimeAfter) / 2, links, Pairs(lines, i + 1));
    }

    // nft(8) prints: "vnet0" . "uplink0" counter packets 2 bytes 148
    [GeneratedRegex("\"(?<from>[^\"]+)\" \\. \"(?<to>[^\"]+)\" counter packets (?<packets>[0-9]+) bytes (?<bytes>[0-9]+)")]
    private static partial Regex PairCounter();

    private static (double Wall, double Uptime) Clock(string line, string mark)
    {
        string[] words = line.Split(' ');
        return words.Length == 3 && words[0] == mark
            ? (Seconds(words[1]), Seconds(words[2]))
            : throw new FormatException($"'{line}' is no line {mark}");
    }

    private static double Seconds(string text)
    {
        double value = double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return value < 1e12 ? value : throw new FormatException($"'{text}' is no time");
    }

    /// <remarks>A line of /proc/net/dev (proc(5)): name, eight figures received, eight sent; bytes and packets come first.</remarks>
    private static void AddCounters(Dictionary<string, LinkCounters> links, string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            // The two lines of headings have none.
            if (!line.Contains('|', StringComparison.Ordinal))
            {
                throw new FormatException($"'{line}' is no line of /proc/net/dev");
            }

            return;
        }

        ReadOnlySpan<char> figures = line.AsSpan(colon + 1);
        Span<Range> words = stackalloc Range[17];
        int count = figures.SplitAny(words, " \t", StringSplitOptions.RemoveEmptyEntries);
        string name = line[..colon].Trim();
        if (count != 16 || name.Length == 0)
        {
            throw new FormatException($"'{line}' is no line of /proc/net/dev");
        }

        links[name] = new LinkCounters(
            Whole(figures[words[0]]), Whole(figures[words[1]]), Whole(figures[words[8]]), Whole(figures[words[9]]));
    }

    private static Dictionary<PortPair, ulong>? Pairs(IReadOnlyList<string> lines, int start)
    {
        // Nothing was asked for; or nft is missing, or may not do it: then it says so, and nothing was counted.
        if (start == lines.Count || !lines[start].StartsWith("table bridge", StringComparison.Ordinal))
        {
            return null;
        }

        var pairs = new Dictionary<PortPair, ulong>();
        for (int i = start; i < lines.Count; i++)
        {
            foreach (Match match in PairCounter().Matches(lines[i]))
            {
                pairs[new PortPair(match.Groups["from"].Value, match.Groups["to"].Value)] = checked(
                    Whole(match.Groups["bytes"].ValueSpan) + (EthernetHeader * Whole(match.Groups["packets"].ValueSpan)));
            }
        }

        return pairs;
    }

    private static ulong Whole(ReadOnlySpan<char> text) => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
