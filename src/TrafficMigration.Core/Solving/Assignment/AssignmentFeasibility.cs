namespace TrafficMigration.Solving;

/// <summary>Whether VMs can be given destinations at all.</summary>
internal enum Feasibility
{
    /// <summary>They can.</summary>
    Possible,

    /// <summary>It is proven that they cannot.</summary>
    Impossible,

    /// <summary>The search ended before either was found.</summary>
    Unknown,
}

/// <summary>
/// Decides whether destinations can be assigned that obey room, Separate and Together groups, allowed destinations and
/// post-copy where it is the only technique. Loads do not matter here.
/// </summary>
/// <remarks>
/// Backtracking over units; of empty destinations that are alike only one is tried. In three ways, as one of them soon
/// succeeds or fails where the others would not: units with one destination left, then the largest, each to where it
/// leaves the least room (best fit decreasing, for scarce room); the same to where it leaves the most (for Separate
/// groups, whose last ones find each other in all that is left otherwise); and units with the fewest destinations
/// left first (for allowed destinations).
/// </remarks>
internal sealed class AssignmentFeasibility
{
    // Looks at one destination for one unit, each way; a quarter of a second or so.
    private const long MaxLooks = 20_000_000;

    private readonly AssignmentModel _model;
    private readonly CancellationToken _cancellationToken;
    private readonly AssignmentState _state;
    private readonly int[] _twin;
    private readonly double _mostMemory;
    private readonly double _mostVCpus;
    private readonly double[] _size;
    private readonly List<int> _open;
    private readonly int _few;
    private readonly int _roomSign;
    private long _looks;

    /// <param name="model">The problem.</param>
    /// <param name="few">Units with so many destinations left or fewer go before larger ones.</param>
    /// <param name="roomiest">Whether the destination with the most room is tried first, not that with the least.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    private AssignmentFeasibility(AssignmentModel model, int few, bool roomiest, CancellationToken cancellationToken)
    {
        _model = model;
        _few = few;
        _roomSign = roomiest ? -1 : 1;
        _cancellationToken = cancellationToken;
        _state = new AssignmentState(model);
        _mostMemory = model.FreeMemory.Append(1).Max();
        _mostVCpus = model.FreeVCpus.Append(1).Max();
        _twin = [.. Enumerable.Range(0, model.Destinations).Select(Twin)];
        _size = [.. Enumerable.Range(0, model.Units).Select(Size)];
        _open = [.. Enumerable.Range(0, model.Units)];
    }

    /// <summary>Decides.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The answer; where it is possible, one destination a VM too.</returns>
    public static (Feasibility Answer, IReadOnlyList<int>? Destinations) Decide(
        AssignmentProblem problem, CancellationToken cancellationToken = default)
    {
        var model = new AssignmentModel(problem);
        (Feasibility answer, int[]? units) = Decide(model, cancellationToken);
        return (answer, units is null ? null : [.. model.UnitOf.Select(u => units[u])]);
    }

    /// <summary>The same by units.</summary>
    public static (Feasibility Answer, int[]? UnitDestinations) Decide(AssignmentModel model, CancellationToken cancellationToken)
    {
        if (model.IsContradictory || model.GroupUnits.Any(g => !CanBeApart(model, g)))
        {
            return (Feasibility.Impossible, null);
        }

        foreach ((int few, bool roomiest) in new[] { (1, false), (1, true), (model.Destinations, false) })
        {
            var search = new AssignmentFeasibility(model, few, roomiest, cancellationToken);
            if ((search.HasRoomInTotal() ? search.Search() : false) is { } found)
            {
                return found ? (Feasibility.Possible, search._state.DestinationOf) : (Feasibility.Impossible, null);
            }
        }

        return (Feasibility.Unknown, null);
    }

