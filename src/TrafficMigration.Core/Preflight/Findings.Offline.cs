using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <content>Findings about VMs that are to be moved while they stand still.</content>
internal static partial class Findings
{
    /// <summary>Something of the VM cannot cross as a file.</summary>
    public static PreflightFinding OfflineUnfit(VMMigrationPlan plan, string why) => OfVM(
        Error, nameof(OfflineUnfit), plan, plan.Source,
        $"VM '{plan.VMName}' cannot be moved offline: {why}.",
        "Move it live, or change what stands in the way.");

    /// <summary>A disk image would be overwritten.</summary>
    public static PreflightFinding DiskImageExists(VMMigrationPlan plan, string path) => OfVM(
        Error, nameof(DiskImageExists), plan, plan.Destination,
        $"'{path}', a disk image of VM '{plan.VMName}', is at '{plan.Destination}' already.",
        "If it is an older copy, plan with -ReplaceDiskImage: its blocks are used, and it is removed once the VMs run; else move it away.");

    /// <summary>Too little room.</summary>
    public static PreflightFinding OfflineRoomMissing(string host, string place, long needed, long free) => OfOffline(
        nameof(OfflineRoomMissing), host, $"At '{host}' the file system '{place}' has {Gibibytes(free)} free, and {Gibibytes(needed)} are needed for memory and disk images.",
        "Make room there, or move fewer VMs at once.");

    /// <summary>A host lacks what is needed.</summary>
    public static PreflightFinding OfflineNotPossible(string host, string why) => OfOffline(
        nameof(OfflineNotPossible), host, $"Nothing can be moved offline at '{host}': {why}.",
        "Log in as root or with -Sudo, install what is missing, and let the source's root log in at the destination as libvirt does.");

    private static PreflightFinding OfOffline(string check, string host, string message, string remedy) =>
        new() { Severity = Error, Check = check, HostName = host, Message = message, Remedy = remedy };
}
