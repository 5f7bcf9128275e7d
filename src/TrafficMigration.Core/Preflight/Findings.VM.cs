using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <content>Findings about a VM at its source, and about what its definition holds.</content>
internal static partial class Findings
{
    /// <summary>The source has no such VM.</summary>
    public static PreflightFinding VMNotFound(VMMigrationPlan plan) => OfVM(
        Error, nameof(VMNotFound), plan, plan.Source,
        $"Host '{plan.Source}' has no VM '{plan.VMName}'{(plan.VMId is null ? "" : $" with UUID {plan.VMId}")}.",
        "Look where it runs ('virsh list --all' on both hosts) and make a new plan.");

    /// <summary>The VM does not run at the source.</summary>
    public static PreflightFinding VMNotRunning(VMMigrationPlan plan, string state) => OfVM(
        Error, nameof(VMNotRunning), plan, plan.Source,
        $"VM '{plan.VMName}' does not run at '{plan.Source}', it is {state}.",
        "Only a running VM can be migrated live: start or resume it, or leave it out of the plan.");

    /// <summary>libvirt has a job on the VM.</summary>
    public static PreflightFinding JobActive(VMMigrationPlan plan) => OfVM(
        Error, nameof(JobActive), plan, plan.Source,
        $"libvirt at '{plan.Source}' is busy with VM '{plan.VMName}': a migration, backup or save of it is under way.",
        $"Wait for its end, or look at it with 'virsh domjobinfo {plan.VMName}'.");

    /// <summary>A disk is being copied or merged (element <c>mirror</c>).</summary>
    public static PreflightFinding BlockJobActive(VMMigrationPlan plan, string disk) => OfVM(
        Error, nameof(BlockJobActive), plan, plan.Source,
        $"Disk '{disk}' of VM '{plan.VMName}' is being copied or merged at '{plan.Source}'; libvirt migrates no VM with an active block job.",
        $"Finish or abort it ('virsh blockjob {plan.VMName} {disk}').");

    /// <summary>The VM has snapshots, with which libvirt refuses.</summary>
    public static PreflightFinding SnapshotsPresent(VMMigrationPlan plan, int count) => OfVM(
        Error, nameof(SnapshotsPresent), plan, plan.Source,
        $"VM '{plan.VMName}' has {count} snapshot{(count == 1 ? "" : "s")} at '{plan.Source}'; libvirt migrates no VM with snapshots.",
        $"Delete them ('virsh snapshot-delete {plan.VMName} NAME', with --metadata to keep the data).");

    /// <summary>The VM starts with its host; libvirt does not take that along.</summary>
    public static PreflightFinding AutostartLost(VMMigrationPlan plan) => OfVM(
        Information, nameof(AutostartLost), plan, plan.Source,
        $"VM '{plan.VMName}' starts with '{plan.Source}' (autostart); libvirt does not take that along to '{plan.Destination}'.",
        $"After the move: 'virsh autostart {plan.VMName}' at '{plan.Destination}'.");

    /// <summary>The VM is transient.</summary>
    public static PreflightFinding NotPersistent(VMMigrationPlan plan) => OfVM(
        Information, nameof(NotPersistent), plan, plan.Source,
        $"VM '{plan.VMName}' is transient at '{plan.Source}' and will be at '{plan.Destination}': its definition is gone once it stops.",
        "Nothing, if that is meant; else define it before or after the move.");

    /// <summary>The VM's UUID is active at the destination.</summary>
    public static PreflightFinding VMAlreadyAtDestination(VMMigrationPlan plan) => OfVM(
        Error, nameof(VMAlreadyAtDestination), plan, plan.Destination,
        $"VM '{plan.VMName}' is active at destination '{plan.Destination}' already.",
        "If it was moved by someone else, make a new plan; if another migration of it is under way, wait.");

    /// <summary>Another VM there has the name.</summary>
    public static PreflightFinding NameTaken(VMMigrationPlan plan, string otherId) => OfVM(
        Error, nameof(NameTaken), plan, plan.Destination,
        $"Destination '{plan.Destination}' has another VM named '{plan.VMName}' (UUID {otherId}).",
        "Rename or remove one of the two: libvirt has a name once a host.");

