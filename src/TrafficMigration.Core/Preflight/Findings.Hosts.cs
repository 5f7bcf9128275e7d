using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <content>Findings about hosts and pairs of hosts.</content>
internal static partial class Findings
{
    /// <summary>Source and destination have one libvirt UUID: one host, or a clone.</summary>
    public static PreflightFinding SameHost(HostState source, HostState destination, bool isClone) => OfPair(
        Error, nameof(SameHost), source.HostName, destination.HostName, destination.HostName,
        isClone
            ? $"'{source.HostName}' and '{destination.HostName}' have the same libvirt UUID ({source.Uuid}), though they are two machines: libvirt takes them for one and refuses."
            : $"'{source.HostName}' and '{destination.HostName}' are the same host ({source.LibvirtHostName}).",
        isClone ? "Give one of them a host_uuid of its own in libvirtd.conf (virtqemud.conf)." : "Choose another destination.");

    /// <summary>Both hosts call themselves the same.</summary>
    public static PreflightFinding SameHostName(HostState source, HostState destination) => OfPair(
        Error, nameof(SameHostName), source.HostName, destination.HostName, destination.HostName,
        $"'{source.HostName}' and '{destination.HostName}' both call themselves '{source.LibvirtHostName}': libvirt takes them for one and refuses.",
        "Give each host a name of its own (hostnamectl).");

    /// <summary>The destination's name leads the source to another host than us.</summary>
    public static PreflightFinding DestinationIsAnother(HostState source, HostState destination, string uuid) => OfPair(
        Error, nameof(DestinationIsAnother), source.HostName, destination.HostName, source.HostName,
        $"From '{source.HostName}' the name '{destination.HostName}' leads to another host (UUID {uuid}) than from here ({destination.Uuid}).",
        $"Correct the name on '{source.HostName}' (/etc/hosts, DNS, root's ~/.ssh/config).");

    /// <summary>The source cannot resolve a name.</summary>
    public static PreflightFinding NameNotResolved(HostState source, string destination, string name) => OfPair(
        Error, nameof(NameNotResolved), source.HostName, destination, source.HostName,
        $"'{source.HostName}' cannot resolve the name '{name}' of its destination.",
        $"Enter '{name}' in DNS or in /etc/hosts of '{source.HostName}'.");

    /// <summary>The source does not reach the destination's SSH server.</summary>
    public static PreflightFinding SshUnreachable(HostState source, string destination, string said) => OfPair(
        Error, nameof(SshUnreachable), source.HostName, destination, source.HostName,
        $"'{source.HostName}' does not reach the SSH server of '{destination}': {said}.",
        $"Open TCP port 22 from '{source.HostName}' to '{destination}' (routes, firewalls at both).");

    /// <summary>The source does not know the destination's host key.</summary>
    public static PreflightFinding HostKeyNotVerified(HostState source, string destination, string said) => OfPair(
        Error, nameof(HostKeyNotVerified), source.HostName, destination, source.HostName,
        $"root of '{source.HostName}' does not know the host key of '{destination}', or knows another: {said}.",
        $"As root of '{source.HostName}': 'ssh {destination}', compare the fingerprint, accept it.");

    /// <summary>The destination refuses the login of the source's root.</summary>
    public static PreflightFinding LoginRefused(HostState source, string destination, string said) => OfPair(
        Error, nameof(LoginRefused), source.HostName, destination, source.HostName,
        $"'{destination}' does not let root of '{source.HostName}' in without a question: {said}.",
        $"Put root's public key of '{source.HostName}' into authorized_keys at '{destination}'; a passphrase needs an agent that libvirtd sees.");

    /// <summary>libvirt's connection fails for another reason.</summary>
    public static PreflightFinding LibvirtUnreachable(HostState source, string destination, string said) => OfPair(
        Error, nameof(LibvirtUnreachable), source.HostName, destination, source.HostName,
        $"libvirt of '{destination}' cannot be used from '{source.HostName}': {said}.",
        $"On '{source.HostName}' this must work: 'virsh -c qemu+ssh://{destination}/system?no_tty=1 version'.");

    /// <summary>The login was not tried, for we are not root.</summary>
    public static PreflightFinding LoginNotVerified(HostState source, string destination) => OfPair(
        Information, nameof(LoginNotVerified), source.HostName, destination, source.HostName,
        $"Whether libvirt of '{source.HostName}' may log in to '{destination}' was not tried: it does so as root, and our user there is not root.",
        $"As root of '{source.HostName}': 'virsh -c qemu+ssh://{destination}/system?no_tty=1 version'.");

