namespace TrafficMigration.Solving;

/// <summary>
/// One source, all destinations taken as one pool: what the least Rx is that has to be post-copied so that the
/// source's link stays within a load, and by which techniques.
/// </summary>
/// <remarks>
/// A min-knapsack. <see cref="LeastRxRelaxed"/> is its LP relaxation (items by falling Tx/Rx, Dantzig 1957);
/// <see cref="LeastRx"/> is exact after <see cref="Build"/>: dynamic programming over the Pareto frontier of (load, Rx)
/// (Nemhauser and Ullmann 1969), where states that the LP completion shows to be of no use are dropped.
/// </remarks>
internal sealed class SourceFrontier
{
    private readonly List<int> _free = [];
    private readonly List<int> _forced = [];
    private readonly long[] _tx;
    private readonly long[] _rx;
    private readonly long[] _txBefore;
    private readonly long[] _rxBefore;
    private readonly long[] _largestTx;
    private readonly long _fixedLoad;
    private readonly long _fixedRx;
    private List<State>? _frontier;
    private List<(int Parent, int Item)> _chosen = [];

    /// <summary>Makes the items of one source.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="source">The source.</param>
    /// <param name="vms">Its VMs, or those of them that are still to be decided.</param>
    /// <param name="background">What the link carries without these VMs, bit/s.</param>
    public SourceFrontier(AssignmentModel model, int source, IEnumerable<int> vms, long background)
    {
        Source = source;
        _fixedLoad = background;
        foreach (int vm in vms)
        {
            if (!model.CanPostCopy[vm])
            {
                _fixedLoad += model.Tx[vm];
            }
            else if (!model.CanPreCopy[vm])
            {
                _forced.Add(vm);
                _fixedRx += model.Rx[vm];
            }
            else
            {
                _free.Add(vm);
            }
        }

        // 0/0 has no place among the ratios, and its technique does not matter.
        _free = [.. _free.OrderBy(v => model.Tx[v] == 0 && model.Rx[v] == 0).ThenBy(v => v, Comparer<int>.Create((a, b) =>
            ((Int128)model.Tx[b] * model.Rx[a]).CompareTo((Int128)model.Tx[a] * model.Rx[b])))];
        _tx = [.. _free.Select(v => model.Tx[v])];
        _rx = [.. _free.Select(v => model.Rx[v])];
        _txBefore = Sums(_tx);
        _rxBefore = Sums(_rx);
        _largestTx = Sums([.. _tx.OrderDescending()]);
    }

    /// <summary>The source.</summary>
    public int Source { get; }

    /// <summary>Least load that its link can have, bit/s.</summary>
    public long LeastLoad => _fixedLoad;

    /// <summary>Whether <see cref="LeastRx"/> is exact, not the relaxation.</summary>
    public bool IsExact => _frontier is not null;

    /// <summary>Least number of post-copies that keep the load within a limit; <see langword="null"/> where none does.</summary>
    public int? LeastPostCopies(long maxLoad)
    {
        long excess = _fixedLoad + _txBefore[^1] - maxLoad;
        return excess > _txBefore[^1] ? null : _forced.Count + FirstAtLeast(_largestTx, 0, excess);
    }

    /// <summary>Lower bound of <see cref="LeastRx"/> by the LP relaxation, rounded up, bit/s; <see langword="null"/> where no choice keeps the limit.</summary>
    public long? LeastRxRelaxed(long maxLoad) => Relaxed(0, _fixedLoad, maxLoad) + _fixedRx;

    /// <summary>What a bit/s less of load costs in Rx at a limit, by the relaxation: Rx/Tx of the item that is taken in part.</summary>
    public double PriceOfLoad(long maxLoad)
    {
        long excess = _fixedLoad + _txBefore[^1] - maxLoad;
        int count = excess <= 0 ? 0 : Math.Min(FirstAtLeast(_txBefore, 0, excess), _free.Count);
        return count == 0 ? 0 : _rx[count - 1] / (double)Math.Max(1, _tx[count - 1]);
    }

    /// <summary>Least post-copied Rx that keeps the load within a limit, bit/s; <see langword="null"/> where no choice does.</summary>
    /// <remarks>Exact after <see cref="Build"/>, and then to be asked within its range only.</remarks>
    public long? LeastRx(long maxLoad)
    {
        if (_frontier is null)
        {
            return LeastRxRelaxed(maxLoad);
        }

        int at = Find(maxLoad);
        return at < 0 ? null : _frontier[at].Rx;
    }

