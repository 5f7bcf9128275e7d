using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Reporting;

/// <summary>What contends with the memory on one link direction, bit/s: as planned, and as it would have been.</summary>
/// <param name="Link">The link and what contends there under the plan.</param>
/// <param name="AllPreCopy">What would contend if every VM of the run went by pre-copy, to the same destination.</param>
/// <param name="AllPostCopy">What would contend if every VM went by post-copy.</param>
/// <param name="Met">What the memory met there; <see langword="null"/> where it was not measured.</param>
internal sealed record LinkFigures(LinkContention Link, long AllPreCopy, long AllPostCopy, MetTraffic? Met)
{
    /// <summary>A run's links, as the plan has them; empty where its journal does not say.</summary>
    public static IReadOnlyList<LinkFigures> Of(ReportedRun run, IReadOnlyList<UplinkTraffic> measured) =>
    [
        .. run.Record.Links.Select(l => new LinkFigures(
            l,
            // A VM runs at its source until a pre-copy ends, and at its destination from a post-copy's beginning.
            l.BackgroundBitsPerSecond + (l.Direction == LinkDirection.Outgoing ? run.Over(l.HostName, l.Direction).Sum(v => v.Plan.Rate.TxBitsPerSecond) : 0),
            l.BackgroundBitsPerSecond + (l.Direction == LinkDirection.Incoming ? run.Over(l.HostName, l.Direction).Sum(v => v.Plan.Rate.RxBitsPerSecond) : 0),
            measured.FirstOrDefault(m => m.Direction == l.Direction && string.Equals(m.HostName, l.HostName, StringComparison.OrdinalIgnoreCase))?.Met)),
    ];

    /// <summary>The worst link's contention, bit/s, of one of the columns.</summary>
    public static long Worst(IEnumerable<LinkFigures> links, Func<LinkFigures, long> column) => links.Max(column);
}
