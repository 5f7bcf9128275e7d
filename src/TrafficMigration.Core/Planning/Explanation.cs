using TrafficMigration.Solving;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Says why a VM has its technique and its destination.</summary>
internal sealed class Explanation
{
    private readonly Site _site;
    private readonly AssignmentProblem _problem;
    private readonly IReadOnlySet<int> _endless;
    private readonly Strategy _strategy;
    private readonly Decision _decision;
    private readonly long[] _loads;
    private readonly long[] _capacities;
    private readonly int[] _byLoad;

    /// <param name="draft">The plan.</param>
    /// <param name="loads">What each link carries against the migrations, bit/s: <see cref="Decision.Loads"/>.</param>
    /// <param name="capacities">What they are divided by.</param>
    public Explanation(PlanDraft draft, long[] loads, long[] capacities)
    {
        (_site, _problem, _endless, _strategy, _decision) = (draft.Site, draft.Problem, draft.Endless, draft.Request.Strategy, draft.Decision);
        (_loads, _capacities) = (loads, capacities);
        // Stable: of equal ones the source comes first.
        _byLoad = [.. Enumerable.Range(0, loads.Length).OrderByDescending(Relative)];
    }

    /// <summary>The link with most contention: an index of the loads.</summary>
    public int Worst => _byLoad[0];

    /// <summary>The host whose link it is.</summary>
    public string LinkName(int link) => link < _site.Sources.Length
        ? _site.Sources[link].Name
        : _site.Destinations[link - _site.Sources.Length].HostName;

    /// <summary>The flow that a VM's memory avoids (empty where it had no choice), and what the alternative would have cost or why there was none.</summary>
    public (string Avoids, string Alternative) Of(int vm)
    {
        VMTrafficRate rate = _site.VMs[vm];
        HostTraffic destination = _site.Destinations[_decision.Destinations[vm]];
        if (_decision.Techniques[vm] == Technique.Offline)
        {
            return ("", "Offline was asked for: the VM stands still while it moves, so none of its traffic contends");
        }

        AssignmentVM options = _problem.VMs[vm];
        Technique technique = _decision.Techniques[vm];
        bool canPostCopy = options.PostCopyAllowed && destination.PostCopyCapable != false;
        if (options.PreCopyAllowed && canPostCopy)
        {
            // Who talks to VMs of the same host is not idle, though none of it is on a link now.
            bool isIdle = _site.IsIdle(vm) && !_site.Mutual.Of(vm).Any();
            if (technique == Technique.PreCopy && isIdle)
            {
                return ("", "PreCopy, because the VM sends and receives next to nothing, and post-copy is the greater risk");
            }

            if (technique == Technique.PostCopy && isIdle && _site.WritesMuch(vm, _decision.Destinations[vm]))
            {
                return ("", FormattableString.Invariant(
                    $"PreCopy would send again what the VM writes, {rate.DirtyBytesPerSecond / 1048576.0:0.#} MiB/s, and the VM sends and receives next to nothing"));
            }

            return Free(vm, rate, destination.HostName, technique);
        }

        string why = technique == Technique.PreCopy && destination.PostCopyCapable == false && rate.PostCopyCapable != false && !IsStrategy(technique)
            ? $"{destination.HostName} does not let QEMU use userfaultfd, so nothing can be post-copied to it"
            : technique == Technique.PreCopy && rate.PostCopyCapable == false
            ? $"This VM cannot be post-copied{(rate.PostCopyBlocker is { } blocker ? ": " + blocker : "")}"
            : IsStrategy(technique) ? $"Strategy {_strategy} was asked for"
            : _endless.Contains(vm)
            ? FormattableString.Invariant($"PreCopy would never end: the VM dirties {rate.DirtyBytesPerSecond / 1048576.0:0.#} MiB/s, faster than its memory can be sent")
            : $"{technique} was pinned";
        return ("", why);
    }