    /// <summary>The VMs to post-copy at this limit, by least Rx; all that can where no choice keeps the limit.</summary>
    public IEnumerable<int> PostCopied(long maxLoad)
    {
        int at = _frontier is null ? -1 : Find(maxLoad);
        if (at >= 0)
        {
            for (int c = _frontier![at].Chosen; c >= 0; c = _chosen[c].Parent)
            {
                yield return _free[_chosen[c].Item];
            }
        }
        else
        {
            foreach (int item in Rounded(maxLoad))
            {
                yield return _free[item];
            }
        }

        foreach (int vm in _forced)
        {
            yield return vm;
        }
    }

    /// <summary>Makes <see cref="LeastRx"/> exact for limits between two loads, if that does not take too many states.</summary>
    /// <param name="lowLoad">Least limit that will be asked for, bit/s; below it nothing is promised.</param>
    /// <param name="highLoad">Largest limit that will be asked for, bit/s.</param>
    /// <param name="maxStates">States that may be kept at a time.</param>
    public void Build(long lowLoad, long highLoad, int maxStates)
    {
        _frontier = null;
        _chosen = [];

        // Whatever is asked for needs no more Rx than a choice that keeps the lowest limit.
        long rxLimit = lowLoad < _fixedLoad ? long.MaxValue : _fixedRx + Rounded(lowLoad).Sum(i => _rx[i]);
        var states = new List<State> { new(_fixedLoad, _fixedRx, -1) };
        for (int item = 0; item < _free.Count; item++)
        {
            var next = new List<State>();
            int pre = 0;
            int post = 0;
            long leastRx = long.MaxValue;
            while (pre < states.Count || post < states.Count)
            {
                // Both lists rise by load; of equal loads the one with less Rx comes first.
                bool takePost = pre == states.Count || (post < states.Count && Precedes(
                    states[post].Load, states[post].Rx + _rx[item], states[pre].Load + _tx[item], states[pre].Rx));
                State from = takePost ? states[post++] : states[pre++];
                long load = takePost ? from.Load : from.Load + _tx[item];
                long rx = takePost ? from.Rx + _rx[item] : from.Rx;
                if (rx >= leastRx || load > highLoad || Relaxed(item + 1, load, highLoad) is not { } rest || rx + rest > rxLimit)
                {
                    continue;
                }

                leastRx = rx;
                int chosen = from.Chosen;
                if (takePost)
                {
                    chosen = _chosen.Count;
                    _chosen.Add((from.Chosen, item));
                }

                next.Add(new State(load, rx, chosen));
            }

            if (next.Count > maxStates)
            {
                return;
            }

            states = next;
        }

        _frontier = states;
    }

    private static bool Precedes(long load, long rx, long otherLoad, long otherRx) =>
        load != otherLoad ? load < otherLoad : rx <= otherRx;

    /// <summary>A choice near the relaxation that keeps the limit: items in order until it holds, the last one replaced if a cheaper one does.</summary>
    private IEnumerable<int> Rounded(long maxLoad)
    {
        long excess = _fixedLoad + _txBefore[^1] - maxLoad;
        if (excess <= 0 || _free.Count == 0)
        {
            return [];
        }

        int count = Math.Min(FirstAtLeast(_txBefore, 0, excess), _free.Count);
        long missing = excess - _txBefore[count - 1];
        int last = count - 1;
        for (int i = count; i < _free.Count; i++)
        {
            if (_tx[i] >= missing && _rx[i] < _rx[last])
            {
                last = i;
            }
        }

        return Enumerable.Range(0, count - 1).Append(last);
    }

    /// <summary>Least Rx, items from one on and fractions of them allowed, that brings a load within a limit.</summary>
    private long? Relaxed(int from, long load, long maxLoad)
    {
        long excess = load + _txBefore[^1] - _txBefore[from] - maxLoad;
        if (excess <= 0)
        {
            return 0;
        }

        int count = FirstAtLeast(_txBefore, from, _txBefore[from] + excess);
        if (count >= _txBefore.Length)
        {
            return null;
        }

        long missing = _txBefore[from] + excess - _txBefore[count - 1];
        Int128 fraction = ((Int128)_rx[count - 1] * missing + _tx[count - 1] - 1) / _tx[count - 1];
        return _rxBefore[count - 1] - _rxBefore[from] + (long)fraction;
    }

    /// <summary>The last state within a load: the one with the least Rx.</summary>
    private int Find(long maxLoad)
    {
        int low = 0;
        int high = _frontier!.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_frontier[middle].Load <= maxLoad)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    private static int FirstAtLeast(long[] sums, int from, long value)
    {
        int low = from;
        int high = sums.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sums[middle] >= value)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static long[] Sums(long[] values)
    {
        var sums = new long[values.Length + 1];
        for (int i = 0; i < values.Length; i++)
        {
            sums[i + 1] = sums[i] + values[i];
        }

        return sums;
    }

    private readonly record struct State(long Load, long Rx, int Chosen);
}
