namespace TrafficMigration.Solving;

/// <summary>An <see cref="AssignmentProblem"/> as the search wants it: arrays, one numbering of all links, and units.</summary>
/// <remarks>
/// A unit is a set of VMs that go to one destination (Together groups that overlap are one unit; a VM in no group is a
/// unit of its own). Links are numbered: the sources first, then the destinations. Nothing here changes after construction.
/// </remarks>
internal sealed class AssignmentModel
{
    /// <summary>Digests a problem.</summary>
    /// <param name="problem">The problem; its indices must be in range.</param>
    public AssignmentModel(AssignmentProblem problem)
    {
        Problem = problem;
        Sources = problem.Sources.Count;
        Destinations = problem.Destinations.Count;
        Background = [.. problem.Sources.Select(s => s.Background), .. problem.Destinations.Select(d => d.BackgroundRx)];
        Capacity = [.. problem.Sources.Select(s => s.Capacity), .. problem.Destinations.Select(d => d.Capacity)];
        FreeMemory = [.. problem.Destinations.Select(d => d.FreeMemoryBytes ?? long.MaxValue)];
        FreeVCpus = [.. problem.Destinations.Select(d => (long?)d.FreeVCpus ?? long.MaxValue)];
        IReadOnlyList<AssignmentVM> vms = problem.VMs;
        Tx = [.. vms.Select(v => v.TxBitsPerSecond)];
        Rx = [.. vms.Select(v => v.RxBitsPerSecond)];
        Source = [.. vms.Select(v => v.Source)];
        CanPreCopy = [.. vms.Select(v => v.PreCopyAllowed)];
        MaxPostCopy = problem.PostCopy.MaxPostCopy ?? int.MaxValue;

        UnitOf = UnitsByUnion(problem);
        Members = [.. Enumerable.Range(0, vms.Count).GroupBy(v => UnitOf[v]).OrderBy(g => g.Key).Select(g => g.ToArray())];
        UnitMemory = [.. Members.Select(m => m.Sum(v => vms[v].MemoryBytes))];
        UnitVCpus = [.. Members.Select(m => m.Sum(v => (long)vms[v].VCpus))];
        int[][] groups = [.. problem.Separate.Select(g => g.Distinct().ToArray())];
        GroupUnits = [.. groups.Select(g => g.Select(v => UnitOf[v]).ToArray())];
        UnitGroups = [.. Members.Select((_, u) => Enumerable.Range(0, groups.Length).Where(g => GroupUnits[g].Contains(u)).ToArray())];
        Allowed = [.. Members.Select((_, u) => AllowedDestinations(u))];

        int forced = CanPreCopy.Count(can => !can);
        CanPostCopy = [.. Enumerable.Range(0, vms.Count).Select(v => vms[v].PostCopyAllowed
            && (!CanPreCopy[v] || forced < MaxPostCopy) && Allowed[UnitOf[v]].Any(TakesPostCopy))];
        IsContradictory = forced > MaxPostCopy
            || Allowed.Any(a => a.Length == 0)
            || Enumerable.Range(0, vms.Count).Any(v => !CanPreCopy[v] && !CanPostCopy[v])
            || GroupUnits.Any(g => g.Distinct().Count() < g.Length);
        PostCopyDestinations = [.. Allowed.Select(a => a.Where(TakesPostCopy).ToArray())];
        AllowedMask = [.. Allowed.Select(a => Enumerable.Range(0, Destinations).Select(d => a.Contains(d)).ToArray())];
    }

    /// <summary>What was digested.</summary>
    public AssignmentProblem Problem { get; }

    /// <summary>Number of sources; links below it are sources'.</summary>
    public int Sources { get; }

    /// <summary>Number of destinations.</summary>
    public int Destinations { get; }

    /// <summary>Number of links of either kind.</summary>
    public int Links => Sources + Destinations;

    /// <summary>Number of VMs.</summary>
    public int VMs => Tx.Length;

    /// <summary>Number of units.</summary>
    public int Units => Members.Length;

    /// <summary>By link: what it carries beside the VMs that move, bit/s.</summary>
    public long[] Background { get; }

    /// <summary>By link: its speed, bit/s.</summary>
    public long[] Capacity { get; }

    /// <summary>By VM: what it sends, bit/s.</summary>
    public long[] Tx { get; }

    /// <summary>By VM: what it receives, bit/s.</summary>
    public long[] Rx { get; }

