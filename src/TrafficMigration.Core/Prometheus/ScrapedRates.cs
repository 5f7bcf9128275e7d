using TrafficMigration.Traffic;

namespace TrafficMigration.Prometheus;

/// <summary>Turns the counters of a window into a VM's rates.</summary>
/// <remarks>
/// Rates are between two scrapes that follow each other, as they are between two samples over SSH. PromQL's
/// <c>rate()</c> would stretch the counters to the window's edges and guess what a reset hid.
/// </remarks>
internal sealed class ScrapedRates
{
    // 2^63: what libvirt's own counters could hold.
    private const double HighestCounter = 9.2e18;

    private readonly Dictionary<(string Name, string Identity), IReadOnlyList<ScrapedValue>> _counters = [];

    /// <param name="series">The counters as scraped within the window.</param>
    public ScrapedRates(IEnumerable<PrometheusSeries> series)
    {
        foreach (PrometheusSeries one in series)
        {
            _counters[(one.Name, one.Identity)] = one.Values;
        }
    }

    /// <summary>A VM's rates; <see langword="null"/> if it has no two scrapes between which its counters can be compared.</summary>
    public VMTrafficRate? Of(ScrapedVM vm)
    {
        var unmeasured = new VMTrafficRate
        {
            HostName = vm.Host,
            VMName = vm.Name,
            VMId = vm.Id,
            TxBitsPerSecond = 0,
            RxBitsPerSecond = 0,
            MemoryBytes = Whole(vm.Gauge([ExporterMetrics.Memory])),
            ResidentBytes = Whole(vm.Gauge(ExporterMetrics.Resident)),
            VCpuCount = (int?)Whole(vm.Gauge([ExporterMetrics.VCpus])),
        };
        if (vm.Interfaces.Count == 0)
        {
            // Nothing that could send is known of it; it has to be moved all the same.
            return unmeasured;
        }

        List<Interval> intervals = Intervals([.. vm.Interfaces.Select(CountersOf)]);
        if (intervals.Count == 0)
        {
            return null;
        }

        VMInterval[] rates = [.. intervals.Select(i => i.Rate())];
        Flow current = rates.Aggregate((Flow?)null, (before, interval) => RateStatistics.Current(before, interval))!.Value;
        (double Tx, double Rx)? packets = Packets(intervals);
        return unmeasured.WithStatistics(rates, current) with
        {
            TxPacketsPerSecond = packets?.Tx,
            RxPacketsPerSecond = packets?.Rx,
            SampledAt = DateTimeOffset.FromUnixTimeMilliseconds(intervals[^1].To).ToLocalTime(),
            Window = TimeSpan.FromMilliseconds(intervals[^1].To - intervals[0].From),
        };
    }

    /// <summary>The intervals between two scrapes that follow each other and can be compared, all interfaces together.</summary>
    private static List<Interval> Intervals(IReadOnlyList<Dictionary<long, Counters>> interfaces)
    {
        long[] times = [.. interfaces.SelectMany(i => i.Keys).Distinct().Order()];
        var intervals = new List<Interval>();
        for (int i = 1; i < times.Length; i++)
        {
            if (Between(interfaces, times[i - 1], times[i]) is Counters moved)
            {
                intervals.Add(new Interval(times[i - 1], times[i], moved));
            }
        }

        return intervals;
    }

    private static Counters? Between(IReadOnlyList<Dictionary<long, Counters>> interfaces, long from, long to)
    {
        var sum = new Counters(0, 0, 0, 0);
        foreach (Dictionary<long, Counters> counters in interfaces)
        {
            bool before = counters.TryGetValue(from, out Counters earlier);
            bool after = counters.TryGetValue(to, out Counters later);
            // Another set of interfaces: one was plugged in, and the sums before and after do not compare.
            // A counter that went back was reset; that interval says nothing and does not count.
            if (before != after || later.Tx < earlier.Tx || later.Rx < earlier.Rx)
            {
                return null;
            }

            sum = sum.Add(earlier, later);
        }

        return sum;
    }

    private static (double Tx, double Rx)? Packets(List<Interval> intervals)
    {
        Interval[] counted = [.. intervals.Where(i => i.Moved is { TxPackets: >= 0, RxPackets: >= 0 })];
        double seconds = counted.Sum(i => i.Seconds);
        return seconds > 0
            ? (counted.Sum(i => i.Moved.TxPackets) / seconds, counted.Sum(i => i.Moved.RxPackets) / seconds)
            : null;
    }

    private static long? Whole(double? value) =>
        value is >= 0 and < HighestCounter ? (long)Math.Round(value.Value) : null;

    /// <summary>An interface's counters by the time of their scrape, where both byte counters are sensible.</summary>
    private Dictionary<long, Counters> CountersOf(string identity)
    {
        Dictionary<long, double> rx = Values(ExporterMetrics.ReceiveBytes, identity);
        Dictionary<long, double> txPackets = Values(ExporterMetrics.TransmitPackets, identity);
        Dictionary<long, double> rxPackets = Values(ExporterMetrics.ReceivePackets, identity);
        return Values(ExporterMetrics.TransmitBytes, identity)
            .Where(tx => rx.ContainsKey(tx.Key))
            .ToDictionary(tx => tx.Key, tx => new Counters(
                tx.Value,
                rx[tx.Key],
                txPackets.GetValueOrDefault(tx.Key, double.NaN),
                rxPackets.GetValueOrDefault(tx.Key, double.NaN)));
    }

    private Dictionary<long, double> Values(string name, string identity)
    {
        var values = new Dictionary<long, double>();
        foreach (ScrapedValue scraped in _counters.GetValueOrDefault((name, identity), []))
        {
            if (scraped.Value is >= 0 and < HighestCounter)
            {
                values[scraped.Milliseconds] = scraped.Value;
            }
        }

        return values;
    }

    /// <summary>Counters of an interface; packets are not a number where the exporter has none.</summary>
    private readonly record struct Counters(double Tx, double Rx, double TxPackets, double RxPackets)
    {
        public Counters Add(Counters earlier, Counters later) => new(
            Tx + later.Tx - earlier.Tx,
            Rx + later.Rx - earlier.Rx,
            TxPackets + later.TxPackets - earlier.TxPackets,
            RxPackets + later.RxPackets - earlier.RxPackets);
    }

    private readonly record struct Interval(long From, long To, Counters Moved)
    {
        public double Seconds => (To - From) / 1000.0;

        public VMInterval Rate() =>
            new(Seconds, new Flow(Moved.Tx, Moved.Rx) * (8 / Seconds), default, default, default, LocalIsKnown: false);
    }
}
