using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <content>Findings about what a VM needs and its destination does not have.</content>
internal static partial class Findings
{
    /// <summary>A disk lies on a file system of one host alone.</summary>
    public static PreflightFinding StorageNotShared(VMMigrationPlan plan, PathDemand disk, string host, string fileSystem) => OfVM(
        Error, nameof(StorageNotShared), plan, host,
        $"{Upper(disk.What)} of VM '{plan.VMName}' ('{disk.Path}') lies on a file system of '{host}' alone ({fileSystem}): '{plan.Destination}' would not see what '{plan.Source}' wrote.",
        "Let it be copied along: Get-MigrationPlan -CopyStorage All. Or move it to storage that both hosts mount. If both do, and libvirt shall believe it, name the folder in shared_filesystems of qemu.conf on both.");

    /// <summary>A path leads to different disks at the two hosts.</summary>
    public static PreflightFinding StorageDiffers(VMMigrationPlan plan, PathDemand disk, string how) => OfVM(
        Error, nameof(StorageDiffers), plan, plan.Destination,
        $"{Upper(disk.What)} of VM '{plan.VMName}' ('{disk.Path}') is not the same at '{plan.Source}' and '{plan.Destination}': {how}.",
        "Mount or map the same storage at the same path on both hosts.");

    /// <summary>Nothing tells whether a path leads to the same disk at both hosts.</summary>
    public static PreflightFinding StorageNotVerified(VMMigrationPlan plan, PathDemand disk) => OfVM(
        Information, nameof(StorageNotVerified), plan, plan.Destination,
        $"{Upper(disk.What)} of VM '{plan.VMName}' ('{disk.Path}') is there at '{plan.Source}' and at '{plan.Destination}'; whether it is the same cannot be seen from here.",
        "Make sure of it once: two disks that only share a path would ruin the guest's data.");

    /// <summary>Something that QEMU needs to start is missing at the destination; a warning where it does without.</summary>
    public static PreflightFinding PathMissing(VMMigrationPlan plan, PathDemand demand) => OfVM(
        demand.Use == PathUse.MayOpen ? Warning : Error, nameof(PathMissing), plan, plan.Destination,
        demand.Use switch
        {
            PathUse.Makes => $"Folder '{demand.Path}' for {demand.What} of VM '{plan.VMName}' does not exist at '{plan.Destination}'.",
            PathUse.MayOpen => $"{Upper(demand.What)} of VM '{plan.VMName}' ('{demand.Path}') does not exist at '{plan.Destination}': the guest will find the drive empty.",
            _ => $"{Upper(demand.What)} of VM '{plan.VMName}' ('{demand.Path}') does not exist at '{plan.Destination}': QEMU does not start without it.",
        },
        demand.What.StartsWith("CD-ROM", StringComparison.Ordinal) || demand.What.StartsWith("floppy", StringComparison.Ordinal)
            ? $"Copy it to the same path at '{plan.Destination}', or eject it ('virsh change-media {plan.VMName} ... --eject')."
            : $"Make it there: the same path at '{plan.Destination}' as at '{plan.Source}'.");

    /// <summary>We could not look whether a path exists.</summary>
    public static PreflightFinding PathNotVerified(VMMigrationPlan plan, PathDemand demand) => OfVM(
        Information, nameof(PathNotVerified), plan, plan.Destination,
        $"Whether '{demand.Path}' ({demand.What} of VM '{plan.VMName}') exists at '{plan.Destination}' could not be seen: our user may not look, or the file server does not answer.",
        $"Look yourself, as root of '{plan.Destination}'.");

    /// <summary>QEMU at the destination does not know the machine type.</summary>
    public static PreflightFinding MachineTypeUnknown(VMMigrationPlan plan, EmulatorDemand demand, string said) => OfVM(
        Error, nameof(MachineTypeUnknown), plan, plan.Destination,
        $"QEMU at '{plan.Destination}' does not know machine type '{demand.Machine}' of VM '{plan.VMName}': {said}.",
        $"Update QEMU at '{plan.Destination}', or choose a host with at least the version of '{plan.Source}'.");

    /// <summary>The destination lacks the emulator or the accelerator.</summary>
    public static PreflightFinding EmulatorMissing(VMMigrationPlan plan, EmulatorDemand demand, string said) => OfVM(
        Error, nameof(EmulatorMissing), plan, plan.Destination,
        $"'{plan.Destination}' cannot run VM '{plan.VMName}' (type {demand.Type}, {demand.Arch}, {demand.Emulator}): {said}.",
        "Install that emulator at the same path; for type kvm, see that /dev/kvm is there.");

