using TrafficMigration.Solving;

namespace TrafficMigration.Benchmarks.Planning;

/// <summary>Made-up racks: many sources and destinations, random rates. Same seed, same rack.</summary>
internal static class RackInstances
{
    private const long Gbps = 1_000_000_000;
    private const long GiB = 1L << 30;
    private static readonly long[] MemorySizes = [2 * GiB, 4 * GiB, 8 * GiB, 16 * GiB, 32 * GiB];

    /// <summary>The families, each with its name.</summary>
    public static IEnumerable<(string Name, AssignmentProblem Problem)> All()
    {
        yield return ("small 2x3x10", Rack(1, 2, 3, 10));
        yield return ("small 2x3x14", Rack(2, 2, 3, 14));
        yield return ("published 8x8x16", Rack(3, 8, 8, 16));
        yield return ("scatter 1x10x200", Rack(4, 1, 10, 200));
        yield return ("consolidate 20x1x300", Rack(5, 20, 1, 300));
        yield return ("rack 10x5x100", Rack(6, 10, 5, 100));
        yield return ("rack 50x20x1000", Rack(7, 50, 20, 1000));
        yield return ("+ mixed speeds", MixedSpeeds(Rack(8, 50, 20, 1000)));
        yield return ("+ tight memory", TightMemory(Rack(9, 50, 20, 1000)));
        yield return ("+ groups, pins", Constrained(Rack(10, 50, 20, 1000), 10));
        yield return ("+ all of it", Constrained(TightMemory(MixedSpeeds(Rack(11, 50, 20, 1000))), 11));
        yield return ("+ busy, few post-copies", Rack(12, 50, 20, 1000) with { PostCopy = new PostCopyWish(100) });
        yield return ("+ tolerance 5 %", Rack(13, 50, 20, 1000) with { PostCopy = new PostCopyWish(null, 5) });
    }

    private static AssignmentProblem Rack(int seed, int sources, int destinations, int vms)
    {
        var random = new Random(seed);
        return new AssignmentProblem
        {
            Sources = [.. Enumerable.Range(0, sources).Select(_ => new SourceLink(random.NextInt64(2 * Gbps), 10 * Gbps))],
            Destinations = [.. Enumerable.Range(0, destinations).Select(_ => new DestinationHost(
                random.NextInt64(3 * Gbps), random.NextInt64(3 * Gbps), 10 * Gbps))],
            VMs = [.. Enumerable.Range(0, vms).Select(i => new AssignmentVM(
                i % sources, random.NextInt64(Gbps), random.NextInt64(Gbps), MemorySizes[random.Next(MemorySizes.Length)], random.Next(1, 9)))],
        };
    }

    private static AssignmentProblem MixedSpeeds(AssignmentProblem problem) => problem with
    {
        Sources = [.. problem.Sources.Select((s, i) => i % 5 == 0 ? s with { Capacity = 25 * Gbps } : s)],
        Destinations = [.. problem.Destinations.Select((d, i) => i % 4 == 0 ? d with { Capacity = 40 * Gbps } : d)],
    };

    private static AssignmentProblem TightMemory(AssignmentProblem problem)
    {
        long each = problem.VMs.Sum(v => v.MemoryBytes) * 10 / 8 / problem.Destinations.Count;
        return problem with { Destinations = [.. problem.Destinations.Select(d => d with { FreeMemoryBytes = each })] };
    }

    private static AssignmentProblem Constrained(AssignmentProblem problem, int seed)
    {
        var random = new Random(seed);
        int hosts = problem.Destinations.Count;
        int[] shuffled = [.. Enumerable.Range(0, problem.VMs.Count)];
        random.Shuffle(shuffled);
        AssignmentVM[] pinned =
        [
            .. problem.VMs.Select(v => random.Next(20) switch
            {
                0 => v with { PostCopyAllowed = false },
                1 => v with { PreCopyAllowed = false },
                2 or 3 => v with { AllowedDestinations = [random.Next(hosts - 1)] },
                4 or 5 or 6 => v with { AllowedDestinations = [.. Enumerable.Range(0, hosts).Where(_ => random.Next(3) == 0).Append(0)] },
                _ => v,
            }),
        ];
        return problem with
        {
            VMs = pinned,
            // One destination that cannot take post-copies; groups of VMs that are in no other group.
            Destinations = [.. problem.Destinations.Select((d, i) => i == hosts - 1 ? d with { PostCopyAllowed = false } : d)],
            Separate = [.. shuffled.Take(300).Chunk(3).Where(g => g.All(v => pinned[v].AllowedDestinations is null))],
            Together = [.. shuffled.Skip(300).Take(100).Chunk(2).Where(g => g.All(v => pinned[v].AllowedDestinations is null))],
        };
    }

    /// <summary>Whether an assignment obeys room, pins and groups.</summary>
    public static bool Obeys(AssignmentProblem problem, Assignment found) =>
        Enumerable.Range(0, problem.VMs.Count).All(v => problem.VMs[v] is var vm
            && vm.AllowedDestinations?.Contains(found.Destinations[v]) != false
            && (found.Techniques[v] == Technique.PreCopy
                ? vm.PreCopyAllowed
                : vm.PostCopyAllowed && problem.Destinations[found.Destinations[v]].PostCopyAllowed))
        && Enumerable.Range(0, problem.Destinations.Count).All(d => problem.VMs.Where((_, v) => found.Destinations[v] == d).Sum(v => v.MemoryBytes)
            <= (problem.Destinations[d].FreeMemoryBytes ?? long.MaxValue))
        && problem.Separate.All(g => g.Select(v => found.Destinations[v]).Distinct().Count() == g.Length)
        && problem.Together.All(g => g.Select(v => found.Destinations[v]).Distinct().Count() == 1)
        && found.Techniques.Count(t => t == Technique.PostCopy) <= (problem.PostCopy.MaxPostCopy ?? int.MaxValue);

    /// <summary>The worst relative load of an assignment.</summary>
    public static double WorstLoad(AssignmentProblem problem, Assignment found)
    {
        IEnumerable<int> vms = Enumerable.Range(0, problem.VMs.Count);
        double[] outgoing = [.. problem.Sources.Select((s, i) => (s.Background + vms
            .Where(v => problem.VMs[v].Source == i && found.Techniques[v] == Technique.PreCopy).Sum(v => problem.VMs[v].TxBitsPerSecond))
            / (double)s.Capacity)];
        double[] incoming = [.. problem.Destinations.Select((d, i) => !found.Destinations.Contains(i) ? 0 : (d.BackgroundRx + vms
            .Where(v => found.Destinations[v] == i && found.Techniques[v] == Technique.PostCopy).Sum(v => problem.VMs[v].RxBitsPerSecond))
            / (double)d.Capacity)];
        return outgoing.Concat(incoming).Max();
    }
}
