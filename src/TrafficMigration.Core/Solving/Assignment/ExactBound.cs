namespace TrafficMigration.Solving;

/// <summary>What a partial assignment can still become: a lower bound of the whole objective vector.</summary>
/// <remarks>
/// The VMs to come are those of a fixed order from a position on. Their sources are taken one by one, exactly
/// (<see cref="SourceFrontier"/>); what those must post-copy is poured into the destinations (<see cref="WaterFill"/>).
/// Loads afterwards and memory are poured likewise. Sorted vectors in lexicographic order are a multiset order, which
/// joining with another vector keeps; so sources and destinations may be bounded apart and sorted together.
/// </remarks>
internal sealed class ExactBound
{
    private const int MaxStates = 2_000;

    private readonly AssignmentModel _model;
    private readonly AssignmentObjective _objective;
    private readonly SourceFrontier[][] _toCome;
    private readonly long[] _maxLoad;
    private readonly double[] _capacities;
    private readonly double[] _levels;
    private readonly double[] _links;
    private readonly double _totalAfterwards;
    private readonly long _totalMemory;
    private readonly long _memoryStep;
    private readonly double[] _ones;
    private double _limit;

    /// <summary>Prepares the bound for one order of the VMs.</summary>
    public ExactBound(AssignmentModel model, AssignmentObjective objective, int[] order)
    {
        _model = model;
        _objective = objective;
        _toCome = [.. Enumerable.Range(0, order.Length + 1).Select(position => Enumerable.Range(0, model.Sources)
            .Select(s => new SourceFrontier(model, s, order.Skip(position).Where(v => model.Source[v] == s), 0)).ToArray())];
        foreach (SourceFrontier frontier in _toCome.SelectMany(f => f))
        {
            frontier.Build(-1, long.MaxValue / 4, MaxStates);
        }

        _maxLoad = new long[model.Links];
        _capacities = [.. model.Capacity.Skip(model.Sources).Select(c => (double)c)];
        _levels = new double[model.Destinations];
        _links = new double[model.Links];
        _totalAfterwards = Math.Max(
            model.Problem.Destinations.Sum(d => (double)d.BackgroundRx) + model.Rx.Sum(r => (double)r),
            model.Problem.Destinations.Sum(d => (double)d.BackgroundTx) + model.Tx.Sum(t => (double)t));
        _totalMemory = model.UnitMemory.Sum();
        _ones = [.. _capacities.Select(_ => 1.0)];

        // Memory comes in sizes that have much in common: whole steps are a sharper bound. Only where all links are alike.
        _memoryStep = _capacities.Distinct().Count() == 1 ? model.UnitMemory.Aggregate(0L, GreatestCommonDivisor) : 0;
    }

    /// <summary>Sets the worst relative load that is still of interest.</summary>
    public void Limit(double relativeLoad)
    {
        _limit = relativeLoad;
        for (int link = 0; link < _maxLoad.Length; link++)
        {
            _maxLoad[link] = _model.MaxLoad(link, relativeLoad);
        }
    }

    /// <summary>Whether a completion may keep the limit on every link, and the number of post-copies.</summary>
    /// <param name="state">The partial assignment.</param>
    /// <param name="position">Position in the order of the first VM to come.</param>
    /// <param name="rx">Least Rx that is still to be post-copied, bit/s.</param>
    /// <param name="postCopies">Least number of post-copies in the end.</param>
    public bool CanKeepLimit(AssignmentState state, int position, out long rx, out int postCopies)
    {
        rx = 0;
        postCopies = state.PostCopies;
        for (int s = 0; s < _model.Sources; s++)
        {
            SourceFrontier toCome = _toCome[position][s];
            long room = _maxLoad[s] - state.Load[s];
            if (room < 0 || toCome.LeastRx(room) is not { } least || toCome.LeastPostCopies(room) is not { } count)
            {
                return false;
            }

            rx += least;
            postCopies += count;
        }

        if (postCopies > _model.MaxPostCopy)
        {
            return false;
        }

        Int128 space = 0;
        for (int d = 0; d < _model.Destinations; d++)
        {
            long room = _maxLoad[_model.Sources + d] - state.Load[_model.Sources + d];
            if (room < 0 && state.IsUsed(d))
            {
                return false;
            }

            space += _model.TakesPostCopy(d) ? Math.Max(room, 0) : 0;
        }

        return rx <= space;
    }

