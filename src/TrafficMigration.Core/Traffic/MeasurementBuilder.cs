using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>Turns a window's intervals into the records that a user sees.</summary>
internal sealed class MeasurementBuilder(
    string host, HostFacts facts, Topology topology, IReadOnlyList<UplinkInterval> uplink, DateTimeOffset sampledAt,
    LocalDisks disks)
{
    // Preamble, frame check sequence and the gap between two frames (IEEE 802.3), bytes a frame on the wire.
    private const double WireOverhead = 24;

    // Ethernet, IPv4 and TCP with time stamps, bytes a frame.
    private const double EthernetHeader = 14;
    private const double Headers = 66;

    // A link counts as full from here on; and one interval in ten is enough to censor what a VM wants.
    private const double Full = 0.97;
    private const double FullShare = 0.1;

    // ARP and the like reach every port of a bridge: VMs that get less than this, bit/s, are not talked to.
    private const double LeastToPeer = 10_000;

    private readonly LinkFacts[] _links = [.. topology.Uplinks.Select(name => facts.Links[name])];

    private string? UplinkName => topology.Uplinks.Count > 0 ? string.Join('+', topology.Uplinks) : null;

    private long? Speed => _links.Max(l => l.BitsPerSecond);

    /// <summary>The host, with all that its uplink carries as background.</summary>
    public HostTraffic Host()
    {
        Flow all = RateStatistics.Mean(uplink, i => i.Seconds, i => i.Bits);
        Flow? utilization = Speed > 0 ? RateStatistics.Mean(uplink, i => i.Seconds, OnWire) * (1.0 / Speed.Value) : null;
        return new HostTraffic
        {
            HostName = host,
            BackgroundTxBitsPerSecond = Whole(all.Tx),
            BackgroundRxBitsPerSecond = Whole(all.Rx),
            Uplink = UplinkName,
            LinkBitsPerSecond = Speed,
            LinkDuplex = _links.Select(l => l.Duplex).FirstOrDefault(d => d is not null),
            LinkMtuBytes = _links.Length > 0 ? _links.Min(l => l.MtuBytes) : null,
            TxUtilization = Share(utilization?.Tx),
            RxUtilization = Share(utilization?.Rx),
            Saturated = IsFull(i => OnWire(i).Tx) | IsFull(i => OnWire(i).Rx),
            MigrationAddress = topology.MigrationAddress?.ToString(),
            FreeMemoryBytes = facts.FreeMemoryBytes,
            CpuCount = facts.CpuCount,
            IdleCpuCount = IdleCpuCount(),
            VCpuCount = facts.Domains?.Sum(d => d.VCpuCount),
            PostCopyCapable = facts.PostCopyCapable,
            Compression = facts.Compression,
            SampledAt = sampledAt,
            Window = Window(uplink.Sum(i => i.Seconds)),
            SampleCount = uplink.Count,
        };
    }

    /// <summary>A VM.</summary>
    public VMTrafficRate VM(DomainFacts vm, VMHistory history)
    {
        IReadOnlyCollection<VMInterval> intervals = history.Intervals;
        Flow Mean(Func<VMInterval, Flow> rate) => RateStatistics.Mean(intervals, i => i.Seconds, rate);
        Flow mean = Mean(i => i.Uplink);
        Flow local = Mean(i => i.Local);
        Flow elsewhere = Mean(i => i.Elsewhere);
        Flow packets = Mean(i => i.Packets);
        bool isLocalKnown = intervals.All(i => i.LocalIsKnown);
        Flow? background = Background();
        var rate = new VMTrafficRate
        {
            HostName = host,
            VMName = vm.Name,
            VMId = vm.Id,
            TxBitsPerSecond = 0,
            RxBitsPerSecond = 0,
            TxPacketsPerSecond = Math.Round(packets.Tx, 1),
            RxPacketsPerSecond = Math.Round(packets.Rx, 1),
            LocalTxBitsPerSecond = isLocalKnown ? Whole(local.Tx) : null,
            LocalRxBitsPerSecond = isLocalKnown ? Whole(local.Rx) : null,
            Peers = isLocalKnown ? Peers(intervals) : null,
            ElsewhereTxBitsPerSecond = Whole(elsewhere.Tx),
            ElsewhereRxBitsPerSecond = Whole(elsewhere.Rx),
            Saturated = (IsFull(i => OnWire(i).Tx) & mean.Tx > 0) | (IsFull(i => OnWire(i).Rx) & mean.Rx > 0),
            InterfaceCount = vm.Interfaces.Count,
            UncountedInterfaceCount = vm.Interfaces.Count - topology.Interfaces[vm.Id].Count,
            MemoryBytes = vm.MemoryBytes,
            ResidentBytes = vm.ResidentBytes,
            VCpuCount = vm.VCpuCount,
            DirtyBytesPerSecond = vm.DirtyBytesPerSecond,
            PostCopyCapable = vm.PostCopy.Capable,
            PostCopyBlocker = vm.PostCopy.Blocker,
            HostCompression = facts.Compression,
            Uplink = UplinkName,
            HostBackgroundTxBitsPerSecond = background is { } tx ? Whole(tx.Tx) : null,
            HostBackgroundRxBitsPerSecond = background is { } rx ? Whole(rx.Rx) : null,
            LinkBitsPerSecond = Speed,
            HostIdleCpuCount = IdleCpuCount(),
            SampledAt = sampledAt,
            Window = Window(intervals.Sum(i => i.Seconds)),
        }.WithStatistics(intervals, history.Current);
        return disks.Fill(rate, vm);
    }

    private VMPeers Peers(IReadOnlyCollection<VMInterval> intervals)
    {
        double seconds = intervals.Sum(i => i.Seconds);
        Dictionary<string, string> names = facts.Domains!.ToDictionary(d => d.Id, d => d.Name, StringComparer.Ordinal);
        return new VMPeers(intervals
            .SelectMany(i => i.ToPeers, (i, peer) => (Id: peer.Key, Bits: peer.Value * i.Seconds))
            .GroupBy(p => p.Id, p => p.Bits, StringComparer.Ordinal)
            .Select(g => (Id: g.Key, Rate: g.Sum() / seconds))
            .Where(p => p.Rate >= LeastToPeer && names.ContainsKey(p.Id))
            .Select(p => new VMPeer(names[p.Id], p.Id, Whole(p.Rate))));
    }

    private static long Whole(double rate) => RateStatistics.Whole(rate);

    private static double? Share(double? share) => share is { } known ? Math.Round(Math.Min(1, known), 4) : null;

    private static TimeSpan Window(double seconds) => TimeSpan.FromSeconds(Math.Round(seconds, 3));

    private Flow OnWire(UplinkInterval interval) =>
        new(OnWire(interval.Bits.Tx, interval.Packets.Tx), OnWire(interval.Bits.Rx, interval.Packets.Rx));

    /// <summary>What a rate takes of the wire, bit/s.</summary>
    /// <remarks>
    /// Virtual NICs count a packet that is cut into frames only later (segmentation offload) once, with one set of
    /// headers. Where packets are larger than a frame can be, the frames and their headers are put back.
    /// </remarks>
    private double OnWire(double bits, double packets)
    {
        double bytes = bits / 8;
        double mtu = _links.Length > 0 ? _links.Min(l => l.MtuBytes) : 0;
        double payload = mtu - (Headers - EthernetHeader);
        bool isUncut = payload > 0 && bytes > packets * (mtu + EthernetHeader);
        double frames = isUncut ? Math.Max(packets, (bytes - (packets * Headers)) / payload) : packets;
        return 8 * (bytes + ((frames - packets) * Headers) + (frames * WireOverhead));
    }

    /// <summary>What the uplink carried and no VM of this host sent or received, over the intervals in which all are known.</summary>
    private Flow? Background()
    {
        if (topology.Uplinks.Count == 0)
        {
            return null;
        }

        UplinkInterval[] complete = [.. uplink.Where(i => i.IsComplete)];
        IReadOnlyList<UplinkInterval> intervals = complete.Length > 0 ? complete : uplink;
        return RateStatistics.Mean(intervals, i => i.Seconds, i => i.Bits - i.VMs).NotNegative();
    }

    /// <summary>Processors' worth of idle time over the intervals in which it is known.</summary>
    private double? IdleCpuCount()
    {
        UplinkInterval[] known = [.. uplink.Where(i => i.IdleShare is not null)];
        double seconds = known.Sum(i => i.Seconds);
        return seconds > 0 ? Math.Round(facts.CpuCount * known.Sum(i => i.IdleShare!.Value * i.Seconds) / seconds, 2) : null;
    }

    private bool? IsFull(Func<UplinkInterval, double> onWire)
    {
        if (Speed is not > 0)
        {
            return null;
        }

        int full = uplink.Count(i => onWire(i) >= Full * Speed.Value);
        return full > 0 && full >= FullShare * uplink.Count;
    }
}
