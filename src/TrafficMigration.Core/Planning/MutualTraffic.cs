using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Traffic between two VMs of one source, or between one that moves and one that stays there.</summary>
/// <param name="From">The VM that sends; <see langword="null"/> if it stays.</param>
/// <param name="To">The VM that receives; <see langword="null"/> if it stays.</param>
/// <param name="Source">The host on which both are.</param>
/// <param name="Stays">The name of the VM that stays; <see langword="null"/> if both move.</param>
/// <param name="BitsPerSecond">The traffic, bit/s.</param>
internal sealed record MutualFlow(int? From, int? To, int Source, string? Stays, long BitsPerSecond);

/// <summary>
/// What the VMs of a site send each other within their hosts, and the gangs that they form by it: VMs whose traffic crosses
/// a link while some of them are moved and others are not.
/// </summary>
internal sealed class MutualTraffic
{
    // Traffic that takes less than this share of a link makes no gang: while its ends are apart it changes a run by less
    // than predictions are wrong by, and a database that everyone asks now and then would tie all VMs together.
    private const double GangShare = 0.01;

    // Where no speed is known: that share of 100 Mbit/s.
    private const double GangBitsPerSecond = 1_000_000;

    private readonly ILookup<int, MutualFlow> _ofVM;
    private readonly Func<int, long?> _linkOf;

    /// <param name="flows">The traffic; what is noise is left out.</param>
    /// <param name="count">The VMs that move.</param>
    /// <param name="linkOf">The speed of a source's uplink, bit/s, where known.</param>
    private MutualTraffic(MutualFlow[] flows, int count, Func<int, long?> linkOf)
    {
        Flows = flows;
        _linkOf = linkOf;
        _ofVM = flows.SelectMany(f => new[] { f.From, f.To }.OfType<int>().Select(vm => (vm, f))).ToLookup(p => p.vm, p => p.f);
        Gangs = Components(flows, count);
        GangOf = new int?[count];
        for (int g = 0; g < Gangs.Count; g++)
        {
            foreach (int vm in Gangs[g])
            {
                GangOf[vm] = g + 1;
            }
        }
    }

    /// <summary>The traffic.</summary>
    public IReadOnlyList<MutualFlow> Flows { get; }

    /// <summary>VMs that talk to each other, also by way of others; at least two each, every VM in at most one. By their first VM.</summary>
    public IReadOnlyList<int[]> Gangs { get; }

    /// <summary>The number of each VM's gang, from 1; <see langword="null"/> for one that is in none.</summary>
    public int?[] GangOf { get; }

    /// <summary>The flows of which a VM is an end.</summary>
    public IEnumerable<MutualFlow> Of(int vm) => _ofVM[vm];

    /// <summary>Reads the traffic from rates.</summary>
    /// <param name="rates">All rates that came in.</param>
    /// <param name="vms">The VMs that move.</param>
    /// <param name="sourceOf">The index of each one's source.</param>
    /// <param name="linkOf">The speed of a source's uplink, bit/s, where known.</param>
    /// <param name="noise">The least traffic that counts, bit/s.</param>
    public static MutualTraffic From(
        IReadOnlyList<VMTrafficRate> rates, VMTrafficRate[] vms, int[] sourceOf, Func<int, long?> linkOf, double noise)
    {
        if (rates.All(r => r.Peers is not { Count: > 0 }))
        {
            return new MutualTraffic([], vms.Length, linkOf);
        }

        // Names are unique on a host, and ids go before names.
        var indices = new Dictionary<(string, string), int>();
        for (int i = 0; i < vms.Length; i++)
        {
            indices[Key(vms[i].HostName, vms[i].VMName)] = i;
        }

        ILookup<string, string> nameOf = rates.Where(r => r.VMId is not null).ToLookup(r => r.VMId!, r => r.VMName, StringComparer.OrdinalIgnoreCase);
        Dictionary<string, int> sources = new(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < vms.Length; i++)
        {
            sources[vms[i].HostName] = sourceOf[i];
        }

        IEnumerable<MutualFlow> all = rates.SelectMany(r => r.Peers ?? (IEnumerable<VMPeer>)[], (r, peer) =>
        {
            string other = peer.VMId is { } id && nameOf[id].FirstOrDefault() is { } known ? known : peer.VMName;
            int? from = indices.TryGetValue(Key(r.HostName, r.VMName), out int f) ? f : null;
            int? to = indices.TryGetValue(Key(r.HostName, other), out int t) ? t : null;
            return (from is null && to is null) || from == to ? null
                : new MutualFlow(from, to, sources[r.HostName], from is null ? r.VMName : to is null ? other : null, peer.TxBitsPerSecond);
        }).OfType<MutualFlow>();
        return new MutualTraffic(
            [.. all.GroupBy(f => (f.From, f.To, f.Source, f.Stays))
                .Select(g => g.First() with { BitsPerSecond = g.Sum(f => f.BitsPerSecond) })
                .Where(f => f.BitsPerSecond > 0 && f.BitsPerSecond >= noise)
                .OrderBy(f => f.From ?? int.MaxValue).ThenBy(f => f.To ?? int.MaxValue).ThenBy(f => f.Stays, StringComparer.Ordinal)],
            vms.Length, linkOf);
    }

