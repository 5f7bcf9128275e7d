namespace TrafficMigration.Solving;

/// <summary>
/// What flips outside the core can do to a state, for VMs by falling saving at fixed prices and a limited number of
/// post-copies.
/// </summary>
/// <remarks>
/// <para>
/// At the prices every flip outside the core costs at least what the next VM on its side costs, because the split
/// gives every VM the cheaper technique. A state is of use if its price, and that of one flip more, keep within the
/// price of what the incumbent has to be beaten by.
/// </para>
/// <para>
/// Those prices suit the optimum's loads. For states far from them other prices bound better (the Lagrangian bound of
/// a node in branch and bound); while many states survive, prices that suit some of them are added.
/// </para>
/// </remarks>
internal sealed class LagrangeBound : CompletionBound
{
    private const int MaxPrices = 24;
    private const int AddedAtOnce = 4;

    private readonly PairInstance _instance;
    private readonly SplitOrder _order;
    private readonly int _maxPostCopies;
    private readonly LagrangeWeights _weights;
    private readonly List<LagrangePrices> _prices;
    // The least cost of another flip, indexed by whether a state is open at its left (2) and at its right (1).
    private readonly Int128[] _nextFlip = new Int128[4];
    private Corner[] _corners = [];
    private Core _core;
    private Int128 _rightTx;
    private Int128 _leftRx;

    /// <param name="instance">The problem.</param>
    /// <param name="order">Its VMs by falling saving.</param>
    /// <param name="weights">The prices of the order.</param>
    /// <param name="maxPostCopies">At most so many free VMs are post-copied.</param>
    public LagrangeBound(PairInstance instance, SplitOrder order, LagrangeWeights weights, int maxPostCopies)
    {
        _instance = instance;
        _order = order;
        _weights = weights;
        _maxPostCopies = maxPostCopies;
        _core = new Core(order, order.Split, order.Split);
        _prices = [new LagrangePrices(weights, _core)];
        for (int i = 0; i < order.Count; i++)
        {
            _leftRx += i < order.Split ? order[i].Rx : 0;
            _rightTx += i < order.Split ? 0 : order[i].Tx;
        }
    }

    /// <inheritdoc/>
    public override bool CountsPostCopies => true;

    /// <inheritdoc/>
    public override bool GrowsRight(Core core) => Cost(core.End) <= Cost(core.Start - 1);

    /// <inheritdoc/>
    public override void Grown(Core core)
    {
        if (core.Start < _core.Start)
        {
            _leftRx -= _order[core.Start].Rx;
            _prices.ForEach(p => p.Leave(_order[core.Start], wasPostCopied: true));
        }

        if (core.End > _core.End)
        {
            _rightTx -= _order[_core.End].Tx;
            _prices.ForEach(p => p.Leave(_order[core.End - 1], wasPostCopied: false));
        }

        _core = core;
        for (int i = 0; i < _nextFlip.Length; i++)
        {
            int left = core.Left((i & 2) != 0);
            int right = core.Right((i & 1) != 0);
            Int128 leftCost = left >= 0 ? Cost(left) : Int128.MaxValue;
            Int128 rightCost = right < _order.Count ? Cost(right) : Int128.MaxValue;
            _nextFlip[i] = Int128.Min(leftCost, rightCost);
        }
    }

    /// <inheritdoc/>
    public override void Aim(Incumbent incumbent)
    {
        _corners = incumbent.Corners.ToArray();
        _prices.ForEach(SetLimits);
    }

    /// <inheritdoc/>
    public override void Tighten(List<CoreState> states)
    {
        for (int i = 1; i <= AddedAtOnce && _prices.Count < MaxPrices && states.Count > 0; i++)
        {
            CoreState state = states[(int)((long)states.Count * i / (AddedAtOnce + 1))];
            var prices = new LagrangePrices(LagrangeWeights.For(Completions(state)), _core);
            SetLimits(prices);
            _prices.Add(prices);
            states.RemoveAll(s => !MayImprove(s));
        }
    }

    /// <inheritdoc/>
    public override bool MayImprove(in CoreState state, bool worstOnly = false)
    {
        Int128 nextFlip = _nextFlip[(state.LeftOpen ? 2 : 0) + (state.RightOpen ? 1 : 0)];
        if (nextFlip == Int128.MaxValue || _order.Split + state.PostCopies - _core.Start > _maxPostCopies)
        {
            return false;
        }

        int corners = worstOnly ? 1 : _corners.Length;
        for (int i = 0; i < corners; i++)
        {
            if (state.Source - _rightTx <= _corners[i].Source && state.Destination - _leftRx <= _corners[i].Destination
                && _weights.Price(state.Source, state.Destination, state.PostCopies) + nextFlip <= _prices[0].Limits[i]
                && KeepsWithin(state, i))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override double LowerBound(in CoreState state)
    {
        Int128 source = _order.Source + state.Source;
        Int128 destination = _order.Destination + state.Destination;
        int postCopies = _order.Split + state.PostCopies - _maxPostCopies;
        return _prices.Max(p => _instance.RelativeBound(
            p.Weights.Source, p.Weights.Destination, p.Weights.Price(source, destination, postCopies) - p.Outside));
    }

    private bool KeepsWithin(in CoreState state, int corner)
    {
        for (int i = 1; i < _prices.Count; i++)
        {
            LagrangePrices p = _prices[i];
            if (p.Weights.Price(state.Source, state.Destination, state.PostCopies) - p.Outside > p.Limits[corner])
            {
                return false;
            }
        }

        return true;
    }

    private void SetLimits(LagrangePrices prices) => prices.Limits = Array.ConvertAll(
        _corners, c => prices.Weights.Price(c.Source, c.Destination, _maxPostCopies - _order.Split));

    /// <summary>All completions of a state, relaxed.</summary>
    private Relaxation Completions(in CoreState state)
    {
        var outside = new FreeVM[_order.Count - (_core.End - _core.Start)];
        Int128 source = _order.Source + state.Source;
        Int128 destination = _order.Destination + state.Destination;
        for (int i = 0; i < outside.Length; i++)
        {
            outside[i] = _order[i < _core.Start ? i : i + _core.End - _core.Start];
            source += i < _core.Start ? outside[i].Tx : 0;
            destination -= i < _core.Start ? outside[i].Rx : 0;
        }

        int decided = _order.Split + state.PostCopies - _core.Start;
        return new Relaxation(
            outside, source, destination, _instance.SourceCapacity, _instance.DestinationCapacity, _maxPostCopies - decided);
    }

    private Int128 Cost(int position) => Int128.Abs(_weights.Saving(_order[position]));
}
