using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Preflight;

/// <summary>Checks of the files, devices and folders that a VM needs.</summary>
internal static class PathChecks
{
    // Where a file has the same inode number on every host that mounts the file system.
    private static readonly string[] OneNumberEverywhere = ["nfs", "nfs4", "ocfs2", "gfs/gfs2", "gfs2", "ceph"];

    /// <summary>What is missing or another at the destination.</summary>
    public static IEnumerable<PreflightFinding> Of(VMPassage way, HostAbilities source, HostAbilities destination) =>
        way.Paths.Where(d => !IsCopied(way, d, DiskChecks.Copied(way, source))).SelectMany(d => d.Use == PathUse.Writes
            ? Disk(way, d, source.Paths[d.Path], destination.Paths[d.Path])
            : Other(way, d, destination.Paths[d.Path]));

    /// <summary>Whether a path need not be there because it is copied; <see cref="DiskChecks"/> has its own demands.</summary>
    private static bool IsCopied(VMPassage way, PathDemand demand, IReadOnlyList<DiskFacts> copied) => demand.Use == PathUse.Writes
        ? copied.Any(d => d.Source == demand.Path)
        : way.Plan.StorageCopy == StorageCopy.All && copied.Any(d => d.Backing.Any(b => b.Path == demand.Path));

    private static IEnumerable<PreflightFinding> Other(VMPassage way, PathDemand demand, PathState there)
    {
        if (there.Exists == false)
        {
            yield return Findings.PathMissing(way.Plan, demand);
        }
        else if (there.Exists is null)
        {
            yield return Findings.PathNotVerified(way.Plan, demand);
        }
    }

    /// <remarks>libvirt refuses a disk on a file system of one host alone (<c>qemuMigrationSrcIsSafe</c>), whatever is at the destination.</remarks>
    private static IEnumerable<PreflightFinding> Disk(VMPassage way, PathDemand disk, PathState here, PathState there)
    {
        if (IsLocal(disk.Path, here, way.Source))
        {
            yield return Findings.StorageNotShared(way.Plan, disk, way.Source.HostName, here.FileSystem);
        }
        else if (there.Exists == false)
        {
            yield return here.IsBlockDevice && way.Plan.StorageCopy != StorageCopy.None
                ? Findings.BlockDeviceMissing(way.Plan, disk)
                : Findings.PathMissing(way.Plan, disk);
        }
        else if (IsLocal(disk.Path, there, way.Destination))
        {
            yield return Findings.StorageNotShared(way.Plan, disk, way.Destination.HostName, there.FileSystem);
        }
        else if (here.Exists is null || there.Exists is null)
        {
            yield return Findings.StorageNotVerified(way.Plan, disk);
        }
        else if (Difference(here, there) is { } difference)
        {
            yield return Findings.StorageDiffers(way.Plan, disk, difference);
        }
        else if (!IsProven(here, there))
        {
            yield return Findings.StorageNotVerified(way.Plan, disk);
        }
    }

    /// <summary>Whether a disk lies on a file system that no other host reaches, as far as its host knows.</summary>
    public static bool IsLocal(string path, PathState state, HostState host) =>
        state.Storage == DiskStorage.Local && !host.Settings.IsShared(path);

    private static string? Difference(PathState here, PathState there) =>
        here.IsBlockDevice != there.IsBlockDevice ? "one is a block device, the other is not"
        : here.IsBlockDevice && here.Identity.Length > 0 && there.Identity.Length > 0 && here.Identity != there.Identity
            ? $"the devices are {here.Identity} and {there.Identity}"
        : here.IsBlockDevice && here.Size != there.Size ? FormattableString.Invariant($"the devices have {here.Size} and {there.Size} sectors")
        : !here.IsBlockDevice && here.FileSystem == there.FileSystem && OneNumberEverywhere.Contains(here.FileSystem) && here.Inode != there.Inode
            ? FormattableString.Invariant($"the files have the inode numbers {here.Inode} and {there.Inode}")
        : null;

    private static bool IsProven(PathState here, PathState there) => here.IsBlockDevice
        ? here.Identity.Length > 0 && here.Identity == there.Identity
        : here.Storage != DiskStorage.Unknown && there.Storage != DiskStorage.Unknown;
}
