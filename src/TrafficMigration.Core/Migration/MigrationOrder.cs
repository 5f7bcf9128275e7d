using System.Numerics;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>What a job is told, by a VM's plan and the run's options.</summary>
internal static class MigrationOrder
{
    // QEMU's default for what XBZRLE remembers (migrate parameter xbzrle-cache-size).
    private const long DefaultCacheBytes = 64L << 20;

    /// <summary>The order for a VM.</summary>
    /// <param name="plan">The VM's plan.</param>
    /// <param name="vmId">The VM's UUID.</param>
    /// <param name="disks">Names of the disks that are copied.</param>
    /// <param name="options">How the run is driven.</param>
    /// <param name="maySwitch">Whether the pre-copy may be switched to post-copy.</param>
    public static JobOrder For(VMMigrationPlan plan, string vmId, IReadOnlyList<string> disks, RunOptions options, bool maySwitch)
    {
        // Whoever asked for a switch at a time limit, or for libvirt's tunnel, wants that more than fewer bytes.
        bool channels = plan.UsesChannels && !maySwitch && options.Transport != MemoryTransport.Tunnelled;
        return new JobOrder
        {
            VMId = vmId,
            Destination = plan.Destination,
            Address = plan.MigrationAddress,
            Technique = plan.Technique,
            StorageCopy = plan.StorageCopy,
            Disks = disks,
            MaySwitch = maySwitch,
            MebibytesPerSecond = (options.BandwidthLimitBitsPerSecond ?? plan.BandwidthLimitBitsPerSecond) is { } limit
                ? Math.Max(1, limit / VMMigrationPlan.BandwidthStep) : null,
            MaxDowntime = options.MaxDowntime,
            IsTls = options.Transport == MemoryTransport.Tls,
            IsTunnelled = options.Transport == MemoryTransport.Tunnelled,
            Compression = plan.UsesChannels && !channels ? MemoryCompression.None : plan.Compression,
            Connections = channels ? plan.Connections : 1,
            XbzrleCacheBytes = CacheBytes(plan.Rate.MemoryBytes),
        };
    }

    /// <summary>An eighth of the VM's memory, where that is more than QEMU takes by itself: it is the host's memory, which it may need.</summary>
    private static long? CacheBytes(long? memoryBytes) =>
        memoryBytes / 8 is { } eighth and > DefaultCacheBytes ? 1L << BitOperations.Log2((ulong)eighth) : null;
}
