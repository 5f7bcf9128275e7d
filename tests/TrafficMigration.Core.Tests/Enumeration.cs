using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>All 2^n choices, as the published planner tries them: the oracle for the solver.</summary>
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

    public static Technique[] Best(VMLoad[] vms, LinkPair links) =>
        Enumerable.Range(0, 1 << vms.Length)
            .Select(bits => vms.Select((_, i) => (bits >> i & 1) == 0 ? Technique.PreCopy : Technique.PostCopy).ToArray())
            .Where(t => t.Zip(vms).All(p => p.Second.PostCopyAllowed || p.First == Technique.PreCopy))
            .MinBy(t => Objective(vms, links, t))!;

    private static (Int128 Worst, Int128 Other, int PostCopies, string Order) Objective(VMLoad[] vms, LinkPair links, Technique[] t)
    {
        (long source, long destination) = Contention(vms, links, t);
        Int128 s = (Int128)source * links.DestinationCapacity;
        Int128 d = (Int128)destination * links.SourceCapacity;
        return (Int128.Max(s, d), Int128.Min(s, d), t.Count(x => x == Technique.PostCopy), string.Concat(t.Select(x => (int)x)));
    }
}
