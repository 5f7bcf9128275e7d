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
        HostTime begun = Clock(lines[0], "@sample");
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

        HostTime counted = Clock(lines[i], "@counted");
        CpuTime? cpu = ++i < lines.Count ? Cpu(lines[i]) : null;
        return new HostSample(HostTime.Between(begun, counted), links, Pairs(lines, cpu is null ? i : i + 1, counted), cpu);
    }

    // nft(8) prints: set pairs {
    [GeneratedRegex("^\\s*set (?<name>\\w+) \\{$")]
    private static partial Regex SetName();

    // nft(8) prints: "vnet0" . "uplink0" counter packets 2 bytes 148; in the sets of one key the second is missing.
    [GeneratedRegex("\"(?<first>[^\"]+)\"( \\. \"(?<second>[^\"]+)\")? counter packets (?<packets>[0-9]+) bytes (?<bytes>[0-9]+)")]
    private static partial Regex Element();

    /// <summary>Reads a line with both clocks, as the script's <c>clock</c> prints them behind a mark.</summary>
    /// <exception cref="FormatException">It is no such line.</exception>
    internal static HostTime Clock(string line, string mark)
    {
        string[] words = line.Split(' ');
        return words.Length == 3 && words[0] == mark
            ? new HostTime(Seconds(words[1]), Seconds(words[2]))
            : throw new FormatException($"'{line}' is no line {mark}");
    }

    private static CpuTime? Cpu(string line) =>
        line.Split(' ') is ["@cpu", var idle, var total] ? new CpuTime(Whole(idle), Whole(total)) : null;

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

    private static PairSample? Pairs(IReadOnlyList<string> lines, int start, HostTime counted)
    {
        // Nothing was asked for; or nft is missing, or may not do it: then it says so, and nothing was counted.
        if (start == lines.Count || !lines[start].StartsWith("table bridge", StringComparison.Ordinal))
        {
            return null;
        }

        var pairs = new Dictionary<PortPair, ulong>();
        string set = "";
        foreach (string line in lines.Skip(start).SkipLast(1))
        {
            set = SetName().Match(line) is { Success: true } named ? named.Groups["name"].Value : set;
            foreach (Match match in Element().Matches(line))
            {
                pairs[Pair(set, match)] = checked(
                    Whole(match.Groups["bytes"].ValueSpan) + (EthernetHeader * Whole(match.Groups["packets"].ValueSpan)));
            }
        }

        return new PairSample(HostTime.Between(counted, Clock(lines[^1], "@paired")), pairs);
    }

    private static PortPair Pair(string set, Match element)
    {
        string first = element.Groups["first"].Value;
        return set switch
        {
            "pairs" => new PortPair(first, element.Groups["second"].Value),
            "tohost" => new PortPair(first, PortPair.Host),
            "fromhost" => new PortPair(PortPair.Host, first),
            _ => throw new FormatException($"nft tells of a set '{set}'"),
        };
    }

    private static ulong Whole(ReadOnlySpan<char> text) => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
