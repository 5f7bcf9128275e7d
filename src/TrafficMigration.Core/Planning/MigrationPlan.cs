namespace TrafficMigration.Planning;

/// <summary>A whole plan: what was asked for, what every VM is to do, and what is proven and predicted of it.</summary>
public sealed record MigrationPlan
{
    /// <summary>How the techniques were chosen.</summary>
    public required Strategy Strategy { get; init; }

    /// <summary>What the plan makes least.</summary>
    public PlanObjective Objective { get; init; }

    /// <summary>How the migrations follow each other.</summary>
    public MigrationSchedule Schedule { get; init; }

    /// <summary>
    /// Contending traffic of the worst link that the plan uses, bit/s: max(source contention, destination contention)
    /// (CCGrid 2015, the published objective). Where speeds differ, the worst link is the one with the largest share.
    /// </summary>
    public required long ContentionBitsPerSecond { get; init; }

    /// <summary>
    /// Whether a link was full when its traffic was measured: VMs may want more than they could send or receive, so
    /// the contention is at least as large as it says.
    /// </summary>
    public bool ContentionIsLowerBound => Links.Any(l => l.IsLowerBound);

    /// <summary>No plan for these VMs under these wishes can have less contention than this, bit/s.</summary>
    public required long LowerBoundBitsPerSecond { get; init; }

    /// <summary>Whether the contention is proven to be the least possible.</summary>
    public bool IsOptimal => ContentionBitsPerSecond == LowerBoundBitsPerSecond;

    /// <summary>How far the contention may be from the least possible at most, as a share of itself: 0 where it is proven optimal.</summary>
    public double Gap => IsOptimal ? 0 : 1 - ((double)LowerBoundBitsPerSecond / ContentionBitsPerSecond);

    /// <summary>When the plan was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the oldest of the rates was measured; <see langword="null"/> where one has no time.</summary>
    public DateTimeOffset? RatesSampledAt { get; init; }

    /// <summary>How many migrations may run at once; 0 for all.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>How many may leave one host at once; 0 for any number.</summary>
    public int MaxOutgoingPerHost { get; init; }

    /// <summary>How many may come to one host at once; 0 for any number.</summary>
    public int MaxIncomingPerHost { get; init; }

    /// <summary>Total migration time (first start to last end) by simulation; <see langword="null"/> where memory or link speeds are not known.</summary>
    public TimeSpan? PredictedDuration { get; init; }

    /// <summary>Memory and disks that will be sent, by simulation, bytes.</summary>
    public long? PredictedBytes { get; init; }

    /// <summary>
    /// What VMs want to send each other while the run lasts and they are on different hosts, having been on one before,
    /// by simulation, bytes; <see langword="null"/> where nothing could be predicted.
    /// </summary>
    public long? PredictedApartBytes { get; init; }

    /// <summary>
    /// What VMs of one host send each other now that will cross links once all have moved, bit/s: their destinations
    /// differ, or one stays. 0 where none is known.
    /// </summary>
    public long ApartBitsPerSecond { get; init; }

    /// <summary>What was decided for each VM, in the order in which the migrations start.</summary>
    public required IReadOnlyList<PlannedVM> VirtualMachines { get; init; }

    /// <summary>The link directions that the migrations use: the sources' outgoing ones, then the destinations' incoming ones, each by name.</summary>
    public required IReadOnlyList<LinkContention> Links { get; init; }

    /// <summary>Why the plan is as it is: a line for the whole, then a line a VM.</summary>
    public string Explain() => string.Join(
        Environment.NewLine,
        VirtualMachines.Select(v => $"{v.VMName}: {v.Source} -> {v.Destination}, {v.Technique}. {v.Reason}.").Prepend($"{this}."));

    /// <summary>Prints strategy and contention.</summary>
    public override string ToString()
    {
        string proof = IsOptimal ? ", optimal"
            : Gap > 0.1 ? $", no plan below {Figures.Mbps(LowerBoundBitsPerSecond)}"
            : FormattableString.Invariant($", within {Math.Ceiling(Gap * 1000) / 10:0.#} % of the least");
        return FormattableString.Invariant(
            $"{Strategy}: {(ContentionIsLowerBound ? "at least " : "")}{Figures.Mbps(ContentionBitsPerSecond)} contending{proof}");
    }
}

/// <summary>What a plan decided for one VM, in short: without the way back to the plan, which would make files of plans grow without end.</summary>
/// <param name="VMName">The VM's name.</param>
/// <param name="Source">The host that the VM runs on.</param>
/// <param name="Destination">The host that the VM goes to.</param>
/// <param name="Technique">The technique chosen.</param>
public sealed record PlannedVM(string VMName, string Source, string Destination, Technique Technique)
{
    /// <summary>Why.</summary>
    internal string Reason { get; init; } = "";

    /// <summary>Prints the VM and its way.</summary>
    public override string ToString() => $"{VMName}: {Source} -> {Destination} ({Technique})";
}

/// <summary>What competes with the migrations on one direction of one host's uplink.</summary>
/// <param name="HostName">The host.</param>
/// <param name="Direction"><c>Outgoing</c> at a source, <c>Incoming</c> at a destination.</param>
/// <param name="ContentionBitsPerSecond">Contending traffic, background included, bit/s.</param>
/// <param name="BackgroundBitsPerSecond">The part of it that belongs to no migrating VM, bit/s.</param>
/// <param name="LinkBitsPerSecond">Speed of the link, bit/s, where known.</param>
/// <param name="IsLowerBound">Whether what contends was measured on a full link, and may want to be more.</param>
public sealed record LinkContention(
    string HostName, LinkDirection Direction, long ContentionBitsPerSecond, long BackgroundBitsPerSecond, long? LinkBitsPerSecond,
    bool IsLowerBound = false)
{
    /// <summary>Prints the link and what contends there.</summary>
    public override string ToString() => $"{HostName}'s {(Direction == LinkDirection.Outgoing ? "outgoing" : "incoming")} link, {Figures.Mbps(ContentionBitsPerSecond)}";
}

/// <summary>A direction of an uplink, from the host's side.</summary>
public enum LinkDirection
{
    /// <summary>Out of the host.</summary>
    Outgoing,

    /// <summary>Into the host.</summary>
    Incoming,
}
