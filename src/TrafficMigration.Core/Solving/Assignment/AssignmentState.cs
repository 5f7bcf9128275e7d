namespace TrafficMigration.Solving;

/// <summary>A choice in the making: who goes where and how, and the loads and room that follow from it.</summary>
/// <remarks>Units are placed and taken away, VMs get a technique or lose it, in any order; each step costs its own size only.</remarks>
internal sealed class AssignmentState
{
    private readonly AssignmentModel _model;
    private readonly int[] _unitsAt;
    private readonly long[] _memoryLeft;
    private readonly long[] _vCpusLeft;
    private readonly int[] _groupAt;

    /// <summary>Nothing placed, no technique chosen: background only.</summary>
    public AssignmentState(AssignmentModel model)
    {
        _model = model;
        Load = [.. model.Background];
        _unitsAt = new int[model.Destinations];
        _memoryLeft = [.. model.FreeMemory];
        _vCpusLeft = [.. model.FreeVCpus];
        _groupAt = new int[model.GroupUnits.Length * model.Destinations];
        RxAfterwards = [.. model.Problem.Destinations.Select(d => d.BackgroundRx)];
        TxAfterwards = [.. model.Problem.Destinations.Select(d => d.BackgroundTx)];
        Memory = new long[model.Destinations];
        DestinationOf = new int[model.Units];
        Array.Fill(DestinationOf, -1);
        TechniqueOf = new Technique?[model.VMs];
        PostCopyRx = new long[model.Units];
        PostCopiesOf = new int[model.Units];
    }

    private AssignmentState(AssignmentState other)
    {
        _model = other._model;
        Load = [.. other.Load];
        _unitsAt = [.. other._unitsAt];
        _memoryLeft = [.. other._memoryLeft];
        _vCpusLeft = [.. other._vCpusLeft];
        _groupAt = [.. other._groupAt];
        RxAfterwards = [.. other.RxAfterwards];
        TxAfterwards = [.. other.TxAfterwards];
        Memory = [.. other.Memory];
        DestinationOf = [.. other.DestinationOf];
        TechniqueOf = [.. other.TechniqueOf];
        PostCopyRx = [.. other.PostCopyRx];
        PostCopiesOf = [.. other.PostCopiesOf];
        PostCopies = other.PostCopies;
    }

    /// <summary>By link: background and what the techniques chosen so far add, bit/s.</summary>
    public long[] Load { get; }

    /// <summary>By destination: what it will receive afterwards, bit/s.</summary>
    public long[] RxAfterwards { get; }

    /// <summary>By destination: what it will send afterwards, bit/s.</summary>
    public long[] TxAfterwards { get; }

    /// <summary>By destination: memory of what goes there, bytes.</summary>
    public long[] Memory { get; }

    /// <summary>By unit: its destination; -1 where not placed.</summary>
    public int[] DestinationOf { get; }

    /// <summary>By VM: its technique; <see langword="null"/> where not chosen.</summary>
    public Technique?[] TechniqueOf { get; }

    /// <summary>By unit: Rx of its post-copied VMs, bit/s.</summary>
    public long[] PostCopyRx { get; }

    /// <summary>By unit: how many of its VMs are post-copied.</summary>
    public int[] PostCopiesOf { get; }

    /// <summary>How many VMs are post-copied.</summary>
    public int PostCopies { get; private set; }

    /// <summary>A copy that goes its own way.</summary>
    public AssignmentState Copy() => new(this);

    /// <summary>Whether something goes to a destination.</summary>
    public bool IsUsed(int destination) => _unitsAt[destination] > 0;

    /// <summary>Memory that a destination can still give, bytes.</summary>
    public long MemoryLeft(int destination) => _memoryLeft[destination];

    /// <summary>Virtual processors that a destination can still take.</summary>
    public long VCpusLeft(int destination) => _vCpusLeft[destination];

    /// <summary>A link's load by its capacity; 0 for a destination that nothing goes to.</summary>
    public double RelativeLoad(int link) => link < _model.Sources || IsUsed(link - _model.Sources)
        ? Load[link] / (double)_model.Capacity[link]
        : 0;

    /// <summary>The worst relative load of all links.</summary>
    public double WorstLoad()
    {
        double worst = 0;
        for (int link = 0; link < Load.Length; link++)
        {
            worst = Math.Max(worst, RelativeLoad(link));
        }

        return worst;
    }

    /// <summary>A destination's load afterwards, as <see cref="AssignmentModel.LoadAfterwards"/>.</summary>
    public double LoadAfterwards(int destination) =>
        _model.LoadAfterwards(destination, Math.Max(RxAfterwards[destination], TxAfterwards[destination]));

    /// <summary>A destination's incoming memory by its capacity.</summary>
    public double RelativeMemory(int destination) => Memory[destination] / (double)_model.Capacity[_model.Sources + destination];

    /// <summary>Whether a unit that is not placed may go to a destination as things are: room, groups, techniques.</summary>
    public bool Fits(int unit, int destination)
    {
        if (!_model.AllowedMask[unit][destination]
            || _model.UnitMemory[unit] > _memoryLeft[destination] || _model.UnitVCpus[unit] > _vCpusLeft[destination]
            || (PostCopiesOf[unit] > 0 && !_model.TakesPostCopy(destination)))
        {
            return false;
        }

        foreach (int group in _model.UnitGroups[unit])
        {
            if (_groupAt[group * _model.Destinations + destination] > 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Places a unit; that it fits is the caller's business.</summary>
    public void Place(int unit, int destination)
    {
        DestinationOf[unit] = destination;
        Count(unit, destination, 1);
    }

    /// <summary>Takes a unit away from its destination.</summary>
    public void Remove(int unit)
    {
        Count(unit, DestinationOf[unit], -1);
        DestinationOf[unit] = -1;
    }

    /// <summary>Chooses a VM's technique, or none.</summary>
    public void Choose(int vm, Technique? technique)
    {
        Technique? before = TechniqueOf[vm];
        if (before == technique)
        {
            return;
        }

        TechniqueOf[vm] = technique;
        if (before is { } old)
        {
            Add(vm, old, -1);
        }

        if (technique is { } chosen)
        {
            Add(vm, chosen, 1);
        }
    }

    private void Add(int vm, Technique technique, int sign)
    {
        if (technique == Technique.PreCopy)
        {
            Load[_model.Source[vm]] += sign * _model.Tx[vm];
            return;
        }

        int unit = _model.UnitOf[vm];
        PostCopies += sign;
        PostCopiesOf[unit] += sign;
        PostCopyRx[unit] += sign * _model.Rx[vm];
        if (DestinationOf[unit] >= 0)
        {
            Load[_model.Sources + DestinationOf[unit]] += sign * _model.Rx[vm];
        }
    }

    private void Count(int unit, int destination, int sign)
    {
        _unitsAt[destination] += sign;
        Memory[destination] += sign * _model.UnitMemory[unit];
        _memoryLeft[destination] -= sign * _model.UnitMemory[unit];
        _vCpusLeft[destination] -= sign * _model.UnitVCpus[unit];
        Load[_model.Sources + destination] += sign * PostCopyRx[unit];
        foreach (int vm in _model.Members[unit])
        {
            RxAfterwards[destination] += sign * _model.Rx[vm];
            TxAfterwards[destination] += sign * _model.Tx[vm];
        }

        foreach (int group in _model.UnitGroups[unit])
        {
            _groupAt[group * _model.Destinations + destination] += sign;
        }
    }
}