    /// <summary>Whether one Separate group alone can be had: a matching of its units with destinations (augmenting paths).</summary>
    private static bool CanBeApart(AssignmentModel model, int[] units)
    {
        int[] taker = new int[model.Destinations];
        Array.Fill(taker, -1);
        bool Augment(int unit, bool[] seen)
        {
            foreach (int d in model.Allowed[unit])
            {
                if (!seen[d])
                {
                    seen[d] = true;
                    if (taker[d] < 0 || Augment(taker[d], seen))
                    {
                        taker[d] = unit;
                        return true;
                    }
                }
            }

            return false;
        }

        return units.All(unit => Augment(unit, new bool[model.Destinations]));
    }

    private bool? Search()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_open.Count == 0)
        {
            return true;
        }

        int at = MostConstrained();
        int unit = _open[at];
        int[] candidates = [.. _model.Allowed[unit].Where(d => _state.Fits(unit, d) && !HasEarlierTwin(d)).OrderBy(d => _roomSign * RoomLeft(d))];
        if (candidates.Length == 0)
        {
            return false;
        }

        _open[at] = _open[^1];
        _open.RemoveAt(_open.Count - 1);
        foreach (int d in candidates)
        {
            _state.Place(unit, d);
            if (HasRoomInTotal() && Search() is not false and var found)
            {
                return found;
            }

            _state.Remove(unit);
            if (_looks > MaxLooks)
            {
                return null;
            }
        }

        _open.Add(unit);
        (_open[at], _open[^1]) = (_open[^1], _open[at]);
        return false;
    }

    /// <summary>Where in the open units the next one is: that with the fewest destinations left, if they are few; then the largest, then the first.</summary>
    private int MostConstrained()
    {
        int best = 0;
        (int Left, double Size, int Unit) least = default;
        for (int i = 0; i < _open.Count; i++)
        {
            int unit = _open[i];
            int left = 0;
            foreach (int d in _model.Allowed[unit])
            {
                _looks++;
                if (_state.Fits(unit, d) && ++left > _few)
                {
                    break;
                }
            }

            var key = (left, -_size[unit], unit);
            if (i == 0 || key.CompareTo(least) < 0)
            {
                (best, least) = (i, key);
            }
        }

        return best;
    }

    /// <summary>Whether what is open fits the room that is left, all destinations taken as one.</summary>
    private bool HasRoomInTotal()
    {
        Int128 memory = 0;
        Int128 vCpus = 0;
        for (int d = 0; d < _model.Destinations; d++)
        {
            memory += _state.MemoryLeft(d);
            vCpus += _state.VCpusLeft(d);
        }

        foreach (int unit in _open)
        {
            if (_state.DestinationOf[unit] < 0)
            {
                memory -= _model.UnitMemory[unit];
                vCpus -= _model.UnitVCpus[unit];
            }
        }

        return memory >= 0 && vCpus >= 0;
    }

    private bool HasEarlierTwin(int destination)
    {
        if (_state.IsUsed(destination))
        {
            return false;
        }

        int twin = _twin[destination];
        while (twin >= 0 && _state.IsUsed(twin))
        {
            twin = _twin[twin];
        }

        return twin >= 0;
    }

    /// <summary>The last destination before this one that is the same to every unit; -1 if there is none.</summary>
    private int Twin(int destination)
    {
        int twin = destination - 1;
        while (twin >= 0 && !(_model.FreeMemory[twin] == _model.FreeMemory[destination]
            && _model.FreeVCpus[twin] == _model.FreeVCpus[destination]
            && _model.AllowedMask.All(allowed => allowed[twin] == allowed[destination])))
        {
            twin--;
        }

        return twin;
    }

    /// <summary>A unit's share of the largest room, in memory or virtual processors, whichever is more.</summary>
    private double Size(int unit) => Math.Max(_model.UnitMemory[unit] / _mostMemory, _model.UnitVCpus[unit] / _mostVCpus);

    private double RoomLeft(int destination) =>
        Math.Min(_state.MemoryLeft(destination) / _mostMemory, _state.VCpusLeft(destination) / _mostVCpus);
}
