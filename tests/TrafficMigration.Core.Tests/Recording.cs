using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Tests;

/// <summary>What a real host's sampler printed, cut into blocks, and the same with figures of a test's own put in.</summary>
internal sealed class Recording
{
    private readonly string[] _firstSample;

    public Recording(string name)
    {
        Text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", $"sampler-{name}.txt"));
        Blocks = [.. Split(Text)];
        FactsLines = Blocks.First(b => b[0] == "@facts");
        _firstSample = Blocks.First(b => b[0].StartsWith("@sample", StringComparison.Ordinal));
    }

    public string Text { get; }

    public IReadOnlyList<string[]> Blocks { get; }

    public string[] FactsLines { get; }

    public HostFacts Facts => (HostFacts)SamplerReader.Parse("kvm-a", FactsLines);

    public IEnumerable<HostSample> Samples =>
        Blocks.Where(b => b[0].StartsWith("@sample", StringComparison.Ordinal)).Select(b => (HostSample)SamplerReader.Parse("kvm-a", b));

    /// <summary>The facts with some of their text replaced.</summary>
    public HostFacts FactsWith(params (string Old, string New)[] replacements)
    {
        string text = string.Join('\n', FactsLines);
        foreach ((string old, string now) in replacements)
        {
            Xunit.Assert.Contains(old, text, StringComparison.Ordinal);
            text = text.Replace(old, now, StringComparison.Ordinal);
        }

        return (HostFacts)SamplerReader.Parse("kvm-a", text.Split('\n'));
    }

    /// <summary>The first recorded sample at another time and with other counters.</summary>
    /// <param name="second">Seconds after the start.</param>
    /// <param name="counters">Bytes received and sent by a link; a link that is not listed keeps its recorded ones.</param>
    public HostSample Sample(double second, params (string Link, ulong Rx, ulong Tx)[] counters) =>
        Sample(second, 1_000_000_000 + second, [], counters);

    /// <inheritdoc cref="Sample(double, ValueTuple{string, ulong, ulong}[])"/>
    public HostSample Sample(double uptime, double wallClock, string[] without, params (string Link, ulong Rx, ulong Tx)[] counters)
    {
        if (!counters.Any(c => c.Link == "uplink0"))
        {
            // What VMs send leaves by the uplink, or it would look like traffic within the host.
            counters = [.. counters, ("uplink0", Sum(counters.Select(c => c.Tx)), Sum(counters.Select(c => c.Rx)))];
        }

        string clock = string.Create(CultureInfo.InvariantCulture, $"{wallClock:F9} {5000 + uptime:F2}");
        var lines = new List<string>();
        foreach (string line in _firstSample)
        {
            string name = line.Split(':')[0].Trim();
            string mark = line.Split(' ')[0];
            if (mark is "@sample" or "@counted")
            {
                lines.Add($"{mark} {clock}");
            }
            else if (!without.Contains(name) && !counters.Any(c => c.Link == name))
            {
                lines.Add(line);
            }

            if (line.Contains("face |bytes", StringComparison.Ordinal))
            {
                lines.AddRange(counters.Select(c => string.Create(
                    CultureInfo.InvariantCulture, $"{c.Link}: {c.Rx} {c.Rx / 1000} 0 0 0 0 0 0 {c.Tx} {c.Tx / 1000} 0 0 0 0 0 0")));
            }
        }

        return (HostSample)SamplerReader.Parse("kvm-a", lines);
    }

    public static TrafficWindow Window(int count = 5, bool countersOnly = false, string? network = null) => new("kvm-a", new MeasureOptions
    {
        Interval = TimeSpan.FromSeconds(1),
        Count = count,
        CountersOnly = countersOnly,
        MigrationNetwork = network is null ? null : System.Net.IPNetwork.Parse(network),
    });

    private static ulong Sum(IEnumerable<ulong> values) => values.Aggregate(0UL, (sum, value) => unchecked(sum + value));

    private static IEnumerable<string[]> Split(string text)
    {
        var block = new List<string>();
        foreach (string line in text.Split('\n'))
        {
            if (line == "@end")
            {
                yield return [.. block];
                block.Clear();
            }
            else
            {
                block.Add(line);
            }
        }
    }
}

internal static class TrafficWindowExtensions
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static HostMeasurement Measured(this TrafficWindow window) =>
        window.Snapshot(Now, new Dictionary<DiskFacts, DiskPlace>());

    /// <summary>Takes reports in their order.</summary>
    public static TrafficWindow Take(this TrafficWindow window, params HostReport[] reports)
    {
        foreach (HostReport report in reports)
        {
            if (report is HostFacts facts)
            {
                window.Observe(facts);
            }
            else
            {
                window.Observe((HostSample)report);
            }
        }

        return window;
    }
}
