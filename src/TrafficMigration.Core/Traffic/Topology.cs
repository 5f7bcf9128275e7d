using System.Net;
using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>Which NIC a migration uses, and by which way each interface of a VM leaves the host.</summary>
/// <remarks>
/// A link is followed down to an <em>uplink</em>: VLAN, macvlan, macvtap and vxlan to what they lie on; a bridge or
/// Open vSwitch to its ports that are not a VM's (through patch ports to the next switch); a link that is a port of
/// nothing, and a bridge without such ports, are routed and leave by the default route. A bond and a NIC are uplinks.
/// </remarks>
internal sealed class Topology
{
    private readonly HostFacts _facts;
    private readonly HashSet<string> _vmLinks;

    private Topology(HostFacts facts, LinkFacts? migrationLink, IPAddress? migrationAddress)
    {
        _facts = facts;
        _vmLinks = [.. (facts.Domains ?? []).SelectMany(d => d.Interfaces).OfType<string>()];
        MigrationAddress = migrationAddress;
        Uplinks = migrationLink is null ? [] : UplinksOf(migrationLink.Name);
        Interfaces = (facts.Domains ?? []).ToDictionary(
            d => d.Id, d => (IReadOnlyList<VMInterface>)[.. d.Interfaces.OfType<string>().Select(Interface).OfType<VMInterface>()],
            StringComparer.Ordinal);
        Bridges = [.. facts.Links.Values.Where(l => l.Kind == "bridge").Select(Bridge).Where(b => b.VMPorts.Count > 0)];
    }

    /// <summary>The links that a migration uses, by name; more than one where a bridge has several. Empty where not known.</summary>
    public IReadOnlyList<string> Uplinks { get; }

    /// <summary>The host's address on the migration network that was asked for.</summary>
    public IPAddress? MigrationAddress { get; }

    /// <summary>By the VM's id: its interfaces that have counters, in the domain's order.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<VMInterface>> Interfaces { get; }

    /// <summary>The Linux bridges that have VMs.</summary>
    public IReadOnlyList<BridgePorts> Bridges { get; }

    /// <summary>Reads the topology from a host's facts.</summary>
    /// <param name="facts">The facts.</param>
    /// <param name="migrationNetwork">The network whose link migrations use; <see langword="null"/> for the route that the facts tell.</param>
    /// <returns><see langword="null"/> if the host has no address on that network.</returns>
    public static Topology? Of(HostFacts facts, IPNetwork? migrationNetwork)
    {
        if (migrationNetwork is not { } network)
        {
            // By loopback no migration comes: whoever works on the host itself means the way out of it.
            string? name = facts.MigrationLink is { } told && !IsLoopback(facts.Links.GetValueOrDefault(told)) ? told : facts.DefaultLink;
            return new Topology(facts, name is null ? null : facts.Links.GetValueOrDefault(name), null);
        }

        LinkFacts? link = facts.Links.Values.FirstOrDefault(l => l.Addresses.Any(network.Contains));
        return link is null ? null : new Topology(facts, link, link.Addresses.First(network.Contains));
    }

    private static bool IsLoopback(LinkFacts? link) => link is not null && link.Addresses.Any(IPAddress.IsLoopback);

    private VMInterface? Interface(string link)
    {
        if (!_facts.Links.TryGetValue(link, out LinkFacts? facts))
        {
            return null;
        }

        IReadOnlyList<string> uplinks = UplinksOf(link);
        return new VMInterface(
            link, facts.Index,
            // Where the migration's link is not known, a VM's traffic counts: too much is safer than too little.
            uplinks.Count == 0 ? Way.Local : Uplinks.Count == 0 || uplinks.Any(Uplinks.Contains) ? Way.Uplink : Way.Elsewhere,
            // A tap is a wire: what the guest sends, the host's end receives. A macvtap is the guest's own NIC.
            IsGuestSide: facts.Kind is "macvtap" or "macvlan",
            HasPeers: _facts.Domains!.SelectMany(d => d.Interfaces).OfType<string>().Any(other =>
                other != link && _facts.Links.TryGetValue(other, out LinkFacts? o) && o.Master == facts.Master && o.Parent == facts.Parent),
            Bridge: facts.Master is { } master && _facts.Links.TryGetValue(master, out LinkFacts? m) && m.Kind == "bridge" ? master : null);
    }

    private BridgePorts Bridge(LinkFacts bridge) => new(
        bridge.Name,
        [.. _facts.Links.Values.Where(l => l.Master == bridge.Name && _vmLinks.Contains(l.Name)).Select(l => l.Name)],
        [.. OutwardPorts(bridge.Name).Select(l => l.Name)],
        [.. OutwardPorts(bridge.Name).SelectMany(p => _facts.Links.Values.Where(l => l.Parent == p.Name)).Select(l => l.Name)]);