    /// <summary>Whether what two VMs of a source exchange is enough to make a gang of them.</summary>
    public bool IsMuch(long bitsPerSecond, int source) =>
        bitsPerSecond >= (_linkOf(source) is > 0 and { } link ? GangShare * link : GangBitsPerSecond);

    /// <summary>A gang in an order in which each VM follows those that it exchanges most with.</summary>
    public IEnumerable<int> Closest(int[] gang)
    {
        var tie = gang.ToDictionary(vm => vm, _ => 0L);
        var left = gang.ToHashSet();
        while (left.Count > 0)
        {
            // The first one is the one that exchanges most with all.
            int next = left.Count == gang.Length
                ? gang.MaxBy(vm => _ofVM[vm].Where(f => f.Stays is null).Sum(f => f.BitsPerSecond))
                : gang.Where(left.Contains).MaxBy(vm => tie[vm]);
            left.Remove(next);
            yield return next;
            foreach (MutualFlow flow in _ofVM[next].Where(f => f.Stays is null))
            {
                // It may talk a little to VMs of no gang, or of another.
                int other = flow.From == next ? flow.To!.Value : flow.From!.Value;
                tie[other] = tie.GetValueOrDefault(other) + flow.BitsPerSecond;
            }
        }
    }

    /// <summary>Whether a flow's ends are on different hosts once all have moved.</summary>
    public static bool IsSplit(MutualFlow flow, Decision decision) =>
        flow.Stays is not null || decision.Destinations[flow.From!.Value] != decision.Destinations[flow.To!.Value];

    /// <summary>
    /// Adds what flows load on links in the direction of memory while all VMs migrate at once: pre-copied ones are at
    /// their source, post-copied ones at their destination.
    /// </summary>
    /// <param name="flows">The flows.</param>
    /// <param name="techniques">Each VM's technique.</param>
    /// <param name="destinations">Each VM's destination.</param>
    /// <param name="loads">As <see cref="Decision.Loads"/>; the destinations begin at <paramref name="sources"/>.</param>
    /// <param name="sources">How many sources there are.</param>
    /// <param name="sign">1 to add, -1 to take off.</param>
    public static void AddTo(
        IEnumerable<MutualFlow> flows, Technique[] techniques, int[] destinations, long[] loads, int sources, int sign = 1)
    {
        foreach (MutualFlow flow in flows)
        {
            int? from = Place(flow.From);
            int? to = Place(flow.To);
            if (to is null || from == to)
            {
                continue; // within a host, or towards the source: against the memory
            }

            loads[sources + to.Value] += sign * flow.BitsPerSecond;
            if (from is null)
            {
                loads[flow.Source] += sign * flow.BitsPerSecond;
            }
        }

        int? Place(int? vm) => vm is { } i && techniques[i] == Technique.PostCopy ? destinations[i] : null;
    }

    private static (string, string) Key(string host, string vm) => (host.ToUpperInvariant(), vm);

    private int[][] Components(MutualFlow[] flows, int count)
    {
        int[] root = [.. Enumerable.Range(0, count)];
        int Root(int vm)
        {
            while (root[vm] != vm)
            {
                vm = root[vm] = root[root[vm]];
            }

            return vm;
        }

        foreach (var pair in flows.Where(f => f.Stays is null)
            .GroupBy(f => (Low: Math.Min(f.From!.Value, f.To!.Value), High: Math.Max(f.From!.Value, f.To!.Value))))
        {
            if (IsMuch(pair.Sum(f => f.BitsPerSecond), pair.First().Source))
            {
                root[Root(pair.Key.High)] = Root(pair.Key.Low);
            }
        }

        return [.. Enumerable.Range(0, count).GroupBy(Root).Select(g => g.ToArray()).Where(g => g.Length > 1).OrderBy(g => g[0])];
    }
}
