using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>
/// Dynamic programming over all sums, without any bound or order: an oracle for small rates where enumeration ends.
/// </summary>
internal static class ReferenceProgramme
{
    public static Technique[] Best(VMLoad[] vms, LinkPair links, PostCopyWish wish)
    {
        // The first choice in the VMs' order (first VM as highest bit, ones for post-copy) with each pair of sums and number.
        var choices = new Dictionary<(long Source, long Destination, int PostCopies), ulong>
        {
            [(links.SourceBackground, links.DestinationBackground, 0)] = 0,
        };
        foreach (VMLoad vm in vms)
        {
            var next = new Dictionary<(long Source, long Destination, int PostCopies), ulong>();
            foreach (((long source, long destination, int postCopies), ulong choice) in choices)
            {
                if (vm.PreCopyAllowed)
                {
                    Add(next, (source + vm.TxBitsPerSecond, destination, postCopies), choice << 1);
                }

                if (vm.PostCopyAllowed && postCopies < (wish.MaxPostCopy ?? vms.Length))
                {
                    Add(next, (source, destination + vm.RxBitsPerSecond, postCopies + 1), (choice << 1) | 1);
                }
            }

            choices = next;
        }

        var judged = choices.Select(c => (
            Worst: Math.Max(c.Key.Source * links.DestinationCapacity, c.Key.Destination * links.SourceCapacity),
            Other: Math.Min(c.Key.Source * links.DestinationCapacity, c.Key.Destination * links.SourceCapacity),
            c.Key.PostCopies, Choice: c.Value)).ToArray();
        decimal limit = judged.Min(j => j.Worst) * (1 + ((decimal)wish.TolerancePercent / 100));
        ulong best = wish.TolerancePercent == 0
            ? judged.MinBy(j => (j.Worst, j.Other, j.PostCopies, j.Choice)).Choice
            : judged.Where(j => j.Worst <= limit).MinBy(j => (j.PostCopies, j.Worst, j.Other, j.Choice)).Choice;
        return [.. vms.Select((_, i) => (best >> (vms.Length - 1 - i) & 1) == 0 ? Technique.PreCopy : Technique.PostCopy)];
    }

    private static void Add(
        Dictionary<(long Source, long Destination, int PostCopies), ulong> choices,
        (long Source, long Destination, int PostCopies) sums, ulong choice)
    {
        if (!choices.TryGetValue(sums, out ulong known) || choice < known)
        {
            choices[sums] = choice;
        }
    }
}
