namespace TrafficMigration.Solving;

/// <summary>Improves what an assignment owes to the lesser objectives: fewer post-copies, load afterwards, incoming memory.</summary>
internal sealed class LocalPolish
{
    private readonly AssignmentModel _model;
    private readonly AssignmentState _state;
    private readonly AssignmentObjective _objective;
    private readonly MoveTrial _trial;
    private readonly CancellationToken _cancellationToken;
    private long _looks;

    /// <summary>Prepares a search.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="state">A complete state that obeys every constraint; it is changed.</param>
    /// <param name="objective">What is wanted.</param>
    /// <param name="maxLooks">How many moves may be tried.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public LocalPolish(
        AssignmentModel model, AssignmentState state, AssignmentObjective objective, long maxLooks, CancellationToken cancellationToken)
    {
        _model = model;
        _state = state;
        _objective = objective;
        _trial = new MoveTrial(model, state, objective);
        _looks = maxLooks;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Pre-copies VMs whose post-copy is of no use; whether any was.</summary>
    public bool PreCopyMore()
    {
        bool any = false;
        foreach (int vm in PostCopied().OrderBy(v => _model.Tx[v]).ToArray())
        {
            any |= Try(Flip(vm, Technique.PreCopy));
        }

        return any;
    }

    /// <summary>Pre-copies two VMs of a source in exchange for one; whether any were. For objectives where fewer post-copies come first.</summary>
    public bool PreCopyTwoForOne()
    {
        bool any = false;
        for (int source = 0; source < _model.Sources; source++)
        {
            int[] post = [.. PostCopied().Where(v => _model.Source[v] == source).OrderBy(v => _model.Tx[v])];
            int[] pre = [.. Enumerable.Range(0, _model.VMs).Where(v => _model.Source[v] == source && _model.CanPostCopy[v]
                && _state.TechniqueOf[v] == Technique.PreCopy).OrderByDescending(v => _model.Tx[v])];
            foreach (int vm in pre)
            {
                if (PreCopyTwoFor(vm, post))
                {
                    any = true;
                    post = [.. post.Where(v => _state.TechniqueOf[v] == Technique.PostCopy)];
                }
            }
        }

        return any;
    }

    /// <summary>Moves and exchanges units for a better load afterwards and less memory at a time, links' loads being no worse.</summary>
    public void Arrange()
    {
        bool improved = true;
        while (improved && _looks > 0)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            improved = false;

            // A post-copied unit loads a link; where it could go as well was settled by the loads.
            int[] units = [.. Enumerable.Range(0, _model.Units).Where(u => _state.PostCopyRx[u] == 0)
                .OrderByDescending(u => _state.LoadAfterwards(_state.DestinationOf[u])).ThenByDescending(u => _model.UnitMemory[u])];
            for (int i = 0; i < units.Length && _looks > 0; i++)
            {
                improved |= MoveElsewhere(units[i]);
                for (int j = i + 1; j < units.Length; j++)
                {
                    improved |= Exchange(units[i], units[j]);
                }
            }
        }
    }

    private IEnumerable<int> PostCopied() =>
        Enumerable.Range(0, _model.VMs).Where(v => _model.CanPreCopy[v] && _state.TechniqueOf[v] == Technique.PostCopy);

    private bool PreCopyTwoFor(int vm, int[] post)
    {
        int source = _model.Source[vm];
        double limit = _objective.WorstLimit ?? double.PositiveInfinity;
        double After(int link, long change) => (_state.Load[link] + change) / (double)_model.Capacity[link];
        int[] destinations = [.. _model.PostCopyDestinations[_model.UnitOf[vm]].Where(d => After(_model.Sources + d, 0) <= limit)];
        for (int i = 0; i < post.Length; i++)
        {
            for (int j = i + 1; j < post.Length && _looks > 0; j++)
            {
                // By rising Tx: where these two are too much, all later ones are.
                _looks--;
                if (After(source, _model.Tx[post[i]] + _model.Tx[post[j]] - _model.Tx[vm]) > limit)
                {
                    break;
                }

                foreach (int d in destinations)
                {
                    _looks--;
                    if (After(_model.Sources + d, _model.Rx[vm]) > limit
                        && DestinationOf(post[i]) != d && DestinationOf(post[j]) != d)
                    {
                        continue;
                    }

                    _trial.Begin();
                    _trial.Choose(post[i], Technique.PreCopy);
                    _trial.Choose(post[j], Technique.PreCopy);
                    if (KeepIfBetter(_trial.Apply(new Move(vm, Technique.PostCopy, d))))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    private bool MoveElsewhere(int unit)
    {
        bool any = false;
        foreach (int d in _model.Allowed[unit])
        {
            if (d != _state.DestinationOf[unit])
            {
                int vm = _model.Members[unit][0];
                any |= Try(new Move(vm, _state.TechniqueOf[vm]!.Value, d));
            }
        }

        return any;
    }

    private bool Exchange(int unit, int other)
    {
        (int a, int b) = (_state.DestinationOf[unit], _state.DestinationOf[other]);
        if (a == b || !_model.AllowedMask[unit][b] || !_model.AllowedMask[other][a])
        {
            return false;
        }

        (int vm, int otherVM) = (_model.Members[unit][0], _model.Members[other][0]);
        return Try(new Move(vm, _state.TechniqueOf[vm]!.Value, b, otherVM, _state.TechniqueOf[otherVM]!.Value, a));
    }

    private int DestinationOf(int vm) => _state.DestinationOf[_model.UnitOf[vm]];

    private Move Flip(int vm, Technique technique) => new(vm, technique, DestinationOf(vm));

    private bool Try(Move move)
    {
        _looks--;
        _trial.Begin();
        return KeepIfBetter(_trial.Apply(move));
    }

    private bool KeepIfBetter(bool isAllowed)
    {
        if (isAllowed && _trial.IsBetter())
        {
            _trial.Begin();
            return true;
        }

        _trial.Undo();
        return false;
    }
}
