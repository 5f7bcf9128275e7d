using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>One line of a journal. What a line is about is what it has.</summary>
internal sealed record JournalEntry
{
    /// <summary>What happened.</summary>
    public required MigrationEvent Event { get; init; }

    /// <summary>Of a run's first entry: all that is needed to take it up again.</summary>
    public JournalHead? Head { get; init; }

    /// <summary>The number of the VM in the run, from 0; <see langword="null"/> where the entry is about the run or a host.</summary>
    public int? Number { get; init; }

    /// <summary>The name of the job that is started next at the source.</summary>
    public string? Job { get; init; }

    /// <summary>libvirt's UUID of the VM, once known.</summary>
    public string? VMId { get; init; }

    /// <summary>Paths of the images that are made next at the destination, for disks that are copied.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    /// <summary>Whether the VM is suspended next.</summary>
    public bool? Suspended { get; init; }

    /// <summary>What a group that moves offline takes along; written before its first VM stands still.</summary>
    public Offline.OfflineCargo? Cargo { get; init; }

    /// <summary>Whether all VMs of such a group are at the destination: from here on there is no way back.</summary>
    public bool? Committed { get; init; }

    /// <summary>Why such a group goes back next.</summary>
    public Offline.OfflineFailure? Undoes { get; init; }

    /// <summary>Whether the VM is told next to go on, at the destination.</summary>
    public bool? Resumed { get; init; }

    /// <summary>Of a VM's last entry: what became of it.</summary>
    public JournalResult? Result { get; init; }

    /// <summary>Whether the run has ended: all VMs have their result.</summary>
    public bool? Ended { get; init; }
}

/// <summary>Who runs what, and how.</summary>
/// <param name="User">The user at the machine that drives the run.</param>
/// <param name="Machine">That machine.</param>
/// <param name="Options">How the run is driven.</param>
/// <param name="Migrations">The VMs, in the order of their turns.</param>
internal sealed record JournalHead(string User, string Machine, RunOptions Options, IReadOnlyList<JournalPlan> Migrations)
{
    /// <summary>How the plan was made; <see langword="null"/> where the VMs' plans did not say.</summary>
    public Strategy? Strategy { get; init; }

    /// <summary>What the plan makes least; <see langword="null"/> where the VMs' plans did not say.</summary>
    public PlanObjective? Objective { get; init; }

    /// <summary>What contends on the links under the plan, as it was measured before.</summary>
    public IReadOnlyList<LinkContention> Links { get; init; } = [];
}

/// <summary>What of a VM's plan a run needs, and what its results are compared with.</summary>
internal sealed record JournalPlan
{
    public required string VMName { get; init; }

    public string? VMId { get; init; }

    public required string Source { get; init; }

    public required string Destination { get; init; }

    public required Technique Technique { get; init; }

    public bool SwitchesToPostCopy { get; init; }

    public int? Stage { get; init; }

    public int? Gang { get; init; }

    public StorageCopy? StorageCopy { get; init; }

    public long? BandwidthLimitBitsPerSecond { get; init; }

    public MemoryCompression? Compression { get; init; }

    public int? Connections { get; init; }

    public string? MigrationAddress { get; init; }

    public OfflineMemory? OfflineMemory { get; init; }

    public bool ReplacesDiskImages { get; init; }

    public IReadOnlyList<string> BlocksFrom { get; init; } = [];

    public TimeSpan? PredictedDuration { get; init; }

    public TimeSpan? PredictedDowntime { get; init; }

    public long? PredictedBytes { get; init; }

    public bool? PostCopyCapable { get; init; }

    public long? MemoryBytes { get; init; }

    public long TxBitsPerSecond { get; init; }

    public long RxBitsPerSecond { get; init; }

    public long? DirtyBytesPerSecond { get; init; }

    public string Avoids { get; init; } = "";

    /// <summary>What of the plan is kept.</summary>
    public static JournalPlan Of(VMMigrationPlan plan) => new()
    {
        VMName = plan.VMName,
        VMId = plan.VMId,
        Source = plan.Source,
        Destination = plan.Destination,
        Technique = plan.Technique,
        SwitchesToPostCopy = plan.SwitchesToPostCopy,
        Stage = plan.Stage,
        Gang = plan.Gang,
        StorageCopy = plan.StorageCopy == TrafficMigration.StorageCopy.None ? null : plan.StorageCopy,
        BandwidthLimitBitsPerSecond = plan.BandwidthLimitBitsPerSecond,
        Compression = plan.Compression == MemoryCompression.None ? null : plan.Compression,
        Connections = plan.Connections == 1 ? null : plan.Connections,
        MigrationAddress = plan.MigrationAddress,
        OfflineMemory = plan.OfflineMemory,
        ReplacesDiskImages = plan.ReplacesDiskImages,
        BlocksFrom = plan.BlocksFrom,
        PredictedDuration = plan.PredictedDuration,
        PredictedDowntime = plan.PredictedDowntime,
        PredictedBytes = plan.PredictedBytes,
        PostCopyCapable = plan.Rate.PostCopyCapable,
        MemoryBytes = plan.Rate.MemoryBytes,
        TxBitsPerSecond = plan.Rate.TxBitsPerSecond,
        RxBitsPerSecond = plan.Rate.RxBitsPerSecond,
        DirtyBytesPerSecond = plan.Rate.DirtyBytesPerSecond,
        Avoids = plan.Avoids,
    };

    /// <summary>The plan of a VM, as far as it was kept.</summary>
    /// <param name="turn">The VM's turn, from 1.</param>
    public VMMigrationPlan ToPlan(int turn) => new()
    {
        VMName = VMName,
        VMId = VMId,
        Source = Source,
        Destination = Destination,
        Technique = Technique,
        SwitchesToPostCopy = SwitchesToPostCopy,
        StorageCopy = StorageCopy ?? TrafficMigration.StorageCopy.None,
        Order = turn,
        Stage = Stage,
        Gang = Gang,
        BandwidthLimitBitsPerSecond = BandwidthLimitBitsPerSecond,
        Compression = Compression ?? MemoryCompression.None,
        Connections = Connections ?? 1,
        MigrationAddress = MigrationAddress,
        OfflineMemory = OfflineMemory,
        ReplacesDiskImages = ReplacesDiskImages,
        BlocksFrom = BlocksFrom,
        PredictedDuration = PredictedDuration,
        PredictedDowntime = PredictedDowntime,
        PredictedBytes = PredictedBytes,
        SourceContentionBitsPerSecond = 0,
        DestinationContentionBitsPerSecond = 0,
        Avoids = Avoids,
        Rate = new Traffic.VMTrafficRate
        {
            HostName = Source, VMName = VMName, VMId = VMId, TxBitsPerSecond = TxBitsPerSecond, RxBitsPerSecond = RxBitsPerSecond,
            PostCopyCapable = PostCopyCapable, MemoryBytes = MemoryBytes, DirtyBytesPerSecond = DirtyBytesPerSecond,
        },
    };
}

/// <summary>A result as it is kept: its error in parts.</summary>
internal sealed record JournalResult(VMMigrationResult Result, string? ErrorId, FailureKind? Kind, string? Message)
{
    public static JournalResult Of(VMMigrationResult result) =>
        new(result with { Error = null }, result.Error?.ErrorId, result.Error?.Kind, result.Error?.Message);

    public VMMigrationResult ToResult() => Result with
    {
        Error = ErrorId is null ? null : new MigrationException(ErrorId, Kind ?? FailureKind.Failed, Message ?? "", Result.Source, Result.VMName, null),
    };
}
