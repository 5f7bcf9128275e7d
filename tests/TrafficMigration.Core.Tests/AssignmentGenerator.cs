using CsCheck;
using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>Random assignment problems with constraints of all kinds.</summary>
internal static class AssignmentGenerator
{
    // Few distinct values make ties and zeros; large ones make sums beyond what a float could hold.
    private static readonly Gen<long> Rate = Gen.OneOf(Gen.Long[0, 4], Gen.Long[0, 30], Gen.Long[0, 1_000_000_000]);

    /// <summary>Problems of a size.</summary>
    /// <param name="vms">Number of VMs.</param>
    /// <param name="sources">Number of sources.</param>
    /// <param name="destinations">Number of destinations.</param>
    /// <param name="constrained">Whether there are constraints.</param>
    public static Gen<AssignmentProblem> Problems(Gen<int> vms, Gen<int> sources, Gen<int> destinations, bool constrained = true) =>
        from n in vms
        from s in sources
        from d in destinations
        from small in Gen.Bool
        from capacities in Gen.Bool
        from problem in Problem(n, s, d, small ? Gen.Long[0, 5] : Rate, capacities ? Gen.Long[1, 40] : Gen.Const(1L), constrained)
        select problem;

    private static Gen<AssignmentProblem> Problem(int n, int s, int d, Gen<long> rate, Gen<long> capacity, bool constrained)
    {
        Gen<int> kinds = constrained ? Gen.Int[0, 7] : Gen.Const(7);
        Gen<int[]?> allowed =
            from kind in kinds
            from set in Gen.Int[0, d - 1].Array[1, 2]
            select kind < 2 ? set.Distinct().ToArray() : null;
        Gen<AssignmentVM> vm =
            from source in Gen.Int[0, s - 1]
            from tx in rate
            from rx in rate
            from memory in Gen.Long[0, 6]
            from cpus in Gen.Int[0, 3]
            from pin in kinds
            from set in allowed
            select new AssignmentVM(source, tx, rx, memory, cpus, pin != 0, pin != 1, set);
        Gen<DestinationHost> host =
            from background in rate
            from backgroundTx in rate
            from speed in capacity
            from kind in kinds
            from room in Gen.Long[6, 30]
            from cpus in Gen.Int[4, 14]
            select new DestinationHost(
                background, backgroundTx, speed, kind < 3 ? room : null, kind == 1 ? cpus : null, kind != 0);
        Gen<int[]> members = Gen.Int[0, Math.Max(0, n - 1)].Array[2, 3].Select(g => g.Distinct().ToArray());
        return
            from links in Gen.Select(rate, capacity, (background, speed) => new SourceLink(background, speed)).Array[s]
            from hosts in host.Array[d]
            from machines in vm.Array[n]
            from groupKind in kinds
            from groups in members.Array[2]
            from wishKind in kinds
            from wish in Gen.Select(Gen.Int[0, 4], Gen.Double[0, 60], (max, tolerance) => (max, tolerance))
            select new AssignmentProblem
            {
                VMs = machines,
                Sources = links,
                Destinations = hosts,
                Separate = n > 0 && groupKind is 0 or 2 ? [groups[0]] : [],
                Together = n > 0 && groupKind is 1 or 2 ? [groups[1]] : [],
                PostCopy = new PostCopyWish(wishKind < 2 ? wish.max : null, wishKind is 1 or 2 ? wish.tolerance : 0),
            };
    }
}
