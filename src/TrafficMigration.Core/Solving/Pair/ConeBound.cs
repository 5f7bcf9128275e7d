namespace TrafficMigration.Solving;

/// <summary>
/// What flips outside the core can do to a state's loads, for VMs by falling Tx/Rx and any number of post-copies.
/// </summary>
/// <remarks>
/// With (tx, rx) of the next VM to the right, flips there lower the source's load at no less than rx/tx of destination
/// load a bit; with those of the next VM to the left, flips there lower the destination's load at no less than tx/rx
/// of source load a bit. So all completions lie in the cone above two lines through the state: tx·D + rx·S falls
/// neither with the right VM's rates nor with the left one's (the LP relaxation at the edges of the core, as in
/// Pisinger's MINKNAP). A state is of use if a corner of the incumbent lies within.
/// </remarks>
internal sealed class ConeBound(PairInstance instance) : CompletionBound
{
    // Indexed by whether the state is open at its left (2) and at its right (1).
    private readonly Cone[] _cones = new Cone[4];
    private readonly Limit[] _limits = new Limit[4 * 3];
    private Corner[] _corners = [];
    private SplitOrder? _order;

    /// <inheritdoc/>
    public override bool CountsPostCopies => false;

    /// <inheritdoc/>
    public override bool GrowsRight(Core core) => core.End - core.Order.Split <= core.Order.Split - core.Start;

    /// <inheritdoc/>
    public override void Grown(Core core)
    {
        _order = core.Order;
        for (int i = 0; i < _cones.Length; i++)
        {
            int left = core.Left((i & 2) != 0);
            int right = core.Right((i & 1) != 0);
            // Nothing to the left: the destination's load cannot fall; nothing to the right: nor can the source's.
            FreeVM leftVM = left >= 0 ? _order[left] : new FreeVM(1, 0, 0);
            FreeVM rightVM = right < _order.Count ? _order[right] : new FreeVM(0, 1, 0);
            bool isLine = (Int128)leftVM.Tx * rightVM.Rx == (Int128)leftVM.Rx * rightVM.Tx;
            _cones[i] = new Cone(leftVM, rightVM, isLine);
        }

        SetLimits();
    }

    /// <inheritdoc/>
    public override void Aim(Incumbent incumbent)
    {
        _corners = incumbent.Corners.ToArray();
        SetLimits();
    }

    /// <inheritdoc/>
    public override bool MayImprove(in CoreState state, bool worstOnly = false)
    {
        int index = (state.LeftOpen ? 2 : 0) + (state.RightOpen ? 1 : 0);
        ref readonly Cone cone = ref _cones[index];
        Int128 left = Weighted(cone.Left, state.Source, state.Destination);
        Int128 right = Weighted(cone.Right, state.Source, state.Destination);
        int corners = worstOnly ? 1 : _corners.Length;
        for (int i = 0; i < corners; i++)
        {
            ref readonly Limit limit = ref _limits[(index * 3) + i];
            if (left > limit.Left || right > limit.Right)
            {
                continue;
            }

            // On both lines: they cross at the state alone, or they are one line.
            bool isOnBoth = left == limit.Left && right == limit.Right;
            if (!isOnBoth || (cone.IsLine && MayMeet(state, cone, _corners[i])))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override double LowerBound(in CoreState state)
    {
        ref readonly Cone cone = ref _cones[(state.LeftOpen ? 2 : 0) + (state.RightOpen ? 1 : 0)];
        Int128 source = _order!.Source + state.Source;
        Int128 destination = _order.Destination + state.Destination;
        return Math.Max(
            instance.RelativeBound(cone.Left.Rx, cone.Left.Tx, Weighted(cone.Left, source, destination)),
            instance.RelativeBound(cone.Right.Rx, cone.Right.Tx, Weighted(cone.Right, source, destination)));
    }

    /// <summary>Whether a state may meet a corner on its line with no more post-copies than are good there.</summary>
    /// <remarks>
    /// Only VMs of the edges' ratio keep to the line. Of those the right ones have at most the right edge's Rx and each
    /// costs a post-copy; the left ones have at least the left edge's and each saves one.
    /// </remarks>
    private static bool MayMeet(in CoreState state, in Cone cone, in Corner corner)
    {
        if (corner.IsBetter)
        {
            return true;
        }

        Int128 rise = corner.Destination - state.Destination;
        Int128 postCopies = rise > 0 ? (rise + cone.Right.Rx - 1) / cone.Right.Rx
            : rise < 0 ? rise / cone.Left.Rx
            : cone.Left.Rx > cone.Right.Rx ? 1 : 0;
        return state.PostCopies + postCopies <= corner.PostCopies;
    }

    private void SetLimits()
    {
        for (int i = 0; i < _cones.Length; i++)
        {
            for (int j = 0; j < _corners.Length; j++)
            {
                _limits[(i * 3) + j] = new Limit(
                    Weighted(_cones[i].Left, _corners[j].Source, _corners[j].Destination),
                    Weighted(_cones[i].Right, _corners[j].Source, _corners[j].Destination));
            }
        }
    }

    private static Int128 Weighted(in FreeVM edge, Int128 source, Int128 destination) =>
        (edge.Tx * destination) + (edge.Rx * source);

    private readonly record struct Cone(FreeVM Left, FreeVM Right, bool IsLine);

    private readonly record struct Limit(Int128 Left, Int128 Right);
}