    /// <summary>The destination's processor lacks features that the guest sees.</summary>
    public static PreflightFinding CpuIncompatible(VMMigrationPlan plan, string said) => OfVM(
        Error, nameof(CpuIncompatible), plan, plan.Destination,
        $"The processor of '{plan.Destination}' cannot give VM '{plan.VMName}' what it has at '{plan.Source}': {said}.",
        "Choose a host with these features, or start the VM with a CPU model that all hosts have ('virsh hypervisor-cpu-baseline').");

    /// <summary>The guest sees the host's own processor, and the destination's is another.</summary>
    public static PreflightFinding CpuDiffers(VMMigrationPlan plan) => OfVM(
        Warning, nameof(CpuDiffers), plan, plan.Destination,
        $"VM '{plan.VMName}' sees the processor of '{plan.Source}' itself (host-passthrough), and that of '{plan.Destination}' is another, with all its features and more.",
        "libvirt promises such a move between equal hosts only: try it with a VM that matters less, or use a named CPU model.");

    /// <summary>libvirt could not compare the processors.</summary>
    public static PreflightFinding CpuNotCompared(VMMigrationPlan plan, string said) => OfVM(
        Information, nameof(CpuNotCompared), plan, plan.Destination,
        $"libvirt at '{plan.Destination}' could not compare the processor of VM '{plan.VMName}': {said}.",
        "Compare the processors of both hosts yourself.");

    /// <summary>A bridge or link is missing at the destination.</summary>
    public static PreflightFinding BridgeMissing(VMMigrationPlan plan, string link) => OfVM(
        Error, nameof(BridgeMissing), plan, plan.Destination,
        $"VM '{plan.VMName}' has an interface on '{link}', and '{plan.Destination}' has no such bridge or link.",
        $"Make '{link}' at '{plan.Destination}', in the same network, or move the interface to one that both hosts have.");

    /// <summary>A libvirt network is not active at the destination.</summary>
    public static PreflightFinding NetworkMissing(VMMigrationPlan plan, string network) => OfVM(
        Error, nameof(NetworkMissing), plan, plan.Destination,
        $"VM '{plan.VMName}' has an interface on libvirt's network '{network}', which is not active at '{plan.Destination}'.",
        $"At '{plan.Destination}': 'virsh net-start {network}', or define it first.");

    /// <summary>A storage pool is not active at the destination.</summary>
    public static PreflightFinding PoolMissing(VMMigrationPlan plan, string pool) => OfVM(
        Error, nameof(PoolMissing), plan, plan.Destination,
        $"VM '{plan.VMName}' has a disk in the storage pool '{pool}', which is not active at '{plan.Destination}'.",
        $"At '{plan.Destination}': 'virsh pool-start {pool}', or define it first.");

    /// <summary>A secret is not defined at the destination.</summary>
    public static PreflightFinding SecretMissing(VMMigrationPlan plan, string secret) => OfVM(
        Error, nameof(SecretMissing), plan, plan.Destination,
        $"VM '{plan.VMName}' opens a disk with the secret '{secret}', which '{plan.Destination}' does not have.",
        $"Define it there ('virsh secret-define', 'virsh secret-set-value').");

    /// <summary>The destination emulates no TPM.</summary>
    public static PreflightFinding TpmMissing(VMMigrationPlan plan) => OfVM(
        Error, nameof(TpmMissing), plan, plan.Destination,
        $"VM '{plan.VMName}' has an emulated TPM, and '{plan.Destination}' cannot emulate one.",
        $"Install swtpm at '{plan.Destination}'.");

    /// <summary>The display's fixed port is in use at the destination.</summary>
    public static PreflightFinding GraphicsPortTaken(VMMigrationPlan plan, int port) => OfVM(
        Error, nameof(GraphicsPortTaken), plan, plan.Destination,
        $"The display of VM '{plan.VMName}' has the fixed port {port}, which is in use at '{plan.Destination}'.",
        "Let libvirt choose the port (autoport='yes'), or free it there.");

    /// <summary>The display listens on an address that the destination does not have.</summary>
    public static PreflightFinding GraphicsAddressMissing(VMMigrationPlan plan, string address) => OfVM(
        Error, nameof(GraphicsAddressMissing), plan, plan.Destination,
        $"The display of VM '{plan.VMName}' listens on {address}, which is no address of '{plan.Destination}'.",
        "Let it listen on 127.0.0.1, 0.0.0.0 or a libvirt network.");

    /// <summary>The VM is bound to processors or NUMA nodes that the destination does not have.</summary>
    public static PreflightFinding PlacementImpossible(VMMigrationPlan plan, string what) => OfVM(
        Error, nameof(PlacementImpossible), plan, plan.Destination,
        $"VM '{plan.VMName}' is bound to {what}, which '{plan.Destination}' does not have.",
        "Change its <vcpupin> or <numatune>, or choose a host of the same shape.");

    private static string Upper(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