    /// <summary>Compares the bound with a known vector: above 0 where no completion is as good, 0 where none is better.</summary>
    /// <param name="state">The partial assignment.</param>
    /// <param name="position">Position in the order of the first VM to come.</param>
    /// <param name="known">The vector of a known assignment.</param>
    public int CompareWith(AssignmentState state, int position, ReadOnlySpan<double> known)
    {
        if (!CanKeepLimit(state, position, out long rx, out int postCopies))
        {
            return 1;
        }

        int byCount = ((double)postCopies).CompareTo(known[_objective.CountAt]);
        if (_objective.WorstLimit is not null && byCount != 0)
        {
            return byCount;
        }

        FillLinks(state, position, rx);
        int byLoads = AssignmentObjective.Compare(_links, known.Slice(_objective.LinksAt, _model.Links));
        if (byLoads != 0 || byCount != 0)
        {
            return byLoads != 0 ? byLoads : byCount;
        }

        FillAfterwards(state);
        int byAfterwards = AssignmentObjective.Compare(_levels, known.Slice(_objective.AfterwardsAt, _model.Destinations));
        if (byAfterwards != 0)
        {
            return byAfterwards;
        }

        FillMemory(state);
        return AssignmentObjective.Compare(_levels, known[(_objective.AfterwardsAt + _model.Destinations)..]);
    }

    private void FillLinks(AssignmentState state, int position, long rx)
    {
        for (int d = 0; d < _model.Destinations; d++)
        {
            // What the limit rules out takes nothing: it counts only where it is used already.
            double load = state.Load[_model.Sources + d] / _capacities[d];
            _levels[d] = _model.TakesPostCopy(d) && load <= _limit ? load : double.PositiveInfinity;
        }

        double level = WaterFill.Level(_levels, _capacities, rx);
        for (int s = 0; s < _model.Sources; s++)
        {
            _links[s] = (state.Load[s] + _toCome[position][s].LeastLoad) / (double)_model.Capacity[s];
        }

        for (int d = 0; d < _model.Destinations; d++)
        {
            double now = state.RelativeLoad(_model.Sources + d);
            _links[_model.Sources + d] = _levels[d] < level ? level : now;
        }

        AssignmentObjective.SortDescending(_links);
    }

    private void FillAfterwards(AssignmentState state)
    {
        double held = 0;
        bool inSteps = true;
        bool inBits = true;
        for (int d = 0; d < _model.Destinations; d++)
        {
            _levels[d] = state.LoadAfterwards(d);
            held += _levels[d] * _capacities[d];
            inSteps &= _capacities[d] > 1;
            inBits &= _capacities[d] <= 1;
        }

        if (inSteps)
        {
            WaterFill.RaiseInSteps(_levels, _capacities, _totalAfterwards * 100);
        }
        else if (inBits)
        {
            Raise(WaterFill.Level(_levels, _capacities, _totalAfterwards - held));
        }

        AssignmentObjective.SortDescending(_levels);
    }

    private void FillMemory(AssignmentState state)
    {
        if (_memoryStep > 0)
        {
            for (int d = 0; d < _model.Destinations; d++)
            {
                _levels[d] = state.Memory[d] / _memoryStep;
            }

            WaterFill.RaiseInSteps(_levels, _ones, _totalMemory / _memoryStep);
            for (int d = 0; d < _model.Destinations; d++)
            {
                _levels[d] = _levels[d] * _memoryStep / _capacities[0];
            }
        }
        else
        {
            long toCome = _totalMemory;
            for (int d = 0; d < _model.Destinations; d++)
            {
                _levels[d] = state.RelativeMemory(d);
                toCome -= state.Memory[d];
            }

            Raise(WaterFill.Level(_levels, _capacities, toCome));
        }

        AssignmentObjective.SortDescending(_levels);
    }

    private static long GreatestCommonDivisor(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }

    private void Raise(double level)
    {
        for (int d = 0; d < _levels.Length; d++)
        {
            _levels[d] = Math.Max(_levels[d], level);
        }
    }
}
