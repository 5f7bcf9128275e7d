using TrafficMigration.Solving;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Turns a site and wishes into the solvers' numbers.</summary>
internal static class ProblemBuilder
{
    /// <summary>The problem under some of the wishes.</summary>
    /// <param name="site">VMs and hosts.</param>
    /// <param name="wishes">The wishes that count.</param>
    /// <param name="request">For the strategy, the tolerance and the vCPU ratio.</param>
    /// <param name="mustPostCopy">VMs that pre-copy would never finish: they are post-copied where that is possible and no wish says otherwise.</param>
    /// <returns><see langword="null"/> where a VM is left without any technique or destination, or too many must be post-copied.</returns>
    public static AssignmentProblem? Build(Site site, IReadOnlyList<Wish> wishes, PlanRequest request, IReadOnlySet<int> mustPostCopy)
    {
        ILookup<int, Technique> pinned = wishes.OfType<Wish.PinnedTechnique>().ToLookup(w => w.VM, w => w.Technique);
        ILookup<int, int> sentTo = wishes.OfType<Wish.PinnedDestination>().ToLookup(w => w.VM, w => w.Destination);
        DestinationHost[] destinations = [.. site.Destinations.Select(d => Destination(d, site, request.Wishes.MaxVCpuPerCpu))];
        bool anyTakesPostCopy = destinations.Any(d => d.PostCopyAllowed);
        var vms = new AssignmentVM[site.VMs.Length];
        for (int i = 0; i < vms.Length; i++)
        {
            int[] given = [.. sentTo[i].Distinct()];
            // Which of several destinations take a post-copy the solver knows itself.
            bool canPostCopy = (site.VMs[i].PostCopyCapable ?? true)
                && (given.Length > 0 ? given.Any(d => destinations[d].PostCopyAllowed) : anyTakesPostCopy);
            // While a VM stands still its traffic contends with nothing; only destinations are left to choose.
            bool standsStill = request.Offline is not null;
            (bool pre, bool post) = standsStill ? (true, false) : Techniques(pinned[i], canPostCopy, request.Strategy, mustPostCopy.Contains(i));
            // Two given destinations contradict each other.
            if ((!pre && !post) || given.Length > 1)
            {
                return null;
            }

            VMTrafficRate rate = site.VMs[i];
            vms[i] = new AssignmentVM(
                site.SourceOf[i], standsStill ? 0 : rate.TxBitsPerSecond, standsStill ? 0 : rate.RxBitsPerSecond, rate.MemoryBytes ?? 0, rate.VCpuCount ?? 0, pre, post,
                given.Length > 0 ? given : null);
        }

        // Whatever is decided, what VMs write to disks that are copied leaves its source. With one destination it enters
        // that one, a constant too. With several, where it enters depends on the decision: the solver leaves that out,
        // so its bound stays a bound, and Decision.Loads, which is compared with it, has the whole.
        var mirrored = new long[site.Sources.Length];
        for (int i = 0; i < vms.Length; i++)
        {
            mirrored[site.SourceOf[i]] += site.MirrorBitsPerSecond(i);
        }

        int? max = wishes.OfType<Wish.MaxPostCopy>().Select(w => (int?)w.Count).Min();
        return vms.Count(v => !v.PreCopyAllowed) > max ? null : new AssignmentProblem
        {
            VMs = vms,
            Sources = [.. site.Sources.Select((s, index) => new SourceLink(s.BackgroundTx + mirrored[index], site.Capacity(s.LinkBitsPerSecond)))],
            Destinations = destinations.Length == 1
                ? [destinations[0] with { BackgroundRx = destinations[0].BackgroundRx + mirrored.Sum() }]
                : destinations,
            Separate = [.. wishes.OfType<Wish.Separate>().Select(w => w.VMs).Concat(SameNames(site))],
            Together = [.. wishes.OfType<Wish.Together>().Select(w => w.VMs)],
            PostCopy = new PostCopyWish(max, request.Strategy == Strategy.TrafficSensitive ? request.Wishes.ContentionTolerancePercent : 0),
        };
    }

    /// <summary>The problem with idle VMs and quiet destinations as if they had no traffic; <see langword="null"/> where there are none.</summary>
    public static AssignmentProblem? WithoutNoise(AssignmentProblem problem, Site site)
    {
        AssignmentVM[] vms = [.. problem.VMs.Select((vm, i) => site.IsIdle(i) ? vm with { TxBitsPerSecond = 0, RxBitsPerSecond = 0 } : vm)];
        DestinationHost[] destinations = [.. problem.Destinations.Select((d, i) => site.IsQuiet(i) ? d with { BackgroundRx = d.BackgroundRx - site.Destinations[i].BackgroundRxBitsPerSecond } : d)];
        return vms.SequenceEqual(problem.VMs) && destinations.SequenceEqual(problem.Destinations)
            ? null
            : problem with { VMs = vms, Destinations = destinations };
    }

    /// <summary>VMs of one name cannot live on one host, whatever anybody wishes.</summary>
    private static IEnumerable<int[]> SameNames(Site site) => site.Sources.Length == 1 ? [] : site.VMs
        .Select((vm, i) => (vm.VMName, i))
        .GroupBy(p => p.VMName, p => p.i, StringComparer.Ordinal)
        .Select(g => g.ToArray())
        .Where(g => g.Length > 1);

    private static (bool Pre, bool Post) Techniques(IEnumerable<Technique> pinned, bool canPostCopy, Strategy strategy, bool mustPostCopy)
    {
        Technique[] given = [.. pinned];
        if (given.Length > 0)
        {
            return (!given.Contains(Technique.PostCopy), canPostCopy && !given.Contains(Technique.PreCopy));
        }

        return strategy switch
        {
            Strategy.PreCopy or Strategy.PreCopyThenPostCopy => (true, false),
            Strategy.PostCopy => (!canPostCopy, canPostCopy),
            _ => (!(mustPostCopy && canPostCopy), canPostCopy),
        };
    }

    private static DestinationHost Destination(HostTraffic host, Site site, double maxVCpuPerCpu) => new(
        host.BackgroundRxBitsPerSecond,
        host.BackgroundTxBitsPerSecond,
        site.Capacity(host.LinkBitsPerSecond),
        host.FreeMemoryBytes,
        host.FreeVCpuCount ?? (host.CpuCount is { } cpus ? (int)Math.Floor(cpus * maxVCpuPerCpu) - (host.VCpuCount ?? 0) : null),
        host.PostCopyCapable ?? true);
}
