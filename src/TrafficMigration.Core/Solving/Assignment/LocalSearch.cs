namespace TrafficMigration.Solving;

/// <summary>Improves an assignment until no small change does, or a number of looks is used up.</summary>
/// <remarks>
/// Links are relieved from the worst down. For one link all moves of one VM and of two VMs that relieve it are looked
/// at; the one that leaves the least worst load on the links it touches is made. Every touched link is then below what
/// the relieved one was, so the sorted loads get lexicographically smaller with every move, and the search ends.
/// </remarks>
internal sealed class LocalSearch
{
    private readonly AssignmentModel _model;
    private readonly AssignmentState _state;
    private readonly MoveTrial _trial;
    private readonly CancellationToken _cancellationToken;
    private readonly RelievingMoves _moves;
    private readonly long _maxLooks;
    private long _looks;

    /// <summary>Prepares a search.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="state">A complete state that obeys every constraint; it is changed.</param>
    /// <param name="objective">What is wanted.</param>
    /// <param name="maxLooks">How many moves may be looked at, roughly.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public LocalSearch(
        AssignmentModel model, AssignmentState state, AssignmentObjective objective, long maxLooks, CancellationToken cancellationToken)
    {
        _model = model;
        _state = state;
        _trial = new MoveTrial(model, state, objective);
        _moves = new RelievingMoves(model, objective, _trial);
        _maxLooks = maxLooks;
        _cancellationToken = cancellationToken;
    }

    /// <summary>How many moves may still be looked at.</summary>
    public long LooksLeft => _maxLooks - _looks - _moves.Looks;

    /// <summary>Relieves links until none can be, or nothing is left to look with.</summary>
    public void RelieveLinks()
    {
        bool improved = true;
        while (improved && LooksLeft > 0)
        {
            improved = false;
            foreach (int link in Enumerable.Range(0, _model.Links).OrderByDescending(_state.RelativeLoad).ToArray())
            {
                while (LooksLeft > 0 && Relieve(link))
                {
                    improved = true;
                }
            }
        }
    }

    private bool Relieve(int link)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_state.RelativeLoad(link) == 0)
        {
            return false;
        }

        if (_moves.Best(link) is { } move)
        {
            _trial.Begin();
            bool isBetter = _trial.Apply(move) && _trial.IsBetter();
            if (isBetter)
            {
                _trial.Begin();
                return true;
            }

            _trial.Undo();
        }

        return link >= _model.Sources && Empty(link - _model.Sources);
    }

    /// <summary>Sends all units of a destination to others that are used anyway, so that its background does not count any more.</summary>
    private bool Empty(int destination)
    {
        _trial.Begin();
        int[] units = [.. Enumerable.Range(0, _model.Units).Where(u => _state.DestinationOf[u] == destination)
            .OrderByDescending(u => _state.PostCopyRx[u]).ThenByDescending(u => _model.UnitMemory[u])];
        foreach (int unit in units)
        {
            _trial.Remove(unit);
            int best = -1;
            double least = double.PositiveInfinity;
            foreach (int d in _model.Allowed[unit])
            {
                _looks++;
                double load = (_state.Load[_model.Sources + d] + _state.PostCopyRx[unit]) / (double)_model.Capacity[_model.Sources + d];
                if (d != destination && _state.IsUsed(d) && load < least && _state.Fits(unit, d))
                {
                    (best, least) = (d, load);
                }
            }

            if (best < 0 || !_trial.Place(unit, best))
            {
                _trial.Undo();
                return false;
            }
        }

        if (_trial.IsBetter())
        {
            _trial.Begin();
            return true;
        }

        _trial.Undo();
        return false;
    }
}