    /// <summary>Which traffic of a VM with others of its host will cross links once all have moved; empty where none is known.</summary>
    public string Apart(int vm)
    {
        (int? Other, string? Stays, long Bits)[] peers = [.. _site.Mutual.Of(vm).Where(f => MutualTraffic.IsSplit(f, _decision))
            .GroupBy(f => (f.From == vm ? f.To : f.From, f.Stays), (peer, flows) => (peer.Item1, peer.Stays, flows.Sum(f => f.BitsPerSecond)))
            .Where(p => _site.Mutual.IsMuch(p.Item3, _site.SourceOf[vm]))
            .OrderByDescending(p => p.Item3)];
        IEnumerable<string> parts = peers.Take(3).Select(p => $"{Figures.Mbps(p.Bits)} exchanged with " + (p.Other is { } other
            ? $"'{_site.VMs[other].VMName}', which goes to {_site.Destinations[_decision.Destinations[other]].HostName}"
            : $"'{p.Stays}', which stays"));
        return peers.Length == 0 ? ""
            : $"{string.Join(", ", parts)}{(peers.Length > 3 ? $", and with {peers.Length - 3} more" : "")}, will cross the links from then on";
    }

    private bool IsStrategy(Technique technique) => _strategy switch
    {
        Strategy.PreCopy or Strategy.PreCopyThenPostCopy => technique == Technique.PreCopy,
        Strategy.PostCopy => technique == Technique.PostCopy,
        _ => false,
    };

    private (string Avoids, string Alternative) Free(int vm, VMTrafficRate rate, string destination, Technique technique)
    {
        int source = _site.SourceOf[vm];
        int incoming = _site.Sources.Length + _decision.Destinations[vm];
        (long s, long d, Technique other, string avoids) = technique == Technique.PreCopy
            ? (_loads[source] - rate.TxBitsPerSecond, _loads[incoming] + rate.RxBitsPerSecond, Technique.PostCopy,
                $"keeps {Figures.Mbps(rate.RxBitsPerSecond)} received off {destination}'s incoming link")
            : (_loads[source] + rate.TxBitsPerSecond, _loads[incoming] - rate.RxBitsPerSecond, Technique.PreCopy,
                $"keeps {Figures.Mbps(rate.TxBitsPerSecond)} sent off {rate.HostName}'s outgoing link");
        long now = _loads[Worst];
        (int worst, long then) = _site.Mutual.Of(vm).Any() ? WorstWithout(vm, source, s, incoming, d, other) : WorstWith(source, s, incoming, d);
        string bound = rate.Saturated == true ? "; the link was full, so it may want more" : "";
        string alternative = then == now && worst == Worst
            ? $"{other} would leave the contention at {Figures.Mbps(now)}{(technique == Technique.PreCopy ? ", and post-copy is the greater risk" : $", and put {Figures.Mbps(s)} on {rate.HostName}'s outgoing link")}"
            : $"{other} would make the contention {Figures.Mbps(then)} instead of {Figures.Mbps(now)}, at {LinkName(worst)}";
        return (avoids + bound, alternative);
    }

    /// <summary>The same where the VM's traffic with others of its host changes, too: it may be on a third link.</summary>
    private (int Link, long Load) WorstWithout(int vm, int source, long sourceLoad, int incoming, long incomingLoad, Technique other)
    {
        long[] loads = [.. _loads];
        (loads[source], loads[incoming]) = (sourceLoad, incomingLoad);
        Technique[] techniques = [.. _decision.Techniques];
        MutualTraffic.AddTo(_site.Mutual.Of(vm), techniques, _decision.Destinations, loads, _site.Sources.Length, -1);
        techniques[vm] = other;
        MutualTraffic.AddTo(_site.Mutual.Of(vm), techniques, _decision.Destinations, loads, _site.Sources.Length);
        int worst = Enumerable.Range(0, loads.Length).MaxBy(l => loads[l] / (double)_capacities[l]);
        return (worst, loads[worst]);
    }

    private (int Link, long Load) WorstWith(int source, long sourceLoad, int incoming, long incomingLoad)
    {
        (int Link, long Load)[] candidates =
        [
            (source, sourceLoad), (incoming, incomingLoad),
            .. _byLoad.Where(l => l != source && l != incoming).Take(1).Select(l => (l, _loads[l])),
        ];
        return candidates.MaxBy(c => c.Load / (double)_capacities[c.Link]);
    }

    private double Relative(int link) => _loads[link] / (double)_capacities[link];
}
