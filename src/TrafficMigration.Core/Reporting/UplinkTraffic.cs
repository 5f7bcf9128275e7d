using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;

namespace TrafficMigration.Reporting;

/// <summary>What one direction of an uplink carried, a mean over a window, bit/s as its NIC counts. The parts are the whole.</summary>
/// <param name="From">When the window began, since the run began.</param>
/// <param name="To">When it ended.</param>
/// <param name="VMs">Traffic of the run's VMs.</param>
/// <param name="Other">All that is neither theirs nor memory of the run.</param>
/// <param name="Memory">Memory of the run's VMs.</param>
internal readonly record struct UplinkPoint(TimeSpan From, TimeSpan To, double VMs, double Other, double Memory)
{
    /// <summary>The middle of the window, where the mean is drawn.</summary>
    public TimeSpan Middle => (From + To) / 2;

    /// <summary>All that was carried, bit/s.</summary>
    public double Total => VMs + Other + Memory;
}

/// <summary>What one direction of an uplink carried while a run lasted.</summary>
/// <param name="HostName">The host.</param>
/// <param name="Direction">The direction.</param>
/// <param name="LinkBitsPerSecond">The link's speed on the wire, bit/s; <see langword="null"/> where not known.</param>
/// <param name="Stretches">Points without a gap between them, in order; a gap is a time in which the host was not sampled.</param>
/// <param name="Met">What the memory met there; <see langword="null"/> where none was seen to flow.</param>
internal sealed record UplinkTraffic(
    string HostName, LinkDirection Direction, long? LinkBitsPerSecond, IReadOnlyList<IReadOnlyList<UplinkPoint>> Stretches, MetTraffic? Met)
{
    // More cannot be told apart on a page; neighbours are drawn as their mean.
    private const int Most = 240;

    // Samples come every 2 s. After five that are missing the host was lost, rather than slow.
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(10);

    /// <summary>What a link direction that the run uses carried; <see langword="null"/> where it was not sampled.</summary>
    public static UplinkTraffic? Of(ReportedRun run, string host, LinkDirection direction)
    {
        LinkSample[] samples = [.. run.Series.Links.Where(l => string.Equals(l.HostName, host, StringComparison.OrdinalIgnoreCase) && l.Window > TimeSpan.Zero)];
        if (samples.Length == 0)
        {
            return null;
        }

        var names = run.Record.VirtualMachines.Select(v => v.VMName).ToHashSet();
        ILookup<string, StreamSample> looks = run.Series.Streams.ToLookup(s => s.VMName);
        StreamBytes[] streams = [.. run.Over(host, direction).Select(v => StreamBytes.Of(v, run, looks))];
        UplinkPoint[] points = [.. samples.Select(s => Point(s, direction, names, streams, run.Record.StartTime))];
        return new UplinkTraffic(
            host, direction, samples.Select(s => s.LinkBitsPerSecond).LastOrDefault(l => l > 0),
            [.. Stretch(points).Select(s => Thin(s, (points.Length + Most - 1) / Most))], MetTraffic.Of(points, streams, run.Record.StartTime));
    }

    private static UplinkPoint Point(LinkSample sample, LinkDirection direction, HashSet<string> names, StreamBytes[] streams, DateTimeOffset zero)
    {
        bool isOutgoing = direction == LinkDirection.Outgoing;
        DateTimeOffset from = sample.Time - sample.Window;
        double all = Math.Max(0, isOutgoing ? sample.TxBitsPerSecond : sample.RxBitsPerSecond);
        double vms = sample.VMs.Where(v => names.Contains(v.VMName)).Sum(v => Math.Max(0.0, isOutgoing ? v.TxBitsPerSecond : v.RxBitsPerSecond));
        double memory = streams.Sum(s => s.Between(from, sample.Time)) * 8 / sample.Window.TotalSeconds / TcpFraming.PayloadPerCounted;

        // Three counters of two clocks never add up exactly; what the NIC counted is the truth that the others share.
        vms = Math.Min(vms, all);
        memory = Math.Min(memory, all - vms);
        return new UplinkPoint(from - zero, sample.Time - zero, vms, Math.Max(0, all - vms - memory), memory);
    }

    private static List<List<UplinkPoint>> Stretch(UplinkPoint[] points)
    {
        var stretches = new List<List<UplinkPoint>>();
        foreach (UplinkPoint point in points)
        {
            if (stretches.Count == 0 || point.To - stretches[^1][^1].To > Gap)
            {
                stretches.Add([]);
            }

            stretches[^1].Add(point);
        }

        return stretches;
    }

    private static UplinkPoint[] Thin(List<UplinkPoint> points, int by) => by < 2 ? [.. points] :
    [
        .. points.Chunk(by).Select(c => new UplinkPoint(
            c[0].From, c[^1].To, c.Average(p => p.VMs), c.Average(p => p.Other), c.Average(p => p.Memory))),
    ];
}

/// <summary>What the memory met on a link, the mean while it flowed, bit/s as the NIC counts.</summary>
/// <param name="VMs">Traffic of the run's VMs.</param>
/// <param name="Other">All that is neither theirs nor memory of the run.</param>
/// <param name="Memory">The memory itself.</param>
internal sealed record MetTraffic(double VMs, double Other, double Memory)
{
    /// <summary>What competed with the memory, bit/s: what a plan calls contention.</summary>
    public double Contention => VMs + Other;

    /// <summary>The mean over the points, each by how long memory flowed in its window.</summary>
    public static MetTraffic? Of(IReadOnlyList<UplinkPoint> points, IReadOnlyList<StreamBytes> streams, DateTimeOffset zero)
    {
        (UplinkPoint Point, double Weight)[] weighed = [.. points.Select(p => (p, Flowing(p)))];
        double sum = weighed.Sum(w => w.Weight);
        return sum <= 0 ? null : new MetTraffic(Mean(p => p.VMs), Mean(p => p.Other), Mean(p => p.Memory));

        double Mean(Func<UplinkPoint, double> of) => weighed.Sum(w => of(w.Point) * w.Weight) / sum;

        // The longest of the streams stands for all: they run side by side.
        double Flowing(UplinkPoint point) => streams.Where(s => s.From is not null)
            .Select(s => (Math.Min(point.To.TotalSeconds, (s.To!.Value - zero).TotalSeconds) - Math.Max(point.From.TotalSeconds, (s.From!.Value - zero).TotalSeconds)))
            .Where(overlap => overlap > 0).DefaultIfEmpty(0).Max();
    }
}
