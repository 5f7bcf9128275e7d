namespace TrafficMigration.Solving;

/// <summary>What a VM adds to one of the two links, by the technique chosen for it. At least one technique must be allowed.</summary>
/// <param name="TxBitsPerSecond">Added to the source's outgoing link under pre-copy.</param>
/// <param name="RxBitsPerSecond">Added to the destination's incoming link under post-copy.</param>
/// <param name="PostCopyAllowed">Whether post-copy may be chosen.</param>
/// <param name="PreCopyAllowed">Whether pre-copy may be chosen.</param>
public readonly record struct VMLoad(
    long TxBitsPerSecond, long RxBitsPerSecond, bool PostCopyAllowed = true, bool PreCopyAllowed = true);

/// <summary>The two links between one source and one destination, before any VM.</summary>
/// <param name="SourceBackground">Outgoing background at the source, bit/s.</param>
/// <param name="DestinationBackground">Incoming background at the destination, bit/s.</param>
/// <param name="SourceCapacity">Speed of the source's link, bit/s. Only the ratio of the two capacities matters.</param>
/// <param name="DestinationCapacity">Speed of the destination's link, bit/s.</param>
public readonly record struct LinkPair(
    long SourceBackground, long DestinationBackground, long SourceCapacity = 1, long DestinationCapacity = 1);

/// <summary>How many VMs may be post-copied, and what fewer of them are worth.</summary>
/// <param name="MaxPostCopy">At most so many VMs are post-copied; <see langword="null"/> for any number.</param>
/// <param name="TolerancePercent">
/// Among choices whose worst relative load is within so many per cent of the least one, the one with fewest post-copies.
/// </param>
public readonly record struct PostCopyWish(int? MaxPostCopy = null, double TolerancePercent = 0);

/// <summary>A choice of techniques, and what is proven of it.</summary>
/// <param name="Techniques">One technique a VM, in the order of the input.</param>
/// <param name="SourceContention">Traffic that contends at the source, bit/s.</param>
/// <param name="DestinationContention">Traffic that contends at the destination, bit/s.</param>
/// <param name="RelativeBound">
/// No allowed choice has a worst relative load (contention divided by capacity) below this. Equal to this choice's own
/// where it is proven to be the least; with a tolerance the bound is still that of the least one.
/// </param>
/// <param name="IsExact">Whether every objective, down to the VMs' order, is proven, not only the worst load.</param>
public sealed record TechniqueChoice(
    IReadOnlyList<Technique> Techniques, long SourceContention, long DestinationContention,
    double RelativeBound = 0, bool IsExact = true);