    /// <summary>No migration port is reached.</summary>
    public static PreflightFinding MigrationPortsClosed(HostState source, HostState destination, string address) => OfPair(
        Error, nameof(MigrationPortsClosed), source.HostName, destination.HostName, destination.HostName,
        $"From '{source.HostName}' no packet comes through to the migration ports {Range(destination)} of '{address}' ('{destination.HostName}').",
        $"Open TCP ports {Range(destination)} from '{source.HostName}' in the firewall of '{destination.HostName}' and on the way.");

    /// <summary>Only some migration ports are reached.</summary>
    public static PreflightFinding MigrationPortsPartlyClosed(HostState source, HostState destination, string address) => OfPair(
        Warning, nameof(MigrationPortsPartlyClosed), source.HostName, destination.HostName, destination.HostName,
        $"From '{source.HostName}' only some of the migration ports {Range(destination)} of '{address}' ('{destination.HostName}') are reached.",
        $"Open all of them, or set migration_port_min and migration_port_max of qemu.conf at '{destination.HostName}' to those that are open.");

    /// <summary>The source has no bash to try the ports.</summary>
    public static PreflightFinding MigrationPortsNotTried(HostState source, HostState destination) => OfPair(
        Information, nameof(MigrationPortsNotTried), source.HostName, destination.HostName, source.HostName,
        $"Whether '{source.HostName}' reaches the migration ports of '{destination.HostName}' was not tried: that takes bash, which it does not have.",
        $"See that TCP ports {Range(destination)} are open.");

    /// <summary>No migration port is free.</summary>
    public static PreflightFinding MigrationPortsUsedUp(HostState destination) => OfDestination(
        Error, nameof(MigrationPortsUsedUp), destination.HostName,
        $"All migration ports {Range(destination)} of '{destination.HostName}' are in use.",
        "Wait for other migrations to end, or set a larger migration_port_max in qemu.conf.");

    /// <summary>QEMU listens on another address than memory goes to.</summary>
    public static PreflightFinding MigrationAddressNotListened(HostState source, HostState destination, string address) => OfPair(
        Error, nameof(MigrationAddressNotListened), source.HostName, destination.HostName, destination.HostName,
        $"QEMU at '{destination.HostName}' receives migrations on {destination.Settings.ListenAddress} alone (migration_address in qemu.conf), and '{source.HostName}' would send to '{address}', which is another address.",
        $"Set migration_address at '{destination.HostName}' to 0.0.0.0 or to that address, or plan without -MigrationNetwork.");

    /// <summary>A host's clock is off from ours.</summary>
    public static PreflightFinding ClockSkewed(string host, TimeSpan skew) => new()
    {
        Severity = Warning,
        Check = nameof(ClockSkewed),
        HostName = host,
        Message = $"The clock of '{host}' is {Seconds(skew)} {(skew < TimeSpan.Zero ? "behind" : "ahead of")} ours.",
        Remedy = $"See that '{host}' and this machine keep time (chronyc tracking): times of results and logs would not fit together.",
    };

    /// <summary>The clocks of two hosts differ.</summary>
    public static PreflightFinding ClocksDiffer(string source, string destination, TimeSpan skew) => OfPair(
        Warning, nameof(ClocksDiffer), source, destination, destination,
        $"The clock of '{destination}' is {Seconds(skew)} {(skew < TimeSpan.Zero ? "behind" : "ahead of")} that of '{source}': guests that take their time from the host will see it jump.",
        "Let both hosts keep time from the same servers (chronyc tracking).");

    /// <summary>The destination's QEMU is older.</summary>
    public static PreflightFinding QemuOlder(HostState source, HostState destination) => OfPair(
        Warning, nameof(QemuOlder), source.HostName, destination.HostName, destination.HostName,
        $"QEMU of '{destination.HostName}' ({destination.QemuVersion}) is older than that of '{source.HostName}' ({source.QemuVersion}): such moves are not promised to work.",
        "Update the destination first, or try it with a VM that matters less.");

    /// <summary>The destination's libvirt is older.</summary>
    public static PreflightFinding LibvirtOlder(HostState source, HostState destination) => OfPair(
        Warning, nameof(LibvirtOlder), source.HostName, destination.HostName, destination.HostName,
        $"libvirt of '{destination.HostName}' ({destination.LibvirtVersion}) is older than that of '{source.HostName}' ({source.LibvirtVersion}): it may not understand the VMs' definitions.",
        "Update the destination first, or try it with a VM that matters less.");

