using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>How a VM's memory is sent, and what that is expected to do.</summary>
/// <param name="Compression">How QEMU compresses it.</param>
/// <param name="Connections">Connections that carry it.</param>
/// <param name="Share">Bytes sent over bytes of memory, 0 to 1.</param>
/// <param name="RewrittenShare">The same of memory that is sent again, because the guest has written to it.</param>
/// <param name="MostBytesPerSecond">What the compressing processors let through, bytes sent per second; <see langword="null"/> for no limit.</param>
/// <param name="Reason">Why, in words; empty where nothing was measured and nothing asked for.</param>
internal sealed record MemoryTransfer(
    MemoryCompression Compression, int Connections, double Share, double RewrittenShare, double? MostBytesPerSecond, string Reason)
{
    /// <summary>One connection, page by page as they are.</summary>
    public static MemoryTransfer Plain(string reason = "") => new(MemoryCompression.None, 1, 1, 1, null, reason);
}

/// <summary>Chooses compression and connections for a pre-copy: what pays by the measured figures, or what was asked for.</summary>
/// <remarks>
/// <para>
/// By itself compression is chosen only where all is known that it depends on: how the VM's memory compresses, that
/// both hosts can, how fast the links are, and idle processors for it at both ends. Otherwise memory goes as it always did.
/// </para>
/// <para>What it costs beside processors: such a migration cannot be switched to post-copy (QEMU before 10.1).</para>
/// </remarks>
internal sealed class TransferChooser(Site site, PlanRequest request)
{
    // Fewer bytes saved are not worth giving up the switch to post-copy.
    private const double WorthShare = 0.9;

    // What is sent of a page at least, roughly: its address and the compressed stream's own frame.
    private const double LeastShare = 0.01;

    // Differences cost a cache and a comparison of each page that is sent again.
    private const double WorthDifference = 0.5;

    // Applications and the migration's own thread want processors, too.
    private const double MostOfIdle = 0.5;

    // Uncompressed bytes per second and processor, on the slow side of what was measured (docs/content.md).
    private const double ZstdBytesPerSecond = 200e6;
    private const double ZlibBytesPerSecond = 40e6;

    // Unpacking is so many times as fast.
    private const double UnpackingSpeed = 3;

    // What one thread of QEMU sends over one connection, bit/s, where nothing else limits it.
    private const double StreamBitsPerSecond = 10e9;

    private const int MostConnections = 16;

    /// <summary>How a VM's memory goes under a decision.</summary>
    /// <param name="decision">Techniques and destinations.</param>
    /// <param name="vm">The VM's index in the site.</param>
    /// <param name="switches">Whether it may be switched to post-copy by plan.</param>
    public MemoryTransfer Of(Decision decision, int vm, bool switches)
    {
        if (decision.Techniques[vm] != Technique.PreCopy)
        {
            return MemoryTransfer.Plain();
        }

        MemoryTransfer compressed = request.Compression is { } wanted ? Wanted(decision, vm, switches, wanted) : Chosen(decision, vm, switches);
        return compressed.Compression == MemoryCompression.None && !switches
            ? compressed with { Connections = Streams(decision, vm) }
            : compressed;
    }

    private MemoryTransfer Wanted(Decision decision, int vm, bool switches, MemoryCompression wanted)
    {
        VMTrafficRate rate = site.VMs[vm];
        HostTraffic destination = site.Destinations[decision.Destinations[vm]];
        if (wanted == MemoryCompression.None)
        {
            return MemoryTransfer.Plain();
        }

        if (rate.HostCompression?.HasFlag(wanted) == false || destination.Compression?.HasFlag(wanted) == false)
        {
            return MemoryTransfer.Plain($"Not compressed: {(rate.HostCompression?.HasFlag(wanted) == false ? rate.HostName : destination.HostName)} cannot do {wanted}");
        }

        return wanted == MemoryCompression.Xbzrle
            ? Differences(rate, "was asked for")
            : switches
            ? MemoryTransfer.Plain($"Not compressed: {wanted} excludes the switch to post-copy, which the strategy asks for")
            : Pages(wanted, rate, LinkBytesPerSecond(decision, vm), Streams(decision, vm), "was asked for");
    }

    private MemoryTransfer Chosen(Decision decision, int vm, bool switches)
    {
        VMTrafficRate rate = site.VMs[vm];
        HostTraffic destination = site.Destinations[decision.Destinations[vm]];
        MemoryCompression both = (rate.HostCompression & destination.Compression) ?? MemoryCompression.None;
        double? link = LinkBytesPerSecond(decision, vm);
        MemoryTransfer pages = switches ? MemoryTransfer.Plain() : ByPages(decision, vm, both);
        // QEMU has XBZRLE on one connection only.
        if (!both.HasFlag(MemoryCompression.Xbzrle) || rate is not { ChangedPageShare: <= WorthDifference, DirtyBytesPerSecond: > 0 } || Streams(decision, vm) > 1)
        {
            return pages;
        }

        MemoryTransfer differences = Differences(rate, FormattableString.Invariant($"sends about {rate.ChangedPageShare:0%} of a page that the VM has changed"));
        return pages.Compression == MemoryCompression.None || Seconds(differences, rate, link) < Seconds(pages, rate, link) ? differences : pages;
    }

