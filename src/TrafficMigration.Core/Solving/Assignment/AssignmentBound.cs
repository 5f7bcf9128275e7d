namespace TrafficMigration.Solving;

/// <summary>
/// Lower bound of the worst relative load: every source by itself, all destinations as one pool.
/// </summary>
/// <remarks>
/// A relative load T is out of reach if some source cannot keep it, if the sources together have to post-copy more Rx
/// than the destinations whose background keeps T have room for, or more VMs than may be post-copied. All of it is
/// integer arithmetic, so the bound is the least double that passes, found by bisection over the doubles.
/// </remarks>
internal sealed class AssignmentBound
{
    // Per source; a few ms each. Beyond, the LP relaxation is as good: the more VMs, the less one of them matters.
    private const int MaxStates = 20_000;

    private readonly AssignmentModel _model;
    private readonly long[] _rxWithin;

    /// <summary>Finds the bound.</summary>
    /// <param name="model">A problem that <see cref="AssignmentModel.IsContradictory"/> does not rule out.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public AssignmentBound(AssignmentModel model, CancellationToken cancellationToken)
    {
        _model = model;
        Sources = [.. Enumerable.Range(0, model.Sources).Select(s => new SourceFrontier(
            model, s, Enumerable.Range(0, model.VMs).Where(v => model.Source[v] == s), model.Background[s]))];
        _rxWithin = [.. Enumerable.Range(0, model.Destinations).Select(d => !model.TakesPostCopy(d) ? 0 : Enumerable.Range(0, model.VMs)
            .Where(v => model.CanPostCopy[v] && model.AllowedMask[model.UnitOf[v]][d]).Sum(v => model.Rx[v]))];

        double unavoidable = Enumerable.Range(0, model.VMs).Max(vm => (double?)Unavoidable(vm)) ?? 0;
        Relaxed = Value = Bisect(unavoidable, Ceiling(), exact: false);
        Tighten(cancellationToken);
    }

    /// <summary>No allowed assignment has a worst relative load below this.</summary>
    public double Value { get; private set; }

    /// <summary>The same by the LP relaxation of the sources.</summary>
    public double Relaxed { get; }

    /// <summary>The sources, made exact around <see cref="Value"/> where that was possible.</summary>
    public IReadOnlyList<SourceFrontier> Sources { get; }

    /// <summary>Loads that sources can be asked for, up to this relative load, by <see cref="SourceFrontier.LeastRx"/>.</summary>
    public double ExactUpTo { get; private set; }

    /// <summary>What one VM alone loads some link to, whatever is chosen for it.</summary>
    private double Unavoidable(int vm)
    {
        int unit = _model.UnitOf[vm];
        double At(int d, long rx) => Relative(_model.Sources + d, _model.Background[_model.Sources + d] + rx);
        double least = double.PositiveInfinity;
        if (_model.CanPreCopy[vm])
        {
            long others = Sources[_model.Source[vm]].LeastLoad - (_model.CanPostCopy[vm] ? 0 : _model.Tx[vm]);
            least = Math.Max(_model.Allowed[unit].Min(d => At(d, 0)), Relative(_model.Source[vm], others + _model.Tx[vm]));
        }

        return _model.CanPostCopy[vm] ? Math.Min(least, _model.PostCopyDestinations[unit].Min(d => At(d, _model.Rx[vm]))) : least;
    }

    private double Relative(int link, long load) => load / (double)_model.Capacity[link];

    /// <summary>A relative load that every choice keeps.</summary>
    private double Ceiling()
    {
        double ceiling = 0;
        for (int link = 0; link < _model.Links; link++)
        {
            long all = link < _model.Sources
                ? Enumerable.Range(0, _model.VMs).Where(v => _model.Source[v] == link).Sum(v => _model.Tx[v])
                : _model.Rx.Sum();
            ceiling = Math.Max(ceiling, Relative(link, _model.Background[link] + all));
        }

        return ceiling;
    }

    /// <summary>Frontiers for a window above the relaxed bound; the next window where the bound is above that one.</summary>
    private void Tighten(CancellationToken cancellationToken)
    {
        double ceiling = Ceiling();
        double width = 0.02;
        while (true)
        {
            double low = Value;
            ExactUpTo = Math.Min(ceiling, low + width * Math.Max(low, ceiling / 1000));
            foreach (SourceFrontier source in Sources)
            {
                cancellationToken.ThrowIfCancellationRequested();
                source.Build(_model.MaxLoad(source.Source, low), _model.MaxLoad(source.Source, ExactUpTo), MaxStates);
            }

            if (Passes(ExactUpTo, exact: true))
            {
                Value = Bisect(low, ExactUpTo, exact: true);
                return;
            }

            Value = Math.BitIncrement(ExactUpTo);
            width *= 4;
        }
    }

    /// <summary>The least double between two, the second of which passes, that passes.</summary>
    private double Bisect(double low, double high, bool exact)
    {
        // Doubles that are not negative are ordered as their bits are.
        long failing = BitConverter.DoubleToInt64Bits(low) - 1;
        long passing = BitConverter.DoubleToInt64Bits(Math.Max(low, high));
        while (passing - failing > 1)
        {
            long middle = failing + (passing - failing) / 2;
            if (Passes(BitConverter.Int64BitsToDouble(middle), exact))
            {
                passing = middle;
            }
            else
            {
                failing = middle;
            }
        }

        return BitConverter.Int64BitsToDouble(passing);
    }

    private bool Passes(double limit, bool exact)
    {
        Int128 room = 0;
        for (int d = 0; d < _model.Destinations; d++)
        {
            int link = _model.Sources + d;
            room += Math.Min(Math.Max(0, _model.MaxLoad(link, limit) - _model.Background[link]), _rxWithin[d]);
        }

        long postCopies = 0;
        foreach (SourceFrontier source in Sources)
        {
            long maxLoad = _model.MaxLoad(source.Source, limit);
            long? rx = exact ? source.LeastRx(maxLoad) : source.LeastRxRelaxed(maxLoad);
            if (rx is null || source.LeastPostCopies(maxLoad) is not { } count)
            {
                return false;
            }

            room -= rx.Value;
            postCopies += count;
            if (room < 0 || postCopies > _model.MaxPostCopy)
            {
                return false;
            }
        }

        return true;
    }
}
