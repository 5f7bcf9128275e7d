using System.Globalization;
using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>Finds out where VMs' disks are.</summary>
internal static class StorageQueries
{
    // What stat(1) calls the file systems that several hosts can mount at once, and those of one host alone.
    private static readonly string[] SharedTypes =
        ["nfs", "nfs4", "cifs", "smb", "smb2", "ceph", "ocfs2", "gfs/gfs2", "gfs", "gfs2", "lustre", "gpfs", "afs", "vxfs", "panfs", "beegfs", "ibrix", "acfs"];

    private static readonly string[] LocalTypes =
        ["ext2/ext3", "ext", "xfs", "btrfs", "zfs", "tmpfs", "ramfs", "overlayfs", "f2fs", "bcachefs", "reiserfs", "jfs", "msdos", "exfat", "ufs", "nilfs"];

    /// <summary>Where each disk is, and its backing files, and what each takes up there.</summary>
    /// <exception cref="MigrationException">The channel's own.</exception>
    public static async Task<IReadOnlyDictionary<DiskFacts, DiskPlace>> LocateAsync(
        ICommandChannel channel, IEnumerable<DiskFacts> disks, CancellationToken cancellationToken)
    {
        var located = new Dictionary<DiskFacts, DiskPlace>();
        var files = new List<DiskFacts>();
        foreach (DiskFacts disk in disks.SelectMany(d => d.Backing.Select(Of).Prepend(d)).Distinct())
        {
            switch (disk.Kind)
            {
                case "network":
                    located[disk] = new DiskPlace(DiskStorage.Shared, null);
                    break;
                case "file" or "dir" when disk.Source is not null:
                    files.Add(disk);
                    break;
                default:
                    // A block device may be a local disk or a LUN that every host sees: its path does not tell.
                    located[disk] = new DiskPlace(DiskStorage.Unknown, null);
                    break;
            }
        }

        if (files.Count > 0)
        {
            // A path that stat cannot read leaves an empty line, so that lines and paths stay in step.
            string paths = string.Join(' ', files.Select(f => ShellText.Quote(f.Source!)));
            CommandResult result = await channel.ExecuteAsync(
                $"for path in {paths}; do echo \"$(timeout 5 stat -f -c %T -- \"$path\" 2>/dev/null)|$(timeout 5 stat -L -c '%b %B' -- \"$path\" 2>/dev/null)\"; done",
                cancellationToken);
            string[] answers = result.Output.Split('\n');
            for (int i = 0; i < files.Count; i++)
            {
                string[] words = i < answers.Length ? answers[i].Split('|') : [];
                located[files[i]] = new DiskPlace(Classify(words.Length > 0 ? words[0].Trim() : ""), words.Length > 1 ? Allocated(words[1]) : null);
            }
        }

        return located;
    }

    /// <summary>A backing file as a disk of its own.</summary>
    public static DiskFacts Of(BackingFile file) => new("file", file.Path);

    /// <summary>Reads stat(1)'s number of blocks and their size; <see langword="null"/> where it is none.</summary>
    internal static long? Allocated(string text) =>
        text.Trim().Split(' ') is [var blocks, var size]
        && long.TryParse(blocks, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
        && int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes)
        && count <= long.MaxValue / Math.Max(1, bytes)
            ? count * bytes
            : null;

    internal static DiskStorage Classify(string type) =>
        SharedTypes.Contains(type) ? DiskStorage.Shared : LocalTypes.Contains(type) ? DiskStorage.Local : DiskStorage.Unknown;
}

/// <summary>Where a disk or a backing file lies.</summary>
/// <param name="Storage">Whether other hosts reach it.</param>
/// <param name="AllocatedBytes">What it takes up there, bytes; <see langword="null"/> where that was not to be seen.</param>
internal sealed record DiskPlace(DiskStorage Storage, long? AllocatedBytes);
