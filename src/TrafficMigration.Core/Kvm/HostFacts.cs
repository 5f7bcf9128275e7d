using System.Net;

namespace TrafficMigration.Kvm;

/// <summary>What a host told about itself that changes rarely: its links, its running VMs, its room.</summary>
/// <param name="Links">The network links by name.</param>
/// <param name="Switches">The Open vSwitch bridges; empty where there are none.</param>
/// <param name="MigrationLink">The link of the route that was asked for; <see langword="null"/> if there is none.</param>
/// <param name="DefaultLink">The link of the default route; <see langword="null"/> if there is none.</param>
/// <param name="Domains">The running VMs, in libvirt's order; <see langword="null"/> if libvirt did not answer, see <paramref name="LibvirtFailure"/>.</param>
/// <param name="LibvirtFailure">What virsh left behind when it failed.</param>
/// <param name="FreeMemoryBytes">Memory that new VMs could use, bytes.</param>
/// <param name="CpuCount">Processors.</param>
/// <param name="PostCopyCapable">Whether QEMU may use userfaultfd here, as a destination of post-copy must; <see langword="null"/> where not known.</param>
internal sealed record HostFacts(
    IReadOnlyDictionary<string, LinkFacts> Links,
    IReadOnlyList<SwitchFacts> Switches,
    string? MigrationLink,
    string? DefaultLink,
    IReadOnlyList<DomainFacts>? Domains,
    CommandResult? LibvirtFailure,
    long FreeMemoryBytes,
    int CpuCount,
    bool? PostCopyCapable) : HostReport
{
    /// <summary>When libvirt was asked about the VMs; <see langword="null"/> where the host did not tell.</summary>
    public HostTime? Time { get; init; }

    /// <summary>The compressions that its libvirt and QEMU have; <see langword="null"/> where not known.</summary>
    public MemoryCompression? Compression { get; init; }
}

/// <summary>A network link of the host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its number; a link that is made anew under the same name gets another.</param>
/// <param name="Kind">iproute2's word for its kind, for example <c>bridge</c>, <c>bond</c>, <c>vlan</c>, <c>tun</c>; <see langword="null"/> for a NIC.</param>
/// <param name="Master">The bridge, bond or switch that it is a port of.</param>
/// <param name="Parent">The link that it lies on, for VLAN, macvlan, macvtap and vxlan.</param>
/// <param name="MtuBytes">Largest packet, bytes.</param>
/// <param name="Addresses">Its IP addresses.</param>
/// <param name="BitsPerSecond">Its speed, bit/s; <see langword="null"/> where the driver tells none.</param>
/// <param name="Duplex"><c>full</c> or <c>half</c>; <see langword="null"/> where the driver tells none.</param>
/// <param name="HasDevice">Whether hardware is behind it.</param>
internal sealed record LinkFacts(
    string Name, int Index, string? Kind, string? Master, string? Parent, int MtuBytes, IReadOnlyList<IPAddress> Addresses,
    long? BitsPerSecond = null, string? Duplex = null, bool HasDevice = false);

/// <summary>An Open vSwitch bridge.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ports">Names of its interfaces, those of bonds and patch ports included.</param>
/// <param name="PatchPeers">Names of the interfaces at the other ends of its patch ports.</param>
internal sealed record SwitchFacts(string Name, IReadOnlyList<string> Ports, IReadOnlyList<string> PatchPeers);

/// <summary>A running VM.</summary>
/// <param name="Id">libvirt's UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="VCpuCount">Virtual processors that it has now.</param>
/// <param name="MemoryBytes">Memory that the guest has now, bytes.</param>
/// <param name="ResidentBytes">Memory of the host that its process holds, bytes.</param>
/// <param name="DirtyBytesPerSecond">Dirty rate of the last finished measurement, bytes per second.</param>
/// <param name="Interfaces">Names of its interfaces' links on the host, in the domain's order; <see langword="null"/> for one without a link.</param>
/// <param name="Disks">Its writable disks.</param>
/// <param name="PostCopy">Whether its definition allows post-copy.</param>
internal sealed record DomainFacts(
    string Id, string Name, int VCpuCount, long MemoryBytes, long? ResidentBytes, long? DirtyBytesPerSecond,
    IReadOnlyList<string?> Interfaces, IReadOnlyList<DiskFacts> Disks, PostCopyFacts PostCopy)
{
    /// <summary>What is known of its disks, by their path; empty where it was not asked for, or libvirt was busy with the VM.</summary>
    public IReadOnlyDictionary<string, BlockFigures> Blocks { get; init; } = new Dictionary<string, BlockFigures>();
}

/// <summary>Whether a VM can be migrated with post-copy.</summary>
/// <param name="Capable"><see langword="null"/> where its definition does not tell.</param>
/// <param name="Blocker">What forbids it.</param>
internal sealed record PostCopyFacts(bool? Capable, string? Blocker);
