using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>What two samples of a host say about the time between them.</summary>
internal sealed class IntervalCalculator
{
    // 10 Tbit/s: no link of a host moves that; a counter that seems to was reset.
    private const double HighestBitsPerSecond = 1e13;

    // Beyond this share of what enters a bridge, or this rate, what does not leave it is no rounding of counters.
    private const double LocalShare = 0.02;
    private const double LocalBitsPerSecond = 500_000;

    private readonly HostSample _before;
    private readonly HostSample _after;
    private readonly Topology _topology;
    private readonly HashSet<string> _localBridges;
    private readonly Dictionary<string, string> _ownerOfLink;

    public IntervalCalculator(HostSample before, HostSample after, Topology topology)
    {
        _before = before;
        _after = after;
        _topology = topology;
        Seconds = after.Time.Since(before.Time);
        _localBridges = [.. topology.Bridges.Where(HasLocalTraffic).Select(b => b.Name)];
        _ownerOfLink = topology.Interfaces.SelectMany(i => i.Value, (i, nic) => (nic.Link, i.Key))
            .DistinctBy(p => p.Link).ToDictionary(p => p.Link, p => p.Key, StringComparer.Ordinal);
    }

    /// <summary>Length of the interval by the host's own clock, seconds.</summary>
    public double Seconds { get; }

    /// <summary>
    /// Whether VMs talked to each other, or to the host, on a bridge where nobody counts who sent how much to whom.
    /// </summary>
    public bool NeedsPairs => !HasPairs && _localBridges.Count > 0;

    private bool HasPairs => _before.Pairs is not null && _after.Pairs is not null;

    /// <summary>A VM's interval.</summary>
    /// <returns><see langword="null"/> where the counters say nothing: it is new, or one of them was reset.</returns>
    public VMInterval? VM(string id)
    {
        IReadOnlyList<VMInterface> interfaces = _topology.Interfaces[id];
        var interval = new VMInterval(Seconds, default, default, default, default, LocalIsKnown: true);
        int counted = 0;
        foreach (VMInterface nic in interfaces)
        {
            // One that was plugged in meanwhile counts from the next interval on.
            if (!_before.Links.TryGetValue(nic.Link, out LinkCounters before) || !_after.Links.TryGetValue(nic.Link, out LinkCounters after))
            {
                continue;
            }

            if (Difference(before, after) is not { } difference)
            {
                return null;
            }

            counted++;
            interval = Add(interval, nic, difference);
            interval = WithPeers(interval, nic, id);
        }

        return counted == 0 && interfaces.Count > 0 ? null : interval;
    }

    /// <summary>The uplink's interval.</summary>
    /// <param name="vms">The VMs' intervals; <see langword="null"/> for a VM whose part is not known.</param>
    public UplinkInterval? Uplink(IReadOnlyCollection<VMInterval?> vms)
    {
        Flow bits = default;
        Flow packets = default;
        foreach (string name in _topology.Uplinks)
        {
            if (!_before.Links.TryGetValue(name, out LinkCounters before) || !_after.Links.TryGetValue(name, out LinkCounters after)
                || Difference(before, after) is not { } difference)
            {
                return null;
            }

            bits += Bits(difference);
            packets += Packets(difference);
        }

        Flow ofVMs = vms.Aggregate(default(Flow), (sum, vm) => vm is { } known ? sum + known.Uplink : sum);
        double? idle = _before.Cpu is { } earlier ? _after.Cpu?.IdleShareSince(earlier) : null;
        return new UplinkInterval(Seconds, bits, packets, ofVMs, vms.All(v => v is not null), idle);
    }

    private LinkCounters? Difference(LinkCounters before, LinkCounters after)
    {
        // Unsigned subtraction is right across a wrap of 64 bits, and absurdly large after a reset.
        var difference = new LinkCounters(
            unchecked(after.RxBytes - before.RxBytes), unchecked(after.RxPackets - before.RxPackets),
            unchecked(after.TxBytes - before.TxBytes), unchecked(after.TxPackets - before.TxPackets));
        return Rate(difference.RxBytes) > HighestBitsPerSecond || Rate(difference.TxBytes) > HighestBitsPerSecond
            ? null
            : difference;
    }

