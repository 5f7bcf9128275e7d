namespace TrafficMigration.Prediction;

/// <summary>What is to be simulated: hosts, the migrations between them in the order they are to start, and traffic.</summary>
public sealed record Scenario
{
    /// <summary>The hosts.</summary>
    public required IReadOnlyList<ScenarioHost> Hosts { get; init; }

    /// <summary>The migrations, in the order in which they are to start.</summary>
    public required IReadOnlyList<ScenarioMigration> Migrations { get; init; }

    /// <summary>Traffic between two migrating VMs, or one and somebody who stays at a host; no VM's own demand includes it.</summary>
    public IReadOnlyList<ScenarioFlow> Flows { get; init; } = [];

    /// <summary>How many migrations may run at once.</summary>
    public MigrationBudget Budget { get; init; } = new();

    /// <summary>Applications' throughput is the mean over this time from the start; <see langword="null"/> for the run itself.</summary>
    public TimeSpan? Window { get; init; }
}

/// <summary>How many migrations may run at once; 0 for any number.</summary>
/// <param name="ThrottleLimit">In all.</param>
/// <param name="MaxOutgoingPerHost">From one source.</param>
/// <param name="MaxIncomingPerHost">To one destination.</param>
public sealed record MigrationBudget(int ThrottleLimit = 0, int MaxOutgoingPerHost = 0, int MaxIncomingPerHost = 0);

/// <summary>A host and what its uplink carries that never moves.</summary>
/// <param name="LinkBitsPerSecond">Speed of the uplink, each direction, bit/s on the wire; <see langword="null"/> for a link that never limits.</param>
/// <param name="BackgroundTxBitsPerSecond">What it sends, bit/s.</param>
/// <param name="BackgroundRxBitsPerSecond">What it receives, bit/s.</param>
public sealed record ScenarioHost(long? LinkBitsPerSecond, long BackgroundTxBitsPerSecond = 0, long BackgroundRxBitsPerSecond = 0);

/// <summary>One VM's migration and the traffic that moves with it.</summary>
public sealed record ScenarioMigration
{
    /// <summary>Index of the source.</summary>
    public required int Source { get; init; }

    /// <summary>Index of the destination.</summary>
    public required int Destination { get; init; }

    /// <summary>The technique.</summary>
    public required Technique Technique { get; init; }

    /// <summary>Begin with pre-copy and switch to post-copy where it does not converge. Only with <see cref="Technique.PreCopy"/>.</summary>
    public bool SwitchesToPostCopy { get; init; }

    /// <summary>Memory to move, bytes: used pages that are not zero.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Rate at which the VM dirties memory while it runs at the source, bytes per second.</summary>
    public long DirtyBytesPerSecond { get; init; }

    /// <summary>Most memory that the VM dirties again and again, bytes; <see langword="null"/> for all of its memory.</summary>
    public long? WorkingSetBytes { get; init; }

    /// <summary>A pre-copy ends when what is left takes no longer than this. libvirt's and QEMU's default is 300 ms.</summary>
    public TimeSpan DowntimeLimit { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>TCP connections that carry the memory (QEMU's multifd channels): shares of a full link are by connection.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>The migration takes no more than this, bit/s.</summary>
    public long? BandwidthLimitBitsPerSecond { get; init; }

    /// <summary>
    /// It starts only when all migrations of lower stages have ended; <see langword="null"/> for one that neither waits
    /// for stages nor is waited for.
    /// </summary>
    public int? Stage { get; init; }

    /// <summary>Disks that are copied before the memory, bytes: what is written in them. <see langword="null"/> where none are.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>
    /// Their size as the guest sees it, bytes; <see langword="null"/> for no more than <see cref="DiskBytes"/>. A
    /// bandwidth limit counts all of it: what was never written takes its time and no traffic.
    /// </summary>
    public long? DiskCapacityBytes { get; init; }

    /// <summary>What the VM writes to them, bytes per second: sent on until it runs at the destination.</summary>
    public long DiskWriteBytesPerSecond { get; init; }

    /// <summary>What the VM wants to send to the world, bit/s.</summary>
    public long TxBitsPerSecond { get; init; }

    /// <summary>What the VM would receive from the world, bit/s.</summary>
    public long RxBitsPerSecond { get; init; }
}

/// <summary>Traffic from one migrating VM to another, or between one and somebody who stays; on one host it touches no NIC.</summary>
/// <param name="From">Index of the migration whose VM sends; <see langword="null"/> if the sender stays at <paramref name="Host"/>.</param>
/// <param name="To">Index of the migration whose VM receives; <see langword="null"/> if the receiver stays at <paramref name="Host"/>.</param>
/// <param name="BitsPerSecond">What it wants to be, bit/s.</param>
/// <param name="Host">Where the end is that stays; only with one that does.</param>
public sealed record ScenarioFlow(int? From, int? To, long BitsPerSecond, int? Host = null)
{
    /// <summary>
    /// Whether the simulation adds acknowledgements in the other direction; not where the flow was counted on a network,
    /// which counts those as a flow of their own.
    /// </summary>
    public bool AddsAcknowledgements { get; init; } = true;
}

/// <summary>What a scenario comes to.</summary>
/// <param name="TotalMigrationTime">From the first start to the last end (TMT). Of a run that never ends: until the last migration that does.</param>
/// <param name="BytesTransferred">Memory and disks sent by all migrations, bytes.</param>
/// <param name="Migrations">One a migration, in the scenario's order.</param>
/// <param name="FlowBitsPerSecond">Mean rate of each of the scenario's flows over the window, bit/s, in their order.</param>
public sealed record SimulatedRun(
    TimeSpan TotalMigrationTime, long BytesTransferred, IReadOnlyList<SimulatedMigration> Migrations,
    IReadOnlyList<double> FlowBitsPerSecond)
{
    /// <summary>What the scenario's flows wanted to carry from the start to the last end while their ends were on different hosts, bits.</summary>
    public double ApartBits { get; init; }
}

/// <summary>What one migration comes to.</summary>
/// <param name="Start">When it starts, from the start of the run. Of one that never does: when the last migration ends.</param>
/// <param name="Duration">How long it takes; <see langword="null"/> where a pre-copy never converges, and for what waits for it.</param>
/// <param name="Downtime">How long the VM stands still.</param>
/// <param name="BytesTransferred">Memory and disks sent, bytes; of a pre-copy that never converges: until all that can change has.</param>
/// <param name="Switched">Whether it began with pre-copy and was switched to post-copy.</param>
/// <param name="TxBitsPerSecond">Mean of what the VM sends to the world over the window, bit/s.</param>
/// <param name="RxBitsPerSecond">Mean of what the VM receives from the world over the window, bit/s.</param>
public sealed record SimulatedMigration(
    TimeSpan Start, TimeSpan? Duration, TimeSpan Downtime, long BytesTransferred, bool Switched,
    double TxBitsPerSecond, double RxBitsPerSecond)
{
    /// <summary>Whether it starts: a migration waits for ever for a place that a pre-copy holds that never converges.</summary>
    public bool Started { get; init; } = true;

    /// <summary>Of the bytes sent those of disks.</summary>
    public long DiskBytesTransferred { get; init; }

    /// <summary>Whether its disks are copied in the end: not where the VM writes to them as fast as they are sent, or faster.</summary>
    public bool DisksAreMirrored { get; init; } = true;
}