    /// <summary>A VM of another name there has the UUID.</summary>
    public static PreflightFinding IdTaken(VMMigrationPlan plan, string otherName) => OfVM(
        Error, nameof(IdTaken), plan, plan.Destination,
        $"Destination '{plan.Destination}' has the UUID of VM '{plan.VMName}' under another name, '{otherName}'.",
        $"Undefine '{otherName}' there if it is a leftover; a copy of a VM needs a UUID of its own.");

    /// <summary>VMs of one name go to one destination.</summary>
    public static PreflightFinding NameTakenTwice(VMMigrationPlan plan, IEnumerable<string> sources) => OfVM(
        Error, nameof(NameTakenTwice), plan, plan.Destination,
        $"Several VMs named '{plan.VMName}' are to go to '{plan.Destination}', from {Quoted(sources)}.",
        "Send them to different hosts, or rename all but one.");

    /// <summary>The destination has a shut-off definition of the VM.</summary>
    public static PreflightFinding DefinitionReplaced(VMMigrationPlan plan) => OfVM(
        Warning, nameof(DefinitionReplaced), plan, plan.Destination,
        $"Destination '{plan.Destination}' has a definition of VM '{plan.VMName}', shut off: the migration replaces it.",
        $"If it is the leftover of an earlier move, undefine it there ('virsh undefine {plan.VMName}'); else keep a copy first.");

    /// <summary>A device of the source is passed through to the VM.</summary>
    public static PreflightFinding DevicePassedThrough(VMMigrationPlan plan, string device) => OfVM(
        Error, nameof(DevicePassedThrough), plan, plan.Source,
        $"VM '{plan.VMName}' uses {device} of '{plan.Source}', which cannot move along.",
        "Detach it for the migration ('virsh detach-device'), or give the VM a virtual device.");

    /// <summary>Something in the definition forbids every migration.</summary>
    public static PreflightFinding FeatureNotMigratable(VMMigrationPlan plan, string what, string remedy) => OfVM(
        Error, nameof(FeatureNotMigratable), plan, plan.Source, $"VM '{plan.VMName}' at '{plan.Source}' cannot be migrated: {what}.", remedy);

    /// <summary>The VM shares a folder of the source.</summary>
    public static PreflightFinding SharedFolderMounted(VMMigrationPlan plan, string folder) => OfVM(
        Warning, nameof(SharedFolderMounted), plan, plan.Source,
        $"VM '{plan.VMName}' shares the folder '{folder}' with '{plan.Source}'; QEMU refuses to migrate while the guest has it mounted (9p), and many versions refuse it always (virtiofs).",
        "Unmount it in the guest, and detach it if the migration is refused.");

    /// <summary>Something in the definition forbids post-copy.</summary>
    public static PreflightFinding PostCopyForbidden(VMMigrationPlan plan, string blocker) => OfVM(
        Error, nameof(PostCopyForbidden), plan, plan.Source,
        $"VM '{plan.VMName}' is planned with post-copy, and {blocker}.",
        $"Plan it with pre-copy (Get-MigrationPlan -PinTechnique @{{ '{plan.VMName}' = 'PreCopy' }}).");

    /// <summary>The definition does not tell whether post-copy works.</summary>
    public static PreflightFinding PostCopyUncertain(VMMigrationPlan plan) => OfVM(
        Information, nameof(PostCopyUncertain), plan, plan.Source,
        $"VM '{plan.VMName}' is planned with post-copy and has a vhost-user interface: whether its back end takes part in post-copy cannot be seen from here.",
        "Look into the documentation of the back end, or pin the VM to pre-copy.");

    /// <summary>QEMU may not use userfaultfd at the destination.</summary>
    public static PreflightFinding PostCopyNotPossible(VMMigrationPlan plan) => OfVM(
        Error, nameof(PostCopyNotPossible), plan, plan.Destination,
        $"VM '{plan.VMName}' is planned with post-copy, and QEMU at '{plan.Destination}' may not use userfaultfd.",
        $"At '{plan.Destination}': 'sysctl vm.unprivileged_userfaultfd=1'; or pin the VM to pre-copy.");
}
