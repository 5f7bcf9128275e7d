namespace TrafficMigration.Solving;

/// <summary>Finds destinations where the techniques are chosen.</summary>
/// <remarks>
/// The post-copied first, by falling Rx, each to where the link is then least loaded (the greedy rule of Graham 1969);
/// then the pre-copied, the largest first, to destinations that are used anyway, to where the load afterwards is least.
/// A unit that fits nowhere may push another one away.
/// </remarks>
internal sealed class AssignmentPacking
{
    private readonly AssignmentModel _model;
    private readonly AssignmentState _state;

    private AssignmentPacking(AssignmentModel model)
    {
        _model = model;
        _state = new AssignmentState(model);
    }

    /// <summary>Packs.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="postCopied">By VM: whether it is to be post-copied; not obeyed where that is not allowed or does not fit.</param>
    /// <returns>A complete state that obeys every constraint; <see langword="null"/> where none was found.</returns>
    public static AssignmentState? TryPack(AssignmentModel model, bool[] postCopied)
    {
        var packing = new AssignmentPacking(model);
        packing.ChooseTechniques(postCopied);
        return packing.PlaceAll() ? packing._state : null;
    }

    /// <summary>The same with the destinations given, which must obey every constraint.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="postCopied">By VM: whether it is to be post-copied.</param>
    /// <param name="unitDestinations">By unit: its destination.</param>
    public static AssignmentState At(AssignmentModel model, bool[] postCopied, int[] unitDestinations)
    {
        var packing = new AssignmentPacking(model);
        packing.ChooseTechniques(postCopied);
        for (int unit = 0; unit < model.Units; unit++)
        {
            if (!model.TakesPostCopy(unitDestinations[unit]))
            {
                packing.PreCopy(unit);
            }

            packing._state.Place(unit, unitDestinations[unit]);
        }

        return packing._state;
    }

    private void ChooseTechniques(bool[] postCopied)
    {
        for (int vm = 0; vm < _model.VMs; vm++)
        {
            bool post = _model.CanPostCopy[vm] && (postCopied[vm] || !_model.CanPreCopy[vm]);
            _state.Choose(vm, post ? Technique.PostCopy : Technique.PreCopy);
        }

        // Too many: those that load their source least go back.
        foreach (int vm in Enumerable.Range(0, _model.VMs)
            .Where(v => _model.CanPreCopy[v] && _state.TechniqueOf[v] == Technique.PostCopy).OrderBy(v => _model.Tx[v]))
        {
            if (_state.PostCopies <= _model.MaxPostCopy)
            {
                break;
            }

            _state.Choose(vm, Technique.PreCopy);
        }
    }

    private bool PlaceAll()
    {
        int[] order = [.. Enumerable.Range(0, _model.Units)
            .OrderByDescending(u => _model.Allowed[u].Length == 1)
            .ThenByDescending(u => _state.PostCopyRx[u])
            .ThenByDescending(u => _model.UnitMemory[u])
            .ThenByDescending(u => _model.UnitVCpus[u])];
        return order.All(u => TryPlace(u) || TryPushAway(u) || (PreCopy(u) && (TryPlace(u) || TryPushAway(u))));
    }

    private bool TryPlace(int unit)
    {
        int best = BestFor(unit, except: -1);
        if (best >= 0)
        {
            _state.Place(unit, best);
        }

        return best >= 0;
    }

    private int BestFor(int unit, int except)
    {
        int best = -1;
        (double Link, double Afterwards, double Memory) least = default;
        foreach (int d in _model.Allowed[unit])
        {
            if (d == except || !_state.Fits(unit, d))
            {
                continue;
            }

            int link = _model.Sources + d;
            double capacity = _model.Capacity[link];
            bool loads = _state.PostCopyRx[unit] > 0 || !_state.IsUsed(d);
            var key = (
                loads ? (_state.Load[link] + _state.PostCopyRx[unit]) / capacity : 0,
                Math.Max(_state.RxAfterwards[d], _state.TxAfterwards[d]) / capacity,
                _state.RelativeMemory(d));
            if (best < 0 || key.CompareTo(least) < 0)
            {
                (best, least) = (d, key);
            }
        }

        return best;
    }

    /// <summary>Places a unit where one that is there already can go elsewhere.</summary>
    private bool TryPushAway(int unit)
    {
        foreach (int d in _model.Allowed[unit])
        {
            for (int other = 0; other < _model.Units; other++)
            {
                if (_state.DestinationOf[other] != d)
                {
                    continue;
                }

                _state.Remove(other);
                int elsewhere = _state.Fits(unit, d) ? BestFor(other, d) : -1;
                if (elsewhere >= 0)
                {
                    _state.Place(unit, d);
                    _state.Place(other, elsewhere);
                    return true;
                }

                _state.Place(other, d);
            }
        }

        return false;
    }

    /// <summary>Pre-copies what may be of a unit; true, so that it can be part of a condition.</summary>
    private bool PreCopy(int unit)
    {
        foreach (int vm in _model.Members[unit].Where(v => _model.CanPreCopy[v]))
        {
            _state.Choose(vm, Technique.PreCopy);
        }

        return true;
    }
}
