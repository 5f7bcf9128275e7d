using System.Numerics;
using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>All 2^n choices, as the published planner tries them: the oracle for the solver.</summary>
/// <remarks>A choice is a number whose highest bit is the first VM and whose ones are post-copies: the lower of two comes first.</remarks>
internal static class Enumeration
{
    public static (long Source, long Destination) Contention(
        IReadOnlyList<VMLoad> vms, LinkPair links, IReadOnlyList<Technique> techniques)
    {
        long source = links.SourceBackground;
        long destination = links.DestinationBackground;
        for (int i = 0; i < vms.Count; i++)
        {
            source += techniques[i] == Technique.PreCopy ? vms[i].TxBitsPerSecond : 0;
            destination += techniques[i] == Technique.PostCopy ? vms[i].RxBitsPerSecond : 0;
        }

        return (source, destination);
    }

    /// <summary>The best choice, and the least worse load (times both capacities) of any that the limit on post-copies allows.</summary>
    public static (Technique[] Techniques, Int128 LeastWorst) Best(VMLoad[] vms, LinkPair links, PostCopyWish wish = default)
    {
        int n = vms.Length;
        var tx = new long[1 << n];
        var rx = new long[1 << n];
        for (int choice = 1; choice < 1 << n; choice++)
        {
            VMLoad vm = vms[n - 1 - BitOperations.TrailingZeroCount(choice)];
            tx[choice] = tx[choice & (choice - 1)] + vm.TxBitsPerSecond;
            rx[choice] = rx[choice & (choice - 1)] + vm.RxBitsPerSecond;
        }

        int must = Mask(vms, vm => !vm.PreCopyAllowed);
        int may = Mask(vms, vm => vm.PostCopyAllowed);
        int[] allowed = [.. Enumerable.Range(0, 1 << n).Where(c =>
            (c & must) == must && (c & ~may) == 0 && BitOperations.PopCount((uint)c) <= (wish.MaxPostCopy ?? n))];
        (Int128 Worst, Int128 Other) Loads(int choice)
        {
            Int128 s = (Int128)(links.SourceBackground + tx[^1] - tx[choice]) * links.DestinationCapacity;
            Int128 d = (Int128)(links.DestinationBackground + rx[choice]) * links.SourceCapacity;
            return (Int128.Max(s, d), Int128.Min(s, d));
        }

        Int128 least = allowed.Min(c => Loads(c).Worst);
        BigInteger percent = new((decimal)wish.TolerancePercent * 1_000_000);
        bool WithinTolerance(int choice) => Loads(choice).Worst * (BigInteger)100_000_000 <= least * (100_000_000 + percent);
        int best = wish.TolerancePercent == 0
            ? allowed.MinBy(c => (Loads(c).Worst, Loads(c).Other, BitOperations.PopCount((uint)c), c))
            : allowed.Where(WithinTolerance).MinBy(c => (BitOperations.PopCount((uint)c), Loads(c).Worst, Loads(c).Other, c));
        return ([.. Enumerable.Range(0, n).Select(i => (best >> (n - 1 - i) & 1) == 0 ? Technique.PreCopy : Technique.PostCopy)], least);
    }

    private static int Mask(VMLoad[] vms, Func<VMLoad, bool> test) =>
        vms.Aggregate(0, (mask, vm) => (mask << 1) | (test(vm) ? 1 : 0));
}
