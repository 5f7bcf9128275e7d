namespace TrafficMigration.Solving;

/// <summary>Many sources, many destinations: technique and destination are to be chosen for every VM.</summary>
/// <remarks>
/// A link counts from the moment that a migration uses it: a source's outgoing link always, a destination's incoming
/// link where at least one VM goes there, by whichever technique. Its load is its background, plus Tx of the VMs
/// pre-copied from it (source) or Rx of the VMs post-copied to it (destination). Relative load is load by capacity.
/// </remarks>
internal sealed record AssignmentProblem
{
    /// <summary>The VMs; where all else is equal, an earlier one is pre-copied before a later one, and goes to the earlier destination.</summary>
    public required IReadOnlyList<AssignmentVM> VMs { get; init; }

    /// <summary>The sources' outgoing links.</summary>
    public required IReadOnlyList<SourceLink> Sources { get; init; }

    /// <summary>The destinations.</summary>
    public required IReadOnlyList<DestinationHost> Destinations { get; init; }

    /// <summary>Groups of VMs (indices) no two of which may share a destination.</summary>
    public IReadOnlyList<int[]> Separate { get; init; } = [];

    /// <summary>Groups of VMs (indices) that go to one destination.</summary>
    public IReadOnlyList<int[]> Together { get; init; } = [];

    /// <summary>How many VMs may be post-copied, and what fewer of them are worth.</summary>
    public PostCopyWish PostCopy { get; init; }
}

/// <summary>A VM to be assigned.</summary>
/// <param name="Source">Index of its source.</param>
/// <param name="TxBitsPerSecond">What it sends, bit/s.</param>
/// <param name="RxBitsPerSecond">What it receives, bit/s.</param>
/// <param name="MemoryBytes">Room it takes at its destination, bytes; 0 where not known.</param>
/// <param name="VCpus">Virtual processors; 0 where not known.</param>
/// <param name="PreCopyAllowed">Whether pre-copy may be chosen.</param>
/// <param name="PostCopyAllowed">Whether post-copy may be chosen, where the destination takes it.</param>
/// <param name="AllowedDestinations">Indices of the destinations it may go to; <see langword="null"/> for all.</param>
internal sealed record AssignmentVM(
    int Source, long TxBitsPerSecond, long RxBitsPerSecond, long MemoryBytes = 0, int VCpus = 0,
    bool PreCopyAllowed = true, bool PostCopyAllowed = true, int[]? AllowedDestinations = null);

/// <summary>A source's outgoing link.</summary>
/// <param name="Background">What it carries beside the VMs that move, bit/s.</param>
/// <param name="Capacity">Its speed, bit/s; 1 for every link where one is not known.</param>
internal sealed record SourceLink(long Background, long Capacity = 1);

/// <summary>A destination: its link and its room.</summary>
/// <param name="BackgroundRx">What it receives already, bit/s.</param>
/// <param name="BackgroundTx">What it sends already, bit/s; matters only for the load afterwards.</param>
/// <param name="Capacity">Its link's speed, bit/s; 1 for every link where one is not known.</param>
/// <param name="FreeMemoryBytes">Memory it can give to VMs, bytes; <see langword="null"/> where not known.</param>
/// <param name="FreeVCpus">Virtual processors that it can still take; <see langword="null"/> where not limited.</param>
/// <param name="PostCopyAllowed">Whether it can be the destination of a post-copy.</param>
internal sealed record DestinationHost(
    long BackgroundRx, long BackgroundTx = 0, long Capacity = 1, long? FreeMemoryBytes = null, int? FreeVCpus = null,
    bool PostCopyAllowed = true);

/// <summary>A technique and a destination for every VM, and what is proven of them.</summary>
/// <param name="Destinations">Index of the destination, one a VM, in the order of the problem's VMs.</param>
/// <param name="Techniques">One technique a VM, in the same order.</param>
/// <param name="RelativeBound">No allowed assignment has a worst relative load below this.</param>
/// <param name="IsExact">Whether every objective is proven, not only the worst load.</param>
internal sealed record Assignment(
    IReadOnlyList<int> Destinations, IReadOnlyList<Technique> Techniques, double RelativeBound, bool IsExact);
