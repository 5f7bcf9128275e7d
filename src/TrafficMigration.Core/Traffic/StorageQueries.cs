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

    /// <summary>Where each disk is.</summary>
    /// <exception cref="MigrationException">The channel's own.</exception>
    public static async Task<IReadOnlyDictionary<DiskFacts, DiskStorage>> LocateAsync(
        ICommandChannel channel, IEnumerable<DiskFacts> disks, CancellationToken cancellationToken)
    {
        var located = new Dictionary<DiskFacts, DiskStorage>();
        var files = new List<DiskFacts>();
        foreach (DiskFacts disk in disks.Distinct())
        {
            switch (disk.Kind)
            {
                case "network":
                    located[disk] = DiskStorage.Shared;
                    break;
                case "file" or "dir" when disk.Source is not null:
                    files.Add(disk);
                    break;
                default:
                    // A block device may be a local disk or a LUN that every host sees: its path does not tell.
                    located[disk] = DiskStorage.Unknown;
                    break;
            }
        }

        if (files.Count > 0)
        {
            // A path that stat cannot read leaves an empty line, so that lines and paths stay in step.
            string paths = string.Join(' ', files.Select(f => ShellText.Quote(f.Source!)));
            CommandResult result = await channel.ExecuteAsync(
                $"for path in {paths}; do timeout 5 stat -f -c %T -- \"$path\" 2>/dev/null || echo; done", cancellationToken);
            string[] types = result.Output.Split('\n');
            for (int i = 0; i < files.Count; i++)
            {
                located[files[i]] = Classify(i < types.Length ? types[i].Trim() : "");
            }
        }

        return located;
    }

    internal static DiskStorage Classify(string type) =>
        SharedTypes.Contains(type) ? DiskStorage.Shared : LocalTypes.Contains(type) ? DiskStorage.Local : DiskStorage.Unknown;
}
