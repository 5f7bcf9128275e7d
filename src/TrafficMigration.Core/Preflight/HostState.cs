using System.Net;
using System.Xml.Linq;
using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>What the pre-flight knows about a host after its first question.</summary>
internal sealed record HostState
{
    /// <summary>The host's name as the plans say it.</summary>
    public required string HostName { get; init; }

    /// <summary>libvirt's name of the host (<c>virConnectGetHostname</c>); libvirt refuses a migration between equal ones.</summary>
    public required string LibvirtHostName { get; init; }

    /// <summary>libvirt's UUID of the host (capabilities, <c>host/uuid</c>); libvirt refuses a migration between equal ones.</summary>
    public required string Uuid { get; init; }

    /// <summary>systemd's id of the machine (machine-id(5)); empty where there is none.</summary>
    public required string MachineId { get; init; }

    /// <summary>The user that we log in as is root, as libvirt's own connection to the destination is.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>Version of libvirt.</summary>
    public required Version LibvirtVersion { get; init; }

    /// <summary>Version of QEMU; <see langword="null"/> where libvirt did not tell.</summary>
    public required Version? QemuVersion { get; init; }

    /// <summary>The host's processor (capabilities, <c>host/cpu</c>); <see langword="null"/> where libvirt did not tell.</summary>
    public required XElement? Cpu { get; init; }

    /// <summary>All VMs, running or not, by UUID.</summary>
    public required IReadOnlyDictionary<string, DomainEntry> Domains { get; init; }

    /// <summary>The VMs that are to leave, by UUID.</summary>
    public required IReadOnlyDictionary<string, GuestState> Guests { get; init; }

    /// <summary>Memory that new VMs could use (MemAvailable, proc(5)), bytes.</summary>
    public required long FreeMemoryBytes { get; init; }

    /// <summary>Size of a huge page where a VM names none, KiB; <see langword="null"/> on a kernel without.</summary>
    public required long? DefaultPageKibibytes { get; init; }

    /// <summary>Huge pages that are free and promised to nobody, by size in KiB.</summary>
    public required IReadOnlyDictionary<long, long> FreePages { get; init; }

    /// <summary>A hugetlbfs is mounted, without which libvirt starts no VM on huge pages.</summary>
    public required bool HasHugetlbfs { get; init; }

    /// <summary>Names of the network links, bridges among them.</summary>
    public required IReadOnlySet<string> Links { get; init; }

    /// <summary>The host's own addresses.</summary>
    public required IReadOnlySet<IPAddress> Addresses { get; init; }

    /// <summary>TCP ports that something listens on.</summary>
    public required IReadOnlySet<int> ListeningPorts { get; init; }

    /// <summary>Whether QEMU may use userfaultfd here; <see langword="null"/> where not known.</summary>
    public required bool? PostCopyCapable { get; init; }

    /// <summary>What qemu.conf says about migrations.</summary>
    public required QemuSettings Settings { get; init; }

    /// <summary>Folders that a migration writes to.</summary>
    public required IReadOnlyList<FolderState> Folders { get; init; }

    /// <summary>Numbers of the processors that are online.</summary>
    public required IReadOnlySet<int> Processors { get; init; }

    /// <summary>Numbers of the NUMA nodes that are online; empty on a kernel without NUMA.</summary>
    public required IReadOnlySet<int> Nodes { get; init; }

    /// <summary>The host's clock when it began and when it had ended to answer.</summary>
    public required (DateTimeOffset Began, DateTimeOffset Ended) Answered { get; init; }
}

/// <summary>A VM as a host's list has it.</summary>
/// <param name="Id">libvirt's UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>virDomainState</c>: 1 running, 3 paused, 5 shut off; <see langword="null"/> where it changed meanwhile.</param>
/// <param name="Reason">The reason's number in the state's own enumeration.</param>
internal sealed record DomainEntry(string Id, string Name, int? State, int? Reason)
{
    /// <summary>QEMU has a process for it: all states but "shut off" (5) and "no state" (0).</summary>
    public bool IsActive => State is not (null or 0 or 5);

    /// <summary>It is being received: paused (3) with the reason <c>VIR_DOMAIN_PAUSED_MIGRATION</c> (2).</summary>
    public bool IsArriving => (State, Reason) == (3, 2);
}

/// <summary>A VM that is to leave.</summary>
/// <param name="Id">libvirt's UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">libvirt's word for its state: <c>running</c>, <c>paused</c>.</param>
/// <param name="HasJob">libvirt does something with it that takes long: a migration, a backup, a save.</param>
/// <param name="IsPersistent">It is defined and not only running.</param>
/// <param name="StartsWithHost">It is started when the host starts.</param>
/// <param name="SnapshotCount">Its snapshots.</param>
/// <param name="Live">Its definition as it runs.</param>
/// <param name="Sent">Its definition as libvirt sends it to a destination (<c>VIR_DOMAIN_XML_MIGRATABLE</c>): without paths and ports that libvirt chooses anew there.</param>
internal sealed record GuestState(
    string Id, string Name, string State, bool HasJob, bool IsPersistent, bool StartsWithHost, int SnapshotCount, XElement Live, XElement Sent);

/// <summary>A folder that a migration writes to.</summary>
/// <param name="Path">The folder.</param>
/// <param name="IsWritable">Our user may write there.</param>
/// <param name="FreeBytes">Room on its file system, bytes; <see langword="null"/> where that sets no limit.</param>
/// <param name="FreeInodes">Files that its file system still takes; <see langword="null"/> where that sets no limit.</param>
internal sealed record FolderState(string Path, bool IsWritable, long? FreeBytes, long? FreeInodes);
