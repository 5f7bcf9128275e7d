using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>Checks of disks that are copied: what the source has, and what the destination needs for it.</summary>
internal static class DiskChecks
{
    /// <summary>The disks of a VM that are copied: those it writes, in files on its source alone.</summary>
    /// <param name="way">The VM's way.</param>
    /// <param name="source">What the source said of its paths.</param>
    public static IReadOnlyList<DiskFacts> Copied(VMPassage way, HostAbilities source) => way.Plan.StorageCopy == StorageCopy.None
        ? []
        : [.. way.WrittenFiles.Where(d => source.Paths.TryGetValue(d.Source!, out PathState? here) && PathChecks.IsLocal(d.Source!, here, way.Source))];

    /// <summary>What is in the way of one VM's disks.</summary>
    public static IEnumerable<PreflightFinding> Of(VMPassage way, HostAbilities source, HostAbilities destination)
    {
        IReadOnlyList<DiskFacts> copied = Copied(way, source);
        foreach (DiskFacts disk in copied)
        {
            if (disk.Obstacle is { } obstacle)
            {
                yield return Findings.DiskNotCopyable(way.Plan, disk, obstacle);
            }
            else if (destination.Paths.TryGetValue(disk.Source!, out PathState? there) && there.Exists == true)
            {
                yield return Findings.ImageExists(way.Plan, disk);
            }

            if (way.Plan.StorageCopy == StorageCopy.Incremental)
            {
                foreach (BackingFile backing in disk.Backing)
                {
                    if (Difference(source.Images.GetValueOrDefault(backing.Path), destination.Images.GetValueOrDefault(backing.Path)) is { } difference)
                    {
                        yield return Findings.BackingFileDiffers(way.Plan, disk, backing.Path, difference);
                    }
                }
            }
        }

        if (copied.Count > 0 && !destination.HasImageTool)
        {
            yield return Findings.ImageToolMissing(way.Plan);
        }

        foreach (string folder in copied.Select(d => FolderOf(d.Source!)).Distinct(StringComparer.Ordinal))
        {
            if (destination.Folders.GetValueOrDefault(folder) is not { IsWritable: true })
            {
                yield return Findings.ImageFolderNotWritable(way.Plan, folder, destination.Folders.ContainsKey(folder));
            }
        }
    }

    /// <summary>Whether the copies of all that come to a host find room there together, on each of its file systems.</summary>
    /// <param name="host">The destination.</param>
    /// <param name="there">What it said.</param>
    /// <param name="coming">The VMs that come, each with what its source said.</param>
    public static IEnumerable<PreflightFinding> Room(HostState host, HostAbilities there, IEnumerable<(VMPassage Way, HostAbilities Source)> coming)
    {
        var images = coming
            .SelectMany(c => Copied(c.Way, c.Source).Select(d => (c.Way.Plan.VMName, Folder: there.Folders.GetValueOrDefault(FolderOf(d.Source!)), Bytes: Bytes(d, c.Way, c.Source))))
            .Where(i => i.Folder is not null)
            .GroupBy(i => i.Folder!.Device);
        foreach (var fileSystem in images)
        {
            long needed = fileSystem.Sum(i => i.Bytes);
            ImageFolder folder = fileSystem.First().Folder!;
            if (needed > folder.FreeBytes)
            {
                yield return Findings.ImageRoomMissing(host, fileSystem.Select(i => i.VMName).Distinct().Order(StringComparer.Ordinal), folder.Path, needed, folder.FreeBytes);
            }
        }
    }

    /// <summary>The folder of a file.</summary>
    public static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and int end ? path[..end] : "/";

    private static long Bytes(DiskFacts disk, VMPassage way, HostAbilities source) =>
        (way.Plan.StorageCopy == StorageCopy.All ? disk.Backing.Select(b => b.Path) : []).Prepend(disk.Source!)
            .Sum(p => source.Images.GetValueOrDefault(p)?.AllocatedBytes ?? 0);

    /// <remarks>Equal contents cannot be seen without reading all of both; a copy that keeps its time is taken for the same.</remarks>
    private static string? Difference(ImageState? here, ImageState? there) => (here, there) switch
    {
        // That it is missing is told by the check of all paths.
        (null, _) or (_, null) => null,
        _ when here.Size != there.Size => FormattableString.Invariant($"the files have {here.Size} and {there.Size} bytes"),
        _ when here.ModifiedAt != there.ModifiedAt => FormattableString.Invariant(
            $"the files were last changed at {DateTimeOffset.FromUnixTimeSeconds(here.ModifiedAt):yyyy-MM-dd HH:mm:ss} and {DateTimeOffset.FromUnixTimeSeconds(there.ModifiedAt):yyyy-MM-dd HH:mm:ss} UTC"),
        _ => null,
    };
}
