namespace TrafficMigration.Solving;

/// <summary>Changes a complete state on trial: what was touched can be compared with what it was, and taken back.</summary>
/// <remarks>
/// Links that are not touched are the same before and after, and a sorted vector compares as its differing elements do;
/// so only the touched ones are sorted and compared.
/// </remarks>
internal sealed class MoveTrial
{
    private readonly AssignmentModel _model;
    private readonly AssignmentObjective _objective;
    private readonly List<Step> _steps = [];
    private readonly List<int> _links = [];
    private readonly bool[] _isTouched;
    private readonly double[] _loadBefore;
    private readonly double[] _afterwardsBefore;
    private readonly double[] _memoryBefore;
    private readonly double[] _old;
    private readonly double[] _new;
    private int _postCopiesBefore;

    /// <summary>Tries moves on a state.</summary>
    public MoveTrial(AssignmentModel model, AssignmentState state, AssignmentObjective objective)
    {
        _model = model;
        _objective = objective;
        State = state;
        _isTouched = new bool[model.Links];
        _loadBefore = new double[model.Links];
        _afterwardsBefore = new double[model.Destinations];
        _memoryBefore = new double[model.Destinations];
        _old = new double[model.Links];
        _new = new double[model.Links];
        Begin();
    }

    /// <summary>The state that is changed.</summary>
    public AssignmentState State { get; }

    /// <summary>What was done since the last time stays.</summary>
    public void Begin()
    {
        foreach (int link in _links)
        {
            _isTouched[link] = false;
        }

        _links.Clear();
        _steps.Clear();
        _postCopiesBefore = State.PostCopies;
    }

    /// <summary>Takes everything back since <see cref="Begin"/>.</summary>
    public void Undo()
    {
        for (int i = _steps.Count - 1; i >= 0; i--)
        {
            Step step = _steps[i];
            if (step.VM >= 0)
            {
                State.Choose(step.VM, step.Technique);
            }
            else if (step.Destination >= 0)
            {
                State.Place(step.Unit, step.Destination);
            }
            else
            {
                State.Remove(step.Unit);
            }
        }

        Begin();
    }

    /// <summary>Gives a VM another technique; whether its destination takes it is the caller's business.</summary>
    public void Choose(int vm, Technique technique)
    {
        int destination = State.DestinationOf[_model.UnitOf[vm]];
        Touch(_model.Source[vm]);
        if (destination >= 0)
        {
            Touch(_model.Sources + destination);
        }

        _steps.Add(new Step(vm, State.TechniqueOf[vm], -1, -1));
        State.Choose(vm, technique);
    }

    /// <summary>Takes a unit away.</summary>
    public void Remove(int unit)
    {
        int destination = State.DestinationOf[unit];
        Touch(_model.Sources + destination);
        _steps.Add(new Step(-1, null, unit, destination));
        State.Remove(unit);
    }

    /// <summary>Places a unit if it fits.</summary>
    public bool Place(int unit, int destination)
    {
        if (!State.Fits(unit, destination))
        {
            return false;
        }

        Touch(_model.Sources + destination);
        _steps.Add(new Step(-1, null, unit, -1));
        State.Place(unit, destination);
        return true;
    }

    /// <summary>Gives one or two VMs (and their units) new techniques and destinations; takes everything back where that is not allowed.</summary>
    public bool Apply(Move move)
    {
        (int a, int b) = (_model.UnitOf[move.A], move.B < 0 ? -1 : _model.UnitOf[move.B]);
        bool movesA = State.DestinationOf[a] != move.DestinationA;
        bool movesB = b >= 0 && b != a && State.DestinationOf[b] != move.DestinationB;
        if (movesA)
        {
            Remove(a);
        }

        if (movesB)
        {
            Remove(b);
        }

        Choose(move.A, move.TechniqueA);
        if (b >= 0)
        {
            Choose(move.B, move.TechniqueB);
        }

        bool isAllowed = State.PostCopies <= Math.Max(_model.MaxPostCopy, _postCopiesBefore)
            && (movesA ? Place(a, move.DestinationA) : Takes(a, move.DestinationA))
            && (b < 0 || (movesB ? Place(b, move.DestinationB) : Takes(b, move.DestinationB)));
        if (!isAllowed)
        {
            Undo();
        }

        return isAllowed;
    }

    /// <summary>Whether the state is better than at <see cref="Begin"/>.</summary>
    public bool IsBetter()
    {
        double worstNow = 0;
        for (int i = 0; i < _links.Count; i++)
        {
            _old[i] = _loadBefore[_links[i]];
            _new[i] = State.RelativeLoad(_links[i]);
            worstNow = Math.Max(worstNow, _new[i]);
        }

        int byCount = State.PostCopies.CompareTo(_postCopiesBefore);
        if (_objective.WorstLimit is { } limit && (worstNow > limit || byCount != 0))
        {
            return worstNow <= limit && byCount < 0;
        }

        int byLoads = CompareSorted(_links.Count);
        if (byLoads != 0 || byCount != 0)
        {
            return byLoads < 0 || (byLoads == 0 && byCount < 0);
        }

        int byLoadAfterwards = CompareDestinations(_afterwardsBefore, State.LoadAfterwards);
        return byLoadAfterwards < 0 || (byLoadAfterwards == 0 && CompareDestinations(_memoryBefore, State.RelativeMemory) < 0);
    }

    private bool Takes(int unit, int destination) => State.PostCopiesOf[unit] == 0 || _model.TakesPostCopy(destination);

    private int CompareDestinations(double[] before, Func<int, double> now)
    {
        int count = 0;
        foreach (int link in _links)
        {
            if (link >= _model.Sources)
            {
                _old[count] = before[link - _model.Sources];
                _new[count++] = now(link - _model.Sources);
            }
        }

        return CompareSorted(count);
    }

    private int CompareSorted(int count)
    {
        AssignmentObjective.SortDescending(_old.AsSpan(0, count));
        AssignmentObjective.SortDescending(_new.AsSpan(0, count));
        return AssignmentObjective.Compare(_new.AsSpan(0, count), _old.AsSpan(0, count));
    }

    private void Touch(int link)
    {
        if (_isTouched[link])
        {
            return;
        }

        _isTouched[link] = true;
        _links.Add(link);
        _loadBefore[link] = State.RelativeLoad(link);
        if (link >= _model.Sources)
        {
            int d = link - _model.Sources;
            _afterwardsBefore[d] = State.LoadAfterwards(d);
            _memoryBefore[d] = State.RelativeMemory(d);
        }
    }

    private readonly record struct Step(int VM, Technique? Technique, int Unit, int Destination);
}

/// <summary>New techniques and destinations of one or two VMs; a unit goes with its VM.</summary>
/// <param name="A">A VM.</param>
/// <param name="TechniqueA">Its technique.</param>
/// <param name="DestinationA">Its unit's destination.</param>
/// <param name="B">Another VM; -1 for none.</param>
/// <param name="TechniqueB">Its technique.</param>
/// <param name="DestinationB">Its unit's destination.</param>
internal readonly record struct Move(
    int A, Technique TechniqueA, int DestinationA,
    int B = -1, Technique TechniqueB = Technique.PreCopy, int DestinationB = -1);
