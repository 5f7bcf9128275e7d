namespace TrafficMigration.Solving;

/// <summary>
/// The LP relaxation of what is still to be decided: bounds a partial choice from below, and rounds to a first full choice.
/// </summary>
/// <remarks>
/// With the free VMs by falling Tx/Rx, an optimal fractional solution gives post-copy to a prefix, pre-copy to the
/// rest, and splits at most one VM between (the continuous two-machine problem; exchange argument). Prefix sums make
/// each bound a binary search.
/// </remarks>
internal sealed class LoadSuffix
{
    // Doubles lose at most 2^-53 a step; a bound lowered by this much never cuts off a true optimum.
    private const double Slack = 1 - 1e-9;

    private readonly LinkPair _links;
    private readonly int _pinned;
    private readonly double[] _txBefore;
    private readonly double[] _rxBefore;

    /// <param name="vms">The VMs.</param>
    /// <param name="order">Their indices: those without post-copy first, then by falling Tx/Rx.</param>
    /// <param name="links">Background and capacities.</param>
    public LoadSuffix(IReadOnlyList<VMLoad> vms, int[] order, LinkPair links)
    {
        _links = links;
        _pinned = order.Count(i => !vms[i].PostCopyAllowed);
        _txBefore = new double[order.Length + 1];
        _rxBefore = new double[order.Length + 1];
        for (int i = 0; i < order.Length; i++)
        {
            _txBefore[i + 1] = _txBefore[i] + vms[order[i]].TxBitsPerSecond;
            _rxBefore[i + 1] = _rxBefore[i] + vms[order[i]].RxBitsPerSecond;
        }
    }

    private int Count => _txBefore.Length - 1;

    /// <summary>A lower bound on the worse relative load of every completion of a partial choice.</summary>
    /// <param name="source">Source load so far, bit/s.</param>
    /// <param name="destination">Destination load so far, bit/s.</param>
    /// <param name="position">Number of VMs, in order, that are decided.</param>
    public double Bound(double source, double destination, int position)
    {
        int first = Math.Max(position, _pinned);
        source += _txBefore[first] - _txBefore[position];
        int split = Split(source, destination, first);
        if (split == Count)
        {
            return Worse(source, DestinationLoad(destination, first, Count)) * Slack;
        }

        double sourceBefore = SourceLoad(source, split, Count) * _links.DestinationCapacity;
        double destinationBefore = DestinationLoad(destination, first, split) * _links.SourceCapacity;
        if (sourceBefore <= destinationBefore)
        {
            return destinationBefore * Slack;
        }

        double tx = (_txBefore[split + 1] - _txBefore[split]) * _links.DestinationCapacity;
        double rx = (_rxBefore[split + 1] - _rxBefore[split]) * _links.SourceCapacity;
        double share = Math.Min(1, (sourceBefore - destinationBefore) / (tx + rx));
        return (destinationBefore + (rx * share)) * Slack;
    }

    /// <summary>The worse relative load of the better full choice on either side of the LP's split.</summary>
    public double RoundedChoice()
    {
        double source = _links.SourceBackground + _txBefore[_pinned];
        int split = Split(source, _links.DestinationBackground, _pinned);
        double Full(int at) => Worse(
            SourceLoad(source, at, Count), DestinationLoad(_links.DestinationBackground, _pinned, at));
        return Math.Min(Full(split), Full(Math.Min(split + 1, Count))) / Slack;
    }

    /// <summary>The first VM from which on giving post-copy to one more makes the destination the worse link; Count if none.</summary>
    private int Split(double source, double destination, int first)
    {
        int low = first;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            bool destinationWorse =
                DestinationLoad(destination, first, middle + 1) * _links.SourceCapacity
                >= SourceLoad(source, middle + 1, Count) * _links.DestinationCapacity;
            if (destinationWorse)
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

    private double SourceLoad(double source, int from, int to) => source + _txBefore[to] - _txBefore[from];

    private double DestinationLoad(double destination, int from, int to) => destination + _rxBefore[to] - _rxBefore[from];

    private double Worse(double source, double destination) =>
        Math.Max(source * _links.DestinationCapacity, destination * _links.SourceCapacity);
}
