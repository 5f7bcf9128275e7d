namespace TrafficMigration.Solving;

/// <summary>Loads that a choice must not exceed to be better than the best one known.</summary>
/// <param name="Source">Source load less that of the split, bit/s.</param>
/// <param name="Destination">Destination load less that of the split, bit/s.</param>
/// <param name="PostCopies">Where both loads are met exactly: at most so many post-copies, less those of the split.</param>
/// <param name="IsBetter">Whether that does not apply: loads that meet both exactly are better, too.</param>
internal readonly record struct Corner(Int128 Source, Int128 Destination, int PostCopies, bool IsBetter)
{
    /// <summary>Whether both loads keep within.</summary>
    public bool Contains(in CoreState state) => state.Source <= Source && state.Destination <= Destination;
}

/// <summary>The best choice that a search has found, and what a better one must keep to.</summary>
internal sealed class Incumbent
{
    private readonly PairInstance _instance;
    private readonly int _maxPostCopies;
    private readonly Int128 _limit;
    private readonly Int128 _txStep;
    private readonly Int128 _rxStep;
    private readonly Corner[] _corners = new Corner[3];
    private CoreState _state;

    /// <param name="instance">The problem.</param>
    /// <param name="order">Its VMs with the split.</param>
    /// <param name="maxPostCopies">At most so many free VMs are post-copied.</param>
    /// <param name="limit">Worse load not to be exceeded, on the instance's common scale; <see langword="null"/> for any.</param>
    public Incumbent(PairInstance instance, SplitOrder order, int maxPostCopies = int.MaxValue, Int128? limit = null)
    {
        _instance = instance;
        Order = order;
        _maxPostCopies = Math.Min(maxPostCopies, order.Count);
        Int128 most = Most(instance);
        _limit = limit < most ? limit.Value : most;
        (_txStep, _rxStep) = Steps(order);
        Aim();
    }

    /// <summary>The VMs with the split that states are relative to.</summary>
    public SplitOrder Order { get; }

    /// <summary>What it is worth; <see langword="null"/> while nothing within the limits is known.</summary>
    public PairObjective? Objective { get; private set; }

    /// <summary>Its loads and flips; meaningful once there is an objective.</summary>
    public CoreState State => _state;

    /// <summary>A better choice, or an equal one that the order of the VMs prefers, lies within one of these.</summary>
    /// <remarks>
    /// Both loads below the worse one; or the worse load met at either end and the other end not exceeding the
    /// other load. Loads move in steps of the rates' greatest common divisor, to which corners are rounded down.
    /// </remarks>
    public ReadOnlySpan<Corner> Corners => Objective is null ? _corners.AsSpan(0, 1) : _corners;

    /// <summary>The source's load in a state, bit/s.</summary>
    public Int128 SourceLoad(in CoreState state) => Order.Source + state.Source;

    /// <summary>The destination's load in a state, bit/s.</summary>
    public Int128 DestinationLoad(in CoreState state) => Order.Destination + state.Destination;

    /// <summary>Whether a state's loads and number of post-copies do not rule it out.</summary>
    public bool MayTake(in CoreState state)
    {
        bool within = false;
        foreach (ref readonly Corner corner in Corners)
        {
            within |= corner.Contains(state);
        }

        return within && Order.Split + state.PostCopies <= _maxPostCopies;
    }

    /// <summary>Takes a state if it is better.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool Offer(in CoreState state, FlipLog flips)
    {
        if (!MayTake(state))
        {
            return false;
        }

        PairObjective offered = _instance.Objective(SourceLoad(state), DestinationLoad(state), Order.Split + state.PostCopies);
        int order = Objective is { } known ? offered.CompareTo(known) : -1;
        if (order > 0 || (order == 0 && flips.Compare(state.Flip, _state.Flip) >= 0))
        {
            return false;
        }

        _state = state;
        Objective = offered;
        Aim();
        return true;
    }

    private void Aim()
    {
        if (Objective is not { } known)
        {
            _corners[0] = Rounded(_limit, _limit);
            return;
        }

        _corners[0] = Rounded(known.Worst - 1, known.Worst - 1);
        _corners[1] = Rounded(known.Worst, known.Other);
        _corners[2] = Rounded(known.Other, known.Worst);
    }

    private Corner Rounded(Int128 scaledSource, Int128 scaledDestination)
    {
        Int128 source = Floor(Floor(scaledSource, _instance.DestinationCapacity) - Order.Source, _txStep) * _txStep;
        Int128 destination = Floor(Floor(scaledDestination, _instance.SourceCapacity) - Order.Destination, _rxStep) * _rxStep;
        if (Objective is not { } known)
        {
            return new Corner(source, destination, _maxPostCopies - Order.Split, IsBetter: true);
        }

        PairObjective met = _instance.Objective(Order.Source + source, Order.Destination + destination, known.PostCopies);
        return new Corner(source, destination, known.PostCopies - Order.Split, IsBetter: met.CompareTo(known) < 0);
    }

    /// <summary>What no choice exceeds.</summary>
    private static Int128 Most(PairInstance instance)
    {
        Int128 destination = instance.Destination;
        foreach (FreeVM vm in instance.Free)
        {
            destination += vm.Rx;
        }

        return instance.Objective(instance.Source, destination, 0).Worst;
    }

    private static Int128 Floor(Int128 value, Int128 divisor)
    {
        Int128 quotient = value / divisor;
        return quotient * divisor > value ? quotient - 1 : quotient;
    }

    private static (Int128 Tx, Int128 Rx) Steps(SplitOrder order)
    {
        long tx = 0;
        long rx = 0;
        for (int i = 0; i < order.Count; i++)
        {
            tx = PairInstance.GreatestCommonDivisor(order[i].Tx, tx);
            rx = PairInstance.GreatestCommonDivisor(order[i].Rx, rx);
        }

        return (Math.Max(tx, 1), Math.Max(rx, 1));
    }
}