    /// <summary>
    /// The ports of a bridge that lead out of the host. Containers hang on veth pairs: where a bridge has any other
    /// port, those are no way out.
    /// </summary>
    private LinkFacts[] OutwardPorts(string bridge)
    {
        LinkFacts[] ports = [.. _facts.Links.Values
            .Where(l => l.Master == bridge && !_vmLinks.Contains(l.Name) && l.Kind is not ("tun" or "macvtap"))
            .OrderBy(l => l.Name, StringComparer.Ordinal)];
        LinkFacts[] others = [.. ports.Where(l => l.Kind != "veth")];
        return others.Length > 0 ? others : ports;
    }

    private IReadOnlyList<string> UplinksOf(string link)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        Follow(link, found, new HashSet<string>(StringComparer.Ordinal));
        return [.. found];
    }

    private void Follow(string? name, SortedSet<string> found, HashSet<string> visited)
    {
        if (name is null || !visited.Add(name) || !_facts.Links.TryGetValue(name, out LinkFacts? link))
        {
            return;
        }

        if (link.Parent is not null && link.Kind is "vlan" or "macvlan" or "macvtap" or "vxlan")
        {
            Follow(link.Parent, found, visited);
        }
        else if (link.Kind == "bridge")
        {
            Leave(OutwardPorts(name).Select(p => p.Name), found, visited);
        }
        else if (SwitchOf(name) is { } ovs)
        {
            Leave(OutwardPorts(ovs, new HashSet<string>(StringComparer.Ordinal)), found, visited);
        }
        else if (IsVMLink(link))
        {
            Follow(link.Master ?? _facts.DefaultLink, found, visited);
        }
        else
        {
            found.Add(name);
        }
    }

    private bool IsVMLink(LinkFacts link) => _vmLinks.Contains(link.Name) || link.Kind == "tun";

    private void Leave(IEnumerable<string> ports, SortedSet<string> found, HashSet<string> visited)
    {
        int before = found.Count;
        foreach (string port in ports)
        {
            Follow(port, found, visited);
        }

        if (found.Count == before)
        {
            Follow(_facts.DefaultLink, found, visited);
        }
    }

    /// <summary>The Open vSwitch bridge of this name (its own port), or the one that a VM's link is a port of.</summary>
    private SwitchFacts? SwitchOf(string link) =>
        _facts.Switches.FirstOrDefault(s => s.Name == link)
        ?? (_vmLinks.Contains(link) ? _facts.Switches.FirstOrDefault(s => s.Ports.Contains(link)) : null);

    private IEnumerable<string> OutwardPorts(SwitchFacts ovs, HashSet<string> visited)
    {
        if (!visited.Add(ovs.Name))
        {
            return [];
        }

        IEnumerable<string> own = ovs.Ports.Where(p =>
            p != ovs.Name && _facts.Links.TryGetValue(p, out LinkFacts? link) && !IsVMLink(link) && link.Kind != "openvswitch");
        return own.Concat(ovs.PatchPeers
            .Select(peer => _facts.Switches.FirstOrDefault(s => s.Ports.Contains(peer))).OfType<SwitchFacts>()
            .SelectMany(next => OutwardPorts(next, visited)));
    }
}

/// <summary>The way by which a VM's interface leaves the host.</summary>
internal enum Way
{
    /// <summary>By the uplink that a migration uses.</summary>
    Uplink,

    /// <summary>By another NIC.</summary>
    Elsewhere,

    /// <summary>By none: its bridge has no way out.</summary>
    Local,
}

/// <summary>A VM's interface on the host.</summary>
/// <param name="Link">The link's name.</param>
/// <param name="Index">The link's number.</param>
/// <param name="Way">How it leaves the host.</param>
/// <param name="IsGuestSide">Whether the link's counters have the guest's directions rather than the reverse.</param>
/// <param name="HasPeers">Whether other VMs are on the same bridge, switch or parent.</param>
/// <param name="Bridge">The Linux bridge that it is a port of, if any.</param>
internal sealed record VMInterface(string Link, int Index, Way Way, bool IsGuestSide, bool HasPeers, string? Bridge);

/// <summary>The ports of a Linux bridge.</summary>
/// <param name="Name">The bridge's own link, by which the host itself uses it.</param>
/// <param name="VMPorts">The VMs' links.</param>
/// <param name="OutwardPorts">The links that lead out of the host.</param>
/// <param name="OtherUsers">The VLANs and the like that use those links beside the bridge.</param>
internal sealed record BridgePorts(
    string Name, IReadOnlyList<string> VMPorts, IReadOnlyList<string> OutwardPorts, IReadOnlyList<string> OtherUsers);