    /// <summary>A VM alone has more memory than is free, bytes.</summary>
    public static PreflightFinding VMTooLarge(VMMigrationPlan plan, long needed, long free) => OfVM(
        Error, nameof(VMTooLarge), plan, plan.Destination,
        $"VM '{plan.VMName}' has {Gibibytes(needed)} of memory, and '{plan.Destination}' has {Gibibytes(free)} free.",
        "Choose a destination with more memory.");

    /// <summary>The VMs together have more memory than is free, bytes.</summary>
    public static PreflightFinding MemoryTooSmall(HostState destination, IEnumerable<string> vms, long needed) => OfDestination(
        Error, nameof(MemoryTooSmall), destination.HostName,
        $"The VMs {Quoted(vms)} together need {Gibibytes(needed)} at '{destination.HostName}', which has {Gibibytes(destination.FreeMemoryBytes)} free.",
        "Send some of them to another host.");

    /// <summary>The VMs fit once others have left, bytes.</summary>
    public static PreflightFinding MemoryFitsLater(HostState destination, IEnumerable<string> leaving, long needed) => OfDestination(
        Warning, nameof(MemoryFitsLater), destination.HostName,
        $"The VMs that come to '{destination.HostName}' need {Gibibytes(needed)}, and it has {Gibibytes(destination.FreeMemoryBytes)} free: they fit only once {Quoted(leaving)} have left.",
        "Run the moves away from it first.");

    /// <summary>Too few huge pages of one size (KiB) are free.</summary>
    public static PreflightFinding HugePagesTooFew(HostState destination, IEnumerable<string> vms, long kibibytes, long needed, long free) => OfDestination(
        Error, nameof(HugePagesTooFew), destination.HostName,
        $"The VMs {Quoted(vms)} need {needed} huge pages of {kibibytes} KiB at '{destination.HostName}', which has {free} free.",
        $"Reserve more there (/sys/kernel/mm/hugepages/hugepages-{kibibytes}kB/nr_hugepages).");

    /// <summary>The destination has no huge pages to use.</summary>
    public static PreflightFinding HugePagesOff(HostState destination, IEnumerable<string> vms) => OfDestination(
        Error, nameof(HugePagesOff), destination.HostName,
        $"The VMs {Quoted(vms)} lie on huge pages, and libvirt at '{destination.HostName}' has no hugetlbfs to use.",
        "Mount hugetlbfs there (/dev/hugepages), see hugetlbfs_mount in qemu.conf, and restart libvirt.");

    /// <summary>The destination receives other VMs.</summary>
    public static PreflightFinding MigrationArriving(HostState destination, IEnumerable<string> vms) => OfDestination(
        Warning, nameof(MigrationArriving), destination.HostName,
        $"'{destination.HostName}' is receiving {Quoted(vms)} already: its link is shared, and predictions will not hold.",
        "Wait for the end of that migration, or accept that all take longer.");

    /// <summary>A folder that libvirt writes to is read-only.</summary>
    public static PreflightFinding FolderNotWritable(HostState host, string folder, bool isSource) => new()
    {
        Severity = Error,
        Check = nameof(FolderNotWritable),
        HostName = host.HostName,
        Source = isSource ? host.HostName : null,
        Destination = isSource ? null : host.HostName,
        Message = $"Nothing can be written to '{folder}' at '{host.HostName}', not even by root: its file system is read-only.",
        Remedy = "Look at the kernel's log for a disk error, and mount it read-write.",
    };

    /// <summary>The file system of such a folder is full.</summary>
    public static PreflightFinding FolderFull(HostState host, string folder, bool isSource) => new()
    {
        // Measured with libvirt 11.3: without room for logs a migration works, and nobody can read later how.
        Severity = folder == "/var/log" ? Warning : Error,
        Check = nameof(FolderFull),
        HostName = host.HostName,
        Source = isSource ? host.HostName : null,
        Destination = isSource ? null : host.HostName,
        Message = $"The file system of '{folder}' at '{host.HostName}' is full.",
        Remedy = "Make room there: a migration needs a few kilobytes for states, definitions and logs.",
    };

    private static string Range(HostState destination) =>
        FormattableString.Invariant($"{destination.Settings.FirstPort}-{destination.Settings.LastPort}");

    private static string Seconds(TimeSpan span) => FormattableString.Invariant($"{Math.Abs(span.TotalSeconds):0.#} s");
}
