namespace TrafficMigration.Solving;

/// <summary>
/// Dynamic programming over a core that expands around the split, after Pisinger's MINKNAP (Operations Research 45(5),
/// 1997): only VMs near the split are ever flipped in an optimum, so only they are decided, as few as the proof needs.
/// </summary>
/// <remarks>
/// <para>
/// States are kept by rising source and falling destination load (where post-copies are counted, so for each number of
/// them). Of two states over the same core, lower loads are better under every completion; of equal loads, fewer
/// post-copies, then the order of the VMs. The optimum's own state is therefore never dropped.
/// </para>
/// <para>
/// Each round decides one more VM: every state stays as it is, and where the VM's type is open, is flipped, too. What
/// the bound says cannot improve on the incumbent is dropped. No state left, or nothing left outside: the incumbent is
/// the optimum.
/// </para>
/// </remarks>
internal sealed class CoreSearch
{
    private readonly SplitOrder _order;
    private readonly CompletionBound _bound;
    private readonly SearchBudget _budget;
    private readonly CoreCompletion _completion;
    private List<CoreState> _states = [];
    private List<CoreState> _next = [];
    private Core _core;

    /// <param name="instance">The problem.</param>
    /// <param name="bound">Which states are worth keeping.</param>
    /// <param name="incumbent">What is known already, and what a choice must keep to.</param>
    /// <param name="budget">How much work is left.</param>
    public CoreSearch(PairInstance instance, CompletionBound bound, Incumbent incumbent, SearchBudget budget)
    {
        _order = incumbent.Order;
        _bound = bound;
        _budget = budget;
        Incumbent = incumbent;
        Flips = new FlipLog(_order);
        _completion = new CoreCompletion(instance, incumbent, Flips);
        _core = new Core(_order, _order.Split, _order.Split);
    }

    /// <summary>The best choice found.</summary>
    public Incumbent Incumbent { get; }

    /// <summary>Its flips.</summary>
    public FlipLog Flips { get; }

    /// <summary>The states that the budget left undecided; none if the incumbent is proven in every objective.</summary>
    public IReadOnlyList<CoreState> Undecided => _states;

    /// <summary>Searches until all is proven or the budget is used up.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var split = new CoreState(0, 0, 0, FlipLog.None, LeftOpen: true, RightOpen: true);
        Incumbent.Offer(split, Flips);
        _bound.Aim(Incumbent);
        _bound.Grown(_core);
        _states.Add(split);
        long start = _budget.Left;
        long closerLook = start - _budget.FirstCloserLook;
        while (_states.Count > 0 && !_core.IsEverything && _budget.Left > 2L * _states.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool right = _core.Start == 0 || (_core.End < _order.Count && _bound.GrowsRight(_core));
            long walked = Flips.Walked;
            Expand(right);
            _budget.Left -= _states.Count + _next.Count + Flips.Walked - walked;
            if (_budget.Left < closerLook)
            {
                LookCloser();
                closerLook -= start - _budget.Left;
            }
        }

        if (_core.IsEverything)
        {
            _states.Clear();
        }
        else if (_states.Count > 0)
        {
            LookCloser();
        }
    }

    /// <summary>Spends some time on a better incumbent and a better bound.</summary>
    private void LookCloser()
    {
        if (_completion.Improve(_core, _states, _bound.CountsPostCopies))
        {
            _bound.Aim(Incumbent);
        }

        _bound.Tighten(_states);
    }

    /// <summary>Decides the next VM on one side.</summary>
    private void Expand(bool right)
    {
        int position = right ? _core.End : _core.Start - 1;
        Core before = _core;
        _core = right ? _core with { End = _core.End + 1 } : _core with { Start = position };
        _bound.Grown(_core);
        FreeVM vm = _order[position];
        bool first = before.Start == before.End;
        _next.Clear();
        int keep = 0;
        int flip = 0;
        while (true)
        {
            while (flip < _states.Count && !IsOpen(_states[flip]))
            {
                flip++;
            }

            if (keep == _states.Count && flip == _states.Count)
            {
                break;
            }

            CoreState flipped = flip < _states.Count ? Flipped(_states[flip]) : default;
            if (flip == _states.Count || (keep < _states.Count && ComesBefore(_states[keep], flipped)))
            {
                CoreState state = _states[keep++];
                Keep(right
                    ? state with { RightOpen = false, LeftOpen = first || state.LeftOpen }
                    : state with { LeftOpen = false, RightOpen = first || state.RightOpen });
            }
            else
            {
                flip++;
                KeepFlipped(flipped, position);
            }
        }

        (_states, _next) = (_next, _states);

        bool IsOpen(in CoreState s) => right ? before.Right(s.RightOpen) == position : before.Left(s.LeftOpen) == position;

        CoreState Flipped(in CoreState s) => right
            ? new CoreState(checked(s.Source - vm.Tx), checked(s.Destination + vm.Rx), s.PostCopies + 1, s.Flip, !first && s.LeftOpen, RightOpen: true)
            : new CoreState(checked(s.Source + vm.Tx), checked(s.Destination - vm.Rx), s.PostCopies - 1, s.Flip, LeftOpen: true, !first && s.RightOpen);
    }

    private void KeepFlipped(CoreState state, int position)
    {
        if (IsDominated(state))
        {
            return;
        }

        state = state with { Flip = Flips.Add(position, state.Flip) };
        bool taken = Incumbent.Offer(state, Flips);
        if (taken)
        {
            _bound.Aim(Incumbent);
        }

        if (!Keep(state) && !taken)
        {
            Flips.TakeBack(state.Flip);
        }
    }

    /// <summary>Keeps a state unless another is better or nothing better can come of it.</summary>
    private bool Keep(in CoreState state)
    {
        if (IsDominated(state))
        {
            return false;
        }

        if (_next.Count > 0 && HasSameLoads(_next[^1], state))
        {
            int order = state.PostCopies.CompareTo(_next[^1].PostCopies);
            order = order != 0 ? order : Flips.Compare(state.Flip, _next[^1].Flip);
            if (order >= 0)
            {
                return false;
            }

            _next.RemoveAt(_next.Count - 1);
        }

        if (!_bound.MayImprove(state))
        {
            return false;
        }

        _next.Add(state);
        return true;
    }

    /// <summary>Whether the last state kept, which has no higher source load, has a lower load and no higher one.</summary>
    private bool IsDominated(in CoreState state)
    {
        if (_next.Count == 0)
        {
            return false;
        }

        CoreState last = _next[^1];
        return IsSameGroup(last, state) && last.Destination <= state.Destination && !HasSameLoads(last, state);
    }

    private bool HasSameLoads(in CoreState a, in CoreState b) =>
        IsSameGroup(a, b) && a.Source == b.Source && a.Destination == b.Destination;

    private bool IsSameGroup(in CoreState a, in CoreState b) => !_bound.CountsPostCopies || a.PostCopies == b.PostCopies;

    private bool ComesBefore(in CoreState a, in CoreState b)
    {
        int order = _bound.CountsPostCopies ? a.PostCopies.CompareTo(b.PostCopies) : 0;
        order = order != 0 ? order : a.Source.CompareTo(b.Source);
        return (order != 0 ? order : a.Destination.CompareTo(b.Destination)) <= 0;
    }
}
