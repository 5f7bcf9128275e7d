namespace TrafficMigration.Solving;

/// <summary>A choice for every VM: some of the core flipped, everything outside as the split has it.</summary>
/// <param name="Source">Source load less that of the split, bit/s.</param>
/// <param name="Destination">Destination load less that of the split, bit/s.</param>
/// <param name="PostCopies">Number of post-copied VMs less that of the split.</param>
/// <param name="Flip">Its last flip in the <see cref="FlipLog"/>.</param>
/// <param name="LeftOpen">Whether the core's first VM is pre-copied, so that its type may go on to the left.</param>
/// <param name="RightOpen">Whether the core's last VM is post-copied, so that its type may go on to the right.</param>
internal readonly record struct CoreState(
    long Source, long Destination, int PostCopies, int Flip, bool LeftOpen, bool RightOpen);

/// <summary>The core: the VMs from <paramref name="Start"/> to before <paramref name="End"/> are decided.</summary>
internal readonly record struct Core(SplitOrder Order, int Start, int End)
{
    /// <summary>Position of the next VM to the left that a state may flip; -1 if none.</summary>
    public int Left(bool open) => open || Start == Order.Count ? Start - 1 : Order.TypeStart(Start) - 1;

    /// <summary>Position of the next VM to the right that a state may flip; the number of VMs if none.</summary>
    public int Right(bool open) => open || End == 0 ? End : Order.TypeEnd(End - 1);

    /// <summary>Whether no VM is left outside.</summary>
    public bool IsEverything => Start == 0 && End == Order.Count;
}
