using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>Says where a VM's disks are, and of those on its host alone how much they are.</summary>
internal sealed class LocalDisks(IReadOnlyDictionary<DiskFacts, DiskPlace> places, DiskHistory history)
{
    /// <summary>A VM's rate with what is known of its disks.</summary>
    public VMTrafficRate Fill(VMTrafficRate rate, DomainFacts vm)
    {
        DiskStorage storage = Storage(vm);
        DiskFacts[] local = [.. vm.Disks.Where(d => Place(d).Storage == DiskStorage.Local)];
        if (storage == DiskStorage.Unknown)
        {
            return rate with { DiskStorage = storage };
        }

        string[] paths = [.. local.Select(d => d.Source!)];
        return rate with
        {
            DiskStorage = storage,
            LocalDiskBytes = Sum(local.Select(Whole)),
            LocalDiskIncrementalBytes = Sum(local.Select(d => Place(d).AllocatedBytes)),
            LocalDiskCapacityBytes = Sum(paths.Select(p => vm.Blocks.TryGetValue(p, out BlockFigures? block) ? block.CapacityBytes : (long?)null)),
            LocalDiskWriteBytesPerSecond = paths.Length == 0 ? 0 : history.WrittenBytesPerSecond(vm.Id, paths),
        };

        // What lies in both a backing file and the image above it is counted twice, but never more than the disk holds.
        long? Whole(DiskFacts disk)
        {
            long? all = Sum(disk.Backing.Select(StorageQueries.Of).Prepend(disk).Select(d => Place(d).AllocatedBytes));
            return disk.Backing.Count > 0 && vm.Blocks.TryGetValue(disk.Source!, out BlockFigures? block) && all > block.CapacityBytes
                ? block.CapacityBytes
                : all;
        }
    }

    private DiskStorage Storage(DomainFacts vm)
    {
        DiskStorage[] disks = [.. vm.Disks.Select(d => Place(d).Storage)];
        return disks.Length == 0 ? DiskStorage.None
            : disks.Contains(DiskStorage.Local) ? DiskStorage.Local
            : disks.Contains(DiskStorage.Unknown) ? DiskStorage.Unknown
            : DiskStorage.Shared;
    }

    private DiskPlace Place(DiskFacts disk) => places.GetValueOrDefault(disk) ?? new DiskPlace(DiskStorage.Unknown, null);

    private static long? Sum(IEnumerable<long?> sizes)
    {
        long sum = 0;
        foreach (long? size in sizes)
        {
            if (size is not { } known)
            {
                return null;
            }

            sum += known;
        }

        return sum;
    }
}
