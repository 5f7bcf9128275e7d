namespace TrafficMigration.Planning;

/// <summary>How a whole plan is made.</summary>
public enum Strategy
{
    /// <summary>Technique per VM, so that memory flows against the VMs' traffic.</summary>
    TrafficSensitive,

    /// <summary>Every VM with pre-copy.</summary>
    PreCopy,

    /// <summary>Every VM with post-copy.</summary>
    PostCopy,
}

/// <summary>One VM's part of a plan.</summary>
public sealed record VMMigrationPlan
{
    /// <summary>The VM's name.</summary>
    public required string VMName { get; init; }

    /// <summary>libvirt's UUID of the VM; <see langword="null"/> where the rates did not have it.</summary>
    public string? VMId { get; init; }

    /// <summary>The host that the VM runs on.</summary>
    public required string Source { get; init; }

    /// <summary>The host that the VM goes to.</summary>
    public required string Destination { get; init; }

    /// <summary>The technique chosen.</summary>
    public required Technique Technique { get; init; }

    /// <summary>Traffic that competes with the outgoing memory at the source under the whole plan, bit/s.</summary>
    public required long SourceContentionBitsPerSecond { get; init; }

    /// <summary>Traffic that competes with the incoming memory at the destination under the whole plan, bit/s.</summary>
    public required long DestinationContentionBitsPerSecond { get; init; }

    /// <summary>The destination's address on the migration network; <see langword="null"/> to go by its name.</summary>
    public string? MigrationAddress { get; init; }

    /// <summary>Expected duration; <see langword="null"/> where memory or link speed are not known.</summary>
    public TimeSpan? PredictedDuration { get; init; }

    /// <summary>Why this technique, in one sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The rates that the decision rests on.</summary>
    public required Traffic.VMTrafficRate Rate { get; init; }

    /// <summary>The whole plan that this is a part of.</summary>
    public MigrationPlan Plan { get; internal set; } = null!;

    /// <summary>Prints the VM and its way; a record's own text would follow <see cref="Plan"/> in circles.</summary>
    public override string ToString() => $"{VMName}: {Source} -> {Destination} ({Technique})";
}

/// <summary>A whole plan: every VM's part, and what is proven of it.</summary>
public sealed record MigrationPlan
{
    /// <summary>How the plan was made.</summary>
    public required Strategy Strategy { get; init; }

    /// <summary>max(source contention, destination contention), bit/s (CCGrid 2015, the published objective).</summary>
    public required long ContentionBitsPerSecond { get; init; }

    /// <summary>
    /// Whether a link was full when its traffic was measured: VMs may want more than they could send or receive, so
    /// the contention is at least as large as it says.
    /// </summary>
    public bool ContentionIsLowerBound => Links.Any(l => l.IsLowerBound);

    /// <summary>No assignment of techniques can have less contention than this, bit/s.</summary>
    public required long LowerBoundBitsPerSecond { get; init; }

    /// <summary>Whether the contention is proven to be the least possible.</summary>
    public bool IsOptimal => ContentionBitsPerSecond == LowerBoundBitsPerSecond;

    /// <summary>When the plan was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The VMs' parts, by VM name.</summary>
    public required IReadOnlyList<VMMigrationPlan> VirtualMachines { get; init; }

    /// <summary>The link directions that the migrations use: the source's outgoing one, then the destination's incoming one.</summary>
    public required IReadOnlyList<LinkContention> Links { get; init; }

    /// <summary>Prints strategy and contention.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Strategy}: {(ContentionIsLowerBound ? "at least " : "")}{ContentionBitsPerSecond / 1e6:0.#} Mbps contending{(IsOptimal ? ", optimal" : "")}");
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
    bool IsLowerBound = false);

/// <summary>A direction of an uplink, from the host's side.</summary>
public enum LinkDirection
{
    /// <summary>Out of the host.</summary>
    Outgoing,

    /// <summary>Into the host.</summary>
    Incoming,
}
