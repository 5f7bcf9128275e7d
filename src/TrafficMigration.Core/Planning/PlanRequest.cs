using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>How a whole plan is made.</summary>
public enum Strategy
{
    /// <summary>Technique and destination per VM, so that memory flows against the VMs' traffic.</summary>
    TrafficSensitive,

    /// <summary>Every VM with pre-copy.</summary>
    PreCopy,

    /// <summary>Every VM with post-copy, where it can be.</summary>
    PostCopy,

    /// <summary>Every VM begins with pre-copy, and is switched to post-copy where that does not converge: what managers of VMs do today.</summary>
    PreCopyThenPostCopy,
}

/// <summary>What a plan makes least.</summary>
public enum PlanObjective
{
    /// <summary>The contention of the worst link, then of the next (the published objective).</summary>
    Contention,

    /// <summary>The total migration time that the simulator predicts.</summary>
    Time,
}

/// <summary>All that a plan is made from.</summary>
public sealed record PlanRequest
{
    /// <summary>The VMs' rates, in any order, of any number of sources.</summary>
    public required IReadOnlyList<VMTrafficRate> Rates { get; init; }

    /// <summary>The destinations with their own traffic and room; where all else is equal, an earlier one is taken.</summary>
    public required IReadOnlyList<HostTraffic> Destinations { get; init; }

    /// <summary>How the techniques are chosen.</summary>
    public Strategy Strategy { get; init; }

    /// <summary>What the plan makes least; only with <see cref="Strategy.TrafficSensitive"/>.</summary>
    public PlanObjective Objective { get; init; }

    /// <summary>What the plan must obey.</summary>
    public PlanWishes Wishes { get; init; } = new();

    /// <summary>How many migrations may run at once.</summary>
    public MigrationBudget Budget { get; init; } = new();

    /// <summary>How the migrations follow each other.</summary>
    public MigrationSchedule Schedule { get; init; }

    /// <summary>What becomes of disks that lie on storage of a VM's host alone.</summary>
    public StorageCopy StorageCopy { get; init; }

    /// <summary>All VMs move as one group while they stand still; <see langword="null"/> for a live plan.</summary>
    public OfflineWish? Offline { get; init; }

    /// <summary>The run is to end within this time, with the gentlest rates that do; <see langword="null"/> for as fast as the links let it.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>How memory is compressed where that is possible; <see langword="null"/> to choose a VM, where figures show that it pays.</summary>
    public MemoryCompression? Compression { get; init; }

    /// <summary>Connections for each pre-copy's memory; <see langword="null"/> to choose a VM.</summary>
    public int? Connections { get; init; }

    /// <summary>The plan's time stamp.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>How a group of VMs is moved while it stands still.</summary>
/// <param name="Memory">What becomes of the VMs' memory.</param>
/// <param name="StartOrder">VMs that go on first, in this order; the others follow by name.</param>
/// <param name="ReplacesDiskImages">Whether disk images that are at the destination already are older copies, to be replaced.</param>
/// <param name="BlocksFrom">Files at the destinations whose blocks need not be sent.</param>
public sealed record OfflineWish(OfflineMemory Memory, IReadOnlyList<VMRef> StartOrder, bool ReplacesDiskImages, IReadOnlyList<string> BlocksFrom);

/// <summary>A VM by the names of its host and its own.</summary>
/// <param name="HostName">The host that it runs on.</param>
/// <param name="VMName">Its name.</param>
public readonly record struct VMRef(string HostName, string VMName)
{
    /// <summary>Prints the VM's name.</summary>
    public override string ToString() => $"'{VMName}'";
}

/// <summary>What a user wants a plan to obey.</summary>
public sealed record PlanWishes
{
    /// <summary>VMs that stay: their traffic is background at their source.</summary>
    public IReadOnlyList<VMRef> Exclude { get; init; } = [];

    /// <summary>VMs whose technique is given.</summary>
    public IReadOnlyDictionary<VMRef, Technique> Techniques { get; init; } = new Dictionary<VMRef, Technique>();

    /// <summary>VMs whose destination is given, by the host's name.</summary>
    public IReadOnlyDictionary<VMRef, string> Destinations { get; init; } = new Dictionary<VMRef, string>();

    /// <summary>Groups of VMs no two of which may go to the same destination.</summary>
    public IReadOnlyList<IReadOnlyList<VMRef>> Separate { get; init; } = [];

    /// <summary>Groups of VMs that go to the same destination.</summary>
    public IReadOnlyList<IReadOnlyList<VMRef>> Together { get; init; } = [];

    /// <summary>At most so many VMs are post-copied; <see langword="null"/> for any number.</summary>
    public int? MaxPostCopy { get; init; }

    /// <summary>
    /// Among plans whose contention is within so many per cent of the least, the one with fewest post-copies: measured
    /// rates are noisy, and a post-copy is a risk.
    /// </summary>
    public double ContentionTolerancePercent { get; init; }

    /// <summary>
    /// Virtual processors that a destination may carry for each of its own. 16 is the ratio that OpenStack Nova has
    /// long started with (<c>initial_cpu_allocation_ratio</c>).
    /// </summary>
    public double MaxVCpuPerCpu { get; init; } = 16;
}