    private VMInterval Add(VMInterval interval, VMInterface nic, LinkCounters difference)
    {
        Flow bits = Bits(difference);
        Flow packets = Packets(difference);
        if (!nic.IsGuestSide)
        {
            bits = new Flow(bits.Rx, bits.Tx);
            packets = new Flow(packets.Rx, packets.Tx);
        }

        interval = interval with { Packets = interval.Packets + packets };
        switch (nic.Way)
        {
            case Way.Local:
                return interval with { Local = interval.Local + bits };
            case Way.Elsewhere:
                return interval with { Elsewhere = interval.Elsewhere + bits };
        }

        if (nic.Bridge is { } bridge && _localBridges.Contains(bridge) && HasPairs)
        {
            return interval with { Uplink = interval.Uplink + Outward(nic), Local = interval.Local + Inward(nic) };
        }

        bool isKnown = !nic.HasPeers || (nic.Bridge is { } own && !_localBridges.Contains(own));
        return interval with { Uplink = interval.Uplink + bits, LocalIsKnown = interval.LocalIsKnown && isKnown };
    }

    /// <summary>With what an interface sent to other VMs by the network that a migration's uplink belongs to.</summary>
    private VMInterval WithPeers(VMInterval interval, VMInterface nic, string id)
    {
        if (nic.Way != Way.Uplink || !HasPairs || nic.Bridge is not { } bridge || !_localBridges.Contains(bridge))
        {
            return interval;
        }

        var peers = new Dictionary<string, double>(interval.ToPeers, StringComparer.Ordinal);
        foreach (string other in BridgeOf(nic).VMPorts)
        {
            if (_ownerOfLink.TryGetValue(other, out string? owner) && owner != id)
            {
                peers[owner] = peers.GetValueOrDefault(owner) + PairRate(new PortPair(nic.Link, other));
            }
        }

        return interval with { ToPeers = peers };
    }

    /// <summary>What an interface exchanged with the ports that lead out; without any the host routes, bit/s.</summary>
    private Flow Outward(VMInterface nic)
    {
        BridgePorts bridge = BridgeOf(nic);
        return Exchanged(nic.Link, bridge.OutwardPorts.Count > 0 ? bridge.OutwardPorts : [PortPair.Host]);
    }

    /// <summary>What an interface exchanged with other VMs, and with the host where that does not route, bit/s.</summary>
    private Flow Inward(VMInterface nic)
    {
        BridgePorts bridge = BridgeOf(nic);
        return Exchanged(nic.Link, bridge.OutwardPorts.Count > 0 ? [.. bridge.VMPorts, PortPair.Host] : bridge.VMPorts);
    }

    private BridgePorts BridgeOf(VMInterface nic) => _topology.Bridges.First(b => b.Name == nic.Bridge);

    private Flow Exchanged(string link, IReadOnlyList<string> others) => new(
        others.Sum(other => PairRate(new PortPair(link, other))), others.Sum(other => PairRate(new PortPair(other, link))));

    private double PairRate(PortPair pair)
    {
        PairSample earlier = _before.Pairs!;
        PairSample later = _after.Pairs!;
        double seconds = later.Time.Since(earlier.Time);
        ulong before = earlier.Bytes.GetValueOrDefault(pair);
        ulong after = later.Bytes.GetValueOrDefault(pair);
        return after >= before && seconds > 0 ? (after - before) * 8.0 / seconds : 0;
    }

    /// <summary>
    /// Whether traffic stayed within the host: all that VMs and the host sent into the bridge, less what left it by
    /// its outward ports. Where it has none and the host routes: what VMs sent, less what the host took.
    /// </summary>
    private bool HasLocalTraffic(BridgePorts bridge)
    {
        LinkCounters?[] vms = [.. bridge.VMPorts.Select(Change)];
        LinkCounters?[] outward = [.. bridge.OutwardPorts.Select(Change)];
        if (Change(bridge.Name) is not { } host || vms.Contains(null) || outward.Contains(null))
        {
            return false; // a port came or went: the next interval tells
        }

        double fromVMs = vms.Sum(v => Rate(v!.Value.RxBytes));
        double entered = outward.Length > 0 ? fromVMs + Rate(host.TxBytes) : fromVMs;
        double left = outward.Length > 0
            ? outward.Sum(o => Rate(o!.Value.TxBytes)) - bridge.OtherUsers.Select(Change).Sum(o => Rate(o?.TxBytes ?? 0))
            : Rate(host.RxBytes);
        double local = entered - left;
        return local > LocalBitsPerSecond && local > LocalShare * entered;
    }

    private LinkCounters? Change(string link) =>
        _before.Links.TryGetValue(link, out LinkCounters before) && _after.Links.TryGetValue(link, out LinkCounters after)
            ? Difference(before, after)
            : null;

    private Flow Bits(LinkCounters difference) => new(Rate(difference.TxBytes), Rate(difference.RxBytes));

    private Flow Packets(LinkCounters difference) => new(difference.TxPackets / Seconds, difference.RxPackets / Seconds);

    private double Rate(ulong bytes) => bytes * 8.0 / Seconds;
}