    /// <summary>By VM: its source.</summary>
    public int[] Source { get; }

    /// <summary>By VM: whether pre-copy may be chosen.</summary>
    public bool[] CanPreCopy { get; }

    /// <summary>By VM: whether post-copy may be chosen at some destination.</summary>
    public bool[] CanPostCopy { get; }

    /// <summary>By VM: its unit.</summary>
    public int[] UnitOf { get; }

    /// <summary>By unit: its VMs.</summary>
    public int[][] Members { get; }

    /// <summary>By unit: memory of all its VMs, bytes.</summary>
    public long[] UnitMemory { get; }

    /// <summary>By unit: virtual processors of all its VMs.</summary>
    public long[] UnitVCpus { get; }

    /// <summary>By unit: the Separate groups it has a VM in.</summary>
    public int[][] UnitGroups { get; }

    /// <summary>By Separate group: the units of its VMs.</summary>
    public int[][] GroupUnits { get; }

    /// <summary>By unit: the destinations that may take it when they are empty.</summary>
    public int[][] Allowed { get; }

    /// <summary>By unit: those of them that can be the destination of a post-copy.</summary>
    public int[][] PostCopyDestinations { get; }

    /// <summary>By unit and destination: the same as a table.</summary>
    public bool[][] AllowedMask { get; }

    /// <summary>By destination: memory that it can give, bytes; the largest number where not known.</summary>
    public long[] FreeMemory { get; }

    /// <summary>By destination: virtual processors that it can take; the largest number where not limited.</summary>
    public long[] FreeVCpus { get; }

    /// <summary>At most so many VMs are post-copied.</summary>
    public int MaxPostCopy { get; }

    /// <summary>Whether one VM, unit or group alone already shows that nothing is allowed.</summary>
    public bool IsContradictory { get; }

    /// <summary>Whether a destination can be that of a post-copy.</summary>
    public bool TakesPostCopy(int destination) => Problem.Destinations[destination].PostCopyAllowed;

    /// <summary>The largest load of a link (bit/s) whose relative load, as computed, is not above a limit.</summary>
    public long MaxLoad(int link, double relativeLimit)
    {
        double capacity = Capacity[link];
        double product = relativeLimit * capacity;
        if (product >= long.MaxValue / 4)
        {
            return long.MaxValue / 4;
        }

        // The product is rounded; step to where the division, which is what decides, agrees.
        long load = (long)product;
        while ((load + 1) / capacity <= relativeLimit)
        {
            load++;
        }

        while (load / capacity > relativeLimit)
        {
            load--;
        }

        return load;
    }

    /// <summary>Load that a destination carries afterwards, relative; in whole per cent, rounded up, where its speed is known.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="bitsPerSecond">The larger of its two directions' loads, bit/s.</param>
    public double LoadAfterwards(int destination, double bitsPerSecond)
    {
        double capacity = Capacity[Sources + destination];
        return capacity > 1 ? Math.Ceiling(bitsPerSecond * 100 / capacity) : bitsPerSecond;
    }

    private int[] AllowedDestinations(int unit)
    {
        bool onlyPostCopy = Members[unit].Any(v => !CanPreCopy[v]);
        return [.. Enumerable.Range(0, Destinations).Where(d =>
            Members[unit].All(v => Problem.VMs[v].AllowedDestinations?.Contains(d) ?? true)
            && (TakesPostCopy(d) || !onlyPostCopy)
            && UnitMemory[unit] <= FreeMemory[d] && UnitVCpus[unit] <= FreeVCpus[d])];
    }

    /// <summary>By VM: its unit, numbered by the first VM of each.</summary>
    private static int[] UnitsByUnion(AssignmentProblem problem)
    {
        int[] parent = [.. Enumerable.Range(0, problem.VMs.Count)];
        int Root(int v)
        {
            while (parent[v] != v)
            {
                v = parent[v];
            }

            return v;
        }

        foreach (int[] group in problem.Together)
        {
            foreach (int v in group)
            {
                (int a, int b) = (Root(group[0]), Root(v));
                parent[Math.Max(a, b)] = Math.Min(a, b);
            }
        }

        var numbers = new Dictionary<int, int>();
        return [.. parent.Select((_, v) => numbers.TryGetValue(Root(v), out int n) ? n : numbers[Root(v)] = numbers.Count)];
    }
}
