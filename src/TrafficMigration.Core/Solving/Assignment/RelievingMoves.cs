namespace TrafficMigration.Solving;

/// <summary>The moves of one or two VMs that relieve a link: the one that leaves the least worst load on the links it touches.</summary>
internal sealed class RelievingMoves
{
    private readonly AssignmentModel _model;
    private readonly AssignmentObjective _objective;
    private readonly AssignmentState _state;
    private readonly MoveTrial _trial;
    private readonly int[][] _vmsOf;
    private readonly List<int>[] _postCopiedTo;
    private Move? _best;
    private double _bestWorst;

    /// <summary>Prepares a search.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="objective">What is wanted.</param>
    /// <param name="trial">The complete state that moves are for; it is the same afterwards.</param>
    public RelievingMoves(AssignmentModel model, AssignmentObjective objective, MoveTrial trial)
    {
        _model = model;
        _objective = objective;
        _state = trial.State;
        _trial = trial;
        _vmsOf = [.. Enumerable.Range(0, model.Sources).Select(s => Enumerable.Range(0, model.VMs).Where(v => model.Source[v] == s).ToArray())];
        _postCopiedTo = [.. Enumerable.Range(0, model.Destinations).Select(_ => new List<int>())];
    }

    /// <summary>How many moves were looked at so far, roughly.</summary>
    public long Looks { get; private set; }

    /// <summary>The best allowed move; <see langword="null"/> where none relieves the link without loading another one as much.</summary>
    /// <param name="link">The link.</param>
    public Move? Best(int link)
    {
        ListPostCopied();
        _best = null;
        _bestWorst = _state.RelativeLoad(link);
        if (link < _model.Sources)
        {
            LookAtSource(link);
        }
        else
        {
            LookAtDestination(link - _model.Sources);
        }

        return _best;
    }

    private void ListPostCopied()
    {
        foreach (List<int> list in _postCopiedTo)
        {
            list.Clear();
        }

        for (int vm = 0; vm < _model.VMs; vm++)
        {
            if (_state.TechniqueOf[vm] == Technique.PostCopy)
            {
                _postCopiedTo[DestinationOf(vm)].Add(vm);
            }
        }
    }

    /// <summary>Moves that relieve a source: a VM of it becomes post-copied, alone or while another one makes place for it.</summary>
    private void LookAtSource(int source)
    {
        foreach (int vm in _vmsOf[source])
        {
            if (_state.TechniqueOf[vm] == Technique.PostCopy || !_model.CanPostCopy[vm] || _model.Tx[vm] == 0)
            {
                continue;
            }

            double left = After(source, -_model.Tx[vm]);
            if (left >= _bestWorst)
            {
                continue;
            }

            foreach (int d in DestinationsFor(vm))
            {
                Looks++;
                int link = _model.Sources + d;
                Look(Math.Max(left, After(link, _model.Rx[vm])), new Move(vm, Technique.PostCopy, d));
                LookAtPlaceMakers(vm, source, left, d);
            }

            foreach (int other in _vmsOf[source])
            {
                if (_state.TechniqueOf[other] == Technique.PreCopy || !_model.CanPreCopy[other] || _model.Tx[other] >= _model.Tx[vm])
                {
                    continue;
                }

                double leftOfBoth = After(source, _model.Tx[other] - _model.Tx[vm]);
                foreach (int d in DestinationsFor(vm))
                {
                    Looks++;
                    int there = DestinationOf(other);
                    long added = _model.Rx[vm] - (there == d ? _model.Rx[other] : 0);
                    Look(
                        Math.Max(leftOfBoth, After(_model.Sources + d, added)),
                        new Move(vm, Technique.PostCopy, d, other, Technique.PreCopy, there));
                }
            }
        }
    }

    /// <summary>A VM of a source becomes post-copied to a destination where another one becomes pre-copied or leaves.</summary>
    private void LookAtPlaceMakers(int vm, int source, double left, int destination)
    {
        int link = _model.Sources + destination;
        foreach (int other in _postCopiedTo[destination])
        {
            Looks++;
            double there = After(link, _model.Rx[vm] - _model.Rx[other]);
            if (other == vm || there >= _bestWorst)
            {
                continue;
            }

            int otherSource = _model.Source[other];
            if (_model.CanPreCopy[other] && otherSource != source)
            {
                Look(
                    Math.Max(Math.Max(left, there), After(otherSource, _model.Tx[other])),
                    new Move(vm, Technique.PostCopy, destination, other, Technique.PreCopy, destination));
            }

            foreach (int d in DestinationsFor(other))
            {
                if (d != destination)
                {
                    Look(
                        Math.Max(Math.Max(left, there), After(_model.Sources + d, _model.Rx[other])),
                        new Move(vm, Technique.PostCopy, destination, other, Technique.PostCopy, d));
                }
            }
        }
    }

