using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>One VM's way, with all that the hosts said about it.</summary>
/// <param name="Plan">Its plan.</param>
/// <param name="Source">The host it leaves.</param>
/// <param name="Destination">The host it goes to.</param>
/// <param name="Guest">The VM as the source has it.</param>
internal sealed record VMPassage(VMMigrationPlan Plan, HostState Source, HostState Destination, GuestState Guest)
{
    /// <summary>The VM needs QEMU's post-copy, from the start or perhaps later.</summary>
    public bool UsesPostCopy => Plan.Technique == Technique.PostCopy || Plan.SwitchesToPostCopy;

    /// <summary>Where the memory is to go, as the source is told.</summary>
    public static string MemoryAddress(VMMigrationPlan plan) => plan.MigrationAddress ?? plan.Destination;

    /// <summary>The paths that it needs.</summary>
    public IReadOnlyList<PathDemand> Paths { get; } = 
        // Files cross in an offline move: the inventory looks at them.
        Plan.Technique == Technique.Offline && OfflineInventory.FilesOf(Guest.Live).Files is var files
            ? [.. PathDemands.Of(Guest).Where(d => d.Use == PathUse.Makes || !files.Any(f => f.Path == d.Path))]
            : PathDemands.Of(Guest);

    /// <summary>The files that it writes as disks.</summary>
    public IReadOnlyList<DiskFacts> WrittenFiles { get; } =
        [.. DiskParser.Writable(Guest.Live).Where(d => d.Kind is "file" or "dir" && d.Source is { } path && path.StartsWith('/'))];

    /// <summary>The QEMU that it needs.</summary>
    public EmulatorDemand Emulator { get; } = EmulatorDemand.Of(Guest.Live);

    /// <summary>The processor that it needs; <see langword="null"/> where there is nothing to compare.</summary>
    public CpuDemand? Cpu { get; } = CpuDemand.Of(Guest, Source);
}
