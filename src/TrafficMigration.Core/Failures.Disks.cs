namespace TrafficMigration;

/// <content>Errors about disks that are copied.</content>
public static partial class Failures
{
    /// <summary>A file is where the image of a disk would be made.</summary>
    public static MigrationException ImageExists(string source, string destination, string vm, string path) => Make(
        nameof(ImageExists), FailureKind.InvalidState, destination, vm, null,
        $"VM '{vm}' was not moved from '{source}' to '{destination}': there is something at '{path}' at '{destination}' already, where a copy of its disk would be made, and it is not overwritten. The VM runs at '{source}' as before. If it is an old image that nobody needs, as a VM leaves it behind where it has been, remove it there and run the plan again.");

    /// <summary>The image of a disk could not be made.</summary>
    public static MigrationException ImageNotMade(string source, string destination, string vm, string said) => Make(
        nameof(ImageNotMade), FailureKind.Failed, destination, vm, null,
        $"VM '{vm}' was not moved from '{source}' to '{destination}': an image for the copy of its disk could not be made at '{destination}': {Sentence(said)} The VM runs at '{source}' as before. See that qemu-img (package qemu-utils or qemu-img) is installed there, that the folder is there, on a file system with hard links, and that our user may write to it; then run the plan again.");

    /// <summary>A disk lies on its host alone and cannot be copied.</summary>
    public static MigrationException DiskNotCopyable(string source, string destination, string vm, string disk, string path, string why) => Make(
        nameof(DiskNotCopyable), FailureKind.InvalidInput, source, vm, null,
        $"VM '{vm}' was not moved from '{source}' to '{destination}': its disk '{disk}' ('{path}') lies on '{source}' alone and cannot be copied: {Sentence(why)} The VM runs at '{source}' as before. Move the disk to storage that both hosts reach, or migrate the VM shut off.");
}