    /// <summary>Moves that relieve a destination: a unit leaves it, alone or in exchange, or a VM becomes pre-copied, alone or in exchange.</summary>
    private void LookAtDestination(int destination)
    {
        int link = _model.Sources + destination;
        foreach (int vm in _postCopiedTo[destination])
        {
            int unit = _model.UnitOf[vm];
            long rx = _state.PostCopyRx[unit];
            if (_model.Rx[vm] == 0 || After(link, -rx) >= _bestWorst)
            {
                continue;
            }

            foreach (int d in _model.Allowed[unit])
            {
                if (d == destination || !_model.TakesPostCopy(d))
                {
                    continue;
                }

                Looks++;
                Look(Math.Max(After(link, -rx), After(_model.Sources + d, rx)), new Move(vm, Technique.PostCopy, d));
                LookAtExchanges(vm, unit, destination, d);
            }

            if (_model.CanPreCopy[vm])
            {
                LookAtPreCopy(vm, destination);
            }
        }
    }

    private void LookAtExchanges(int vm, int unit, int from, int to)
    {
        (int fromLink, int toLink) = (_model.Sources + from, _model.Sources + to);
        long rx = _state.PostCopyRx[unit];
        double left = After(fromLink, -rx);
        foreach (int other in _postCopiedTo[to])
        {
            Looks++;
            int otherUnit = _model.UnitOf[other];
            long otherRx = _state.PostCopyRx[otherUnit];
            double there = After(toLink, rx - otherRx);
            if (otherRx < rx && there < _bestWorst)
            {
                Look(
                    Math.Max(After(fromLink, otherRx - rx), there),
                    new Move(vm, Technique.PostCopy, to, other, Technique.PostCopy, from));
            }

            if (_model.CanPreCopy[other])
            {
                Look(
                    Math.Max(Math.Max(left, After(toLink, rx - _model.Rx[other])), After(_model.Source[other], _model.Tx[other])),
                    new Move(vm, Technique.PostCopy, to, other, Technique.PreCopy, to));
            }
        }
    }

    private void LookAtPreCopy(int vm, int destination)
    {
        int link = _model.Sources + destination;
        int source = _model.Source[vm];
        double left = After(link, -_model.Rx[vm]);
        Look(Math.Max(left, After(source, _model.Tx[vm])), new Move(vm, Technique.PreCopy, destination));
        foreach (int other in _vmsOf[source])
        {
            double atSource = After(source, _model.Tx[vm] - _model.Tx[other]);
            if (_state.TechniqueOf[other] == Technique.PostCopy || !_model.CanPostCopy[other] || atSource >= _bestWorst)
            {
                continue;
            }

            foreach (int d in DestinationsFor(other))
            {
                Looks++;
                double there = d == destination
                    ? After(link, _model.Rx[other] - _model.Rx[vm])
                    : Math.Max(left, After(_model.Sources + d, _model.Rx[other]));
                Look(Math.Max(atSource, there), new Move(vm, Technique.PreCopy, destination, other, Technique.PostCopy, d));
            }
        }
    }

    /// <summary>Keeps a move if it is the best so far and allowed.</summary>
    private void Look(double worst, Move move)
    {
        if (worst >= _bestWorst)
        {
            return;
        }

        if (_objective.WorstLimit is not null && move.TechniqueA == Technique.PostCopy && move.B < 0
            && _state.TechniqueOf[move.A] == Technique.PreCopy)
        {
            return;
        }

        _trial.Begin();
        if (_trial.Apply(move))
        {
            _trial.Undo();
            _best = move;
            _bestWorst = worst;
        }
    }

    /// <summary>Where a VM may go to be post-copied: a VM that others go with stays where they are.</summary>
    private int[] DestinationsFor(int vm)
    {
        int unit = _model.UnitOf[vm];
        return _model.Members[unit].Length == 1 ? _model.PostCopyDestinations[unit]
            : _model.TakesPostCopy(_state.DestinationOf[unit]) ? [_state.DestinationOf[unit]] : [];
    }

    private int DestinationOf(int vm) => _state.DestinationOf[_model.UnitOf[vm]];

    private double After(int link, long change) => (_state.Load[link] + change) / (double)_model.Capacity[link];
}
