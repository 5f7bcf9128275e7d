using CsCheck;
using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>Problems between one source and one destination, of the kinds that break solvers.</summary>
internal static class LoadFamilies
{
    private const long Mbps = 1_000_000;
    private const long Most = 100_000_000_000_000;

    private static readonly Gen<VMLoad> FewValues = Load(Gen.Long[0, 4], Gen.Long[0, 4]);
    private static readonly Gen<VMLoad> Random = Load(Gen.Long[0, 1000 * Mbps], Gen.Long[0, 1000 * Mbps]);
    private static readonly Gen<VMLoad> WholeMbps = Load(Gen.Long[0, 20].Select(x => x * Mbps), Gen.Long[0, 20].Select(x => x * Mbps));
    private static readonly Gen<VMLoad> Huge = Load(Gen.Long[Most - 50, Most], Gen.Long[Most - 50, Most]);
    private static readonly Gen<VMLoad> Zeros = Load(Gen.OneOf(Gen.Const(0L), Gen.Long[0, 9]), Gen.OneOf(Gen.Const(0L), Gen.Long[0, 9]));
    private static readonly Gen<VMLoad> Symmetric = Gen.Long[1, 30].Select(x => new VMLoad(x * Mbps, x * Mbps));
    private static readonly Gen<VMLoad> PowersOfTwo = Gen.Int[0, 40].Select(x => new VMLoad(1L << x, 1L << x));
    private static readonly Gen<VMLoad> OneRatio = Gen.Long[1, 12].Select(x => new VMLoad(2 * x, 3 * x));
    private static readonly Gen<VMLoad> Giant = Load(Gen.Long[1, 100], Gen.Long[1, 100]);

    /// <summary>Any family, with at most so many VMs.</summary>
    public static Gen<VMLoad[]> Any(int most) => Gen.OneOf(
        Many(FewValues, most), Many(Random, most), Many(WholeMbps, most), Many(Huge, most), Many(Zeros, most),
        Many(Symmetric, most), Many(PowersOfTwo, most), Many(OneRatio, most),
        Gen.Select(Random, Gen.Int[0, most], (vm, n) => Enumerable.Repeat(vm, n).ToArray()),
        Gen.Select(Many(FewValues, most / 2), Many(Random, most - (most / 2)), (a, b) => a.Concat(b).ToArray()),
        Gen.Select(Many(Giant, most - 1), Gen.Long[1, Most], Gen.Long[1, Most], (vms, tx, rx) => vms.Append(new VMLoad(tx, rx)).ToArray()));

    /// <summary>The same VMs, of which about a quarter allow one technique only.</summary>
    public static Gen<VMLoad[]> Pinned(int most) => Gen.Select(Any(most), Gen.Int[0, 7].Array[most], (vms, pins) =>
        vms.Select((vm, i) => vm with { PostCopyAllowed = pins[i] != 0, PreCopyAllowed = pins[i] != 1 }).ToArray());

    /// <summary>Links with and without background, of equal and of very different capacities.</summary>
    public static readonly Gen<LinkPair> Links = Gen.Select(
        Gen.OneOf(Gen.Const(0L), Gen.Long[0, 20], Gen.Long[0, 1000 * Mbps]),
        Gen.OneOf(Gen.Const(0L), Gen.Long[0, 20], Gen.Long[0, 1000 * Mbps]),
        Gen.OneOf(Gen.Const((1L, 1L)), Gen.Select(Gen.Long[1, 10], Gen.Long[1, 10]), Gen.Const((10_000 * Mbps, 25_000 * Mbps)),
            Gen.Const((100_000 * Mbps, 100 * Mbps)), Gen.Select(Gen.Long[1, Most], Gen.Long[1, Most])),
        (a, b, capacity) => new LinkPair(a, b, capacity.Item1, capacity.Item2));

    /// <summary>A limit on post-copies that can be kept, a tolerance, or both.</summary>
    public static Gen<PostCopyWish> Wish(VMLoad[] vms)
    {
        int must = vms.Count(vm => !vm.PreCopyAllowed);
        Gen<double> percent = Gen.OneOf(Gen.Const(0.0), Gen.Const(1.0), Gen.Int[0, 20_000_000].Select(p => p / 1e6), Gen.Const(400.0));
        return Gen.Select(Gen.Int[must, vms.Length + 1], percent, (max, p) => new PostCopyWish(max > vms.Length ? null : max, p));
    }

    private static Gen<VMLoad[]> Many(Gen<VMLoad> vm, int most) => vm.Array[0, most];

    private static Gen<VMLoad> Load(Gen<long> tx, Gen<long> rx) => Gen.Select(tx, rx, (t, r) => new VMLoad(t, r));
}
