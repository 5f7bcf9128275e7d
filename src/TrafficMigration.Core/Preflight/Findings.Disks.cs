using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <content>Findings about disks that are copied.</content>
internal static partial class Findings
{
    /// <summary>A disk lies on its host alone and cannot be copied.</summary>
    public static PreflightFinding DiskNotCopyable(VMMigrationPlan plan, DiskFacts disk, string why) => OfVM(
        Error, nameof(DiskNotCopyable), plan, plan.Source,
        $"Disk '{disk.Target}' of VM '{plan.VMName}' ('{disk.Source}') lies on '{plan.Source}' alone and cannot be copied: {why}.",
        "Move it to storage that both hosts reach, or migrate the VM shut off.");

    /// <summary>A block device is missing at the destination, and no file can take its place.</summary>
    public static PreflightFinding BlockDeviceMissing(VMMigrationPlan plan, PathDemand disk) => OfVM(
        Error, nameof(BlockDeviceMissing), plan, plan.Destination,
        $"{Upper(disk.What)} of VM '{plan.VMName}' ('{disk.Path}') is a block device that '{plan.Destination}' does not have. Only disks in files are made there; a block device is never copied.",
        $"Map the same device at '{plan.Destination}', or move the disk into a file or to storage that both hosts reach.");

    /// <summary>Something is where the image of a copied disk would be made.</summary>
    public static PreflightFinding ImageExists(VMMigrationPlan plan, DiskFacts disk) => OfVM(
        Error, nameof(ImageExists), plan, plan.Destination,
        $"'{disk.Source}' exists at '{plan.Destination}' already, where disk '{disk.Target}' of VM '{plan.VMName}' would be copied to. It is not overwritten.",
        $"If it is an old image that nobody needs, as a VM leaves it behind where it has been, remove it at '{plan.Destination}'.");

    /// <summary>A backing file is another one at the destination.</summary>
    public static PreflightFinding BackingFileDiffers(VMMigrationPlan plan, DiskFacts disk, string path, string how) => OfVM(
        Error, nameof(BackingFileDiffers), plan, plan.Destination,
        $"'{path}', which disk '{disk.Target}' of VM '{plan.VMName}' lies on, is not the same at '{plan.Source}' and '{plan.Destination}': {how}. Above another one the guest would find its data ruined.",
        "Copy it there with its time (rsync -t, cp -p), or plan with -CopyStorage All.");

    /// <summary>The destination cannot make images.</summary>
    public static PreflightFinding ImageToolMissing(VMMigrationPlan plan) => OfVM(
        Error, nameof(ImageToolMissing), plan, plan.Destination,
        $"'{plan.Destination}' has no qemu-img, which makes the images that the disks of VM '{plan.VMName}' are copied to.",
        "Install it: package qemu-utils, or qemu-img.");

    /// <summary>The folder of an image is missing, or closed to us.</summary>
    public static PreflightFinding ImageFolderNotWritable(VMMigrationPlan plan, string folder, bool exists) => OfVM(
        Error, nameof(ImageFolderNotWritable), plan, plan.Destination,
        exists
            ? $"Our user may not write to '{folder}' at '{plan.Destination}', where the disks of VM '{plan.VMName}' would be copied to."
            : $"Folder '{folder}' does not exist at '{plan.Destination}', where the disks of VM '{plan.VMName}' would be copied to.",
        exists ? $"Let our user write there, log in as root, or use -Sudo." : $"Make it there: the same path as at '{plan.Source}'.");

    /// <summary>The copies find no room.</summary>
    public static PreflightFinding ImageRoomMissing(HostState host, IEnumerable<string> vms, string folder, long needed, long free) => OfDestination(
        Error, nameof(ImageRoomMissing), host.HostName,
        $"The disks of VMs {Quoted(vms)} take up {Gibibytes(needed)}; '{folder}' at '{host.HostName}' has {Gibibytes(free)} free.",
        "Make room there, or choose another destination for some of them.");
}