    /// <summary>
    /// How long a pre-copy with the link to itself takes for each byte of memory: what is sent, over what the link carries beyond what is
    /// written meanwhile (the sum of the passes, Clark et al., NSDI 2005, section 3).
    /// </summary>
    private static double Seconds(MemoryTransfer transfer, VMTrafficRate rate, double? link) =>
        link - (transfer.RewrittenShare * rate.DirtyBytesPerSecond) is { } net and > 0 ? transfer.Share / net : double.PositiveInfinity;

    private MemoryTransfer ByPages(Decision decision, int vm, MemoryCompression both)
    {
        VMTrafficRate rate = site.VMs[vm];
        HostTraffic destination = site.Destinations[decision.Destinations[vm]];
        MemoryCompression method = both.HasFlag(MemoryCompression.Zstd) ? MemoryCompression.Zstd : both & MemoryCompression.Zlib;
        if (rate.CompressedMemoryShare is not { } measured || method == MemoryCompression.None || LinkBytesPerSecond(decision, vm) is not { } link)
        {
            return MemoryTransfer.Plain();
        }

        double share = Math.Max(measured, LeastShare);
        double processors = link / share / Speed(method);
        if (share > WorthShare)
        {
            return MemoryTransfer.Plain(FormattableString.Invariant($"Not compressed: its memory would still be {share:0%} of itself"));
        }

        if (rate.HostIdleCpuCount is not { } here || destination.IdleCpuCount is not { } there)
        {
            return MemoryTransfer.Plain("Not compressed: whether both hosts have idle processors is not known");
        }

        return processors > MostOfIdle * here || processors / UnpackingSpeed > MostOfIdle * there
            ? MemoryTransfer.Plain(FormattableString.Invariant(
                $"Not compressed: {method} at the link's speed takes {processors:0.0} processors, and idle are {here:0.0} at {rate.HostName}, {there:0.0} at {destination.HostName}"))
            : Pages(method, rate, link, Streams(decision, vm), FormattableString.Invariant($"leaves about {share:0%} of the memory, for {processors:0.0} idle processors"));
    }

    private static MemoryTransfer Pages(MemoryCompression method, VMTrafficRate rate, double? link, int streams, string why)
    {
        double share = Math.Max(rate.CompressedMemoryShare ?? 1, LeastShare);
        int threads = link is { } bytes ? (int)Math.Clamp(Math.Ceiling(bytes / share / Speed(method)), streams, MostConnections) : streams;
        return new MemoryTransfer(method, threads, share, share, threads * Speed(method) * share, $"{method} {why}");
    }

    private static MemoryTransfer Differences(VMTrafficRate rate, string why) =>
        new(MemoryCompression.Xbzrle, 1, 1, rate.ChangedPageShare ?? 1, null, $"{MemoryCompression.Xbzrle} {why}");

    private static double Speed(MemoryCompression method) => method == MemoryCompression.Zstd ? ZstdBytesPerSecond : ZlibBytesPerSecond;

    /// <summary>Connections that one thread each can fill: as many as the link needs beside the others that leave by it, or as were asked for.</summary>
    private int Streams(Decision decision, int vm)
    {
        if (request.Connections is { } wanted)
        {
            return wanted;
        }

        int beside = site.VMsAt(site.SourceOf[vm]);
        int limit = new[] { request.Budget.ThrottleLimit, request.Budget.MaxOutgoingPerHost }.Where(l => l > 0).DefaultIfEmpty(beside).Min();
        double streams = 8 * (LinkBytesPerSecond(decision, vm) ?? 0) / StreamBitsPerSecond / Math.Min(beside, limit);
        int idle = (int)Math.Min(site.VMs[vm].HostIdleCpuCount ?? 0, site.Destinations[decision.Destinations[vm]].IdleCpuCount ?? 0);
        return (int)Math.Clamp(Math.Ceiling(streams), 1, Math.Clamp(idle, 1, MostConnections));
    }

    private double? LinkBytesPerSecond(Decision decision, int vm)
    {
        long? here = site.Sources[site.SourceOf[vm]].LinkBitsPerSecond;
        long? there = site.Destinations[decision.Destinations[vm]].LinkBitsPerSecond;
        return here is null && there is null ? null : Math.Min(here ?? long.MaxValue, there ?? long.MaxValue) / 8.0;
    }
}
