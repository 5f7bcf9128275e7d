using TrafficMigration.Prediction;

namespace TrafficMigration.Migration;

/// <summary>What becomes of a migration whose time is over.</summary>
public enum TimeoutAction
{
    /// <summary>A pre-copy is cancelled, the VM stays at the source.</summary>
    Cancel,

    /// <summary>A pre-copy is switched to post-copy; where the VM cannot, it is cancelled.</summary>
    PostCopy,

    /// <summary>The VM is suspended, so that its memory stops changing and the pre-copy ends; it runs on at the destination.</summary>
    Suspend,
}

/// <summary>How memory travels between the hosts.</summary>
public enum MemoryTransport
{
    /// <summary>From QEMU to QEMU, unencrypted: libvirt's default.</summary>
    Tcp,

    /// <summary>From QEMU to QEMU, encrypted and verified by the hosts' TLS certificates (VIR_MIGRATE_TLS).</summary>
    Tls,

    /// <summary>Through the SSH connection of the two libvirts (VIR_MIGRATE_TUNNELLED): slower, and no post-copy.</summary>
    Tunnelled,
}

/// <summary>How a run is driven.</summary>
public sealed record RunOptions
{
    /// <summary>How many migrations may run at once.</summary>
    public MigrationBudget Budget { get; init; } = new();

    /// <summary>No migration takes more than this, bit/s, in both phases; <see langword="null"/> leaves each VM's plan as it is.</summary>
    public long? BandwidthLimitBitsPerSecond { get; init; }

    /// <summary>Longest downtime that QEMU may plan for a pre-copy's last pass; <see langword="null"/> for QEMU's default.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>Longest time of one migration; <see langword="null"/> for none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Longest time of the run; <see langword="null"/> for none. VMs whose turn has not come by then are not begun.</summary>
    public TimeSpan? RunTimeout { get; init; }

    /// <summary>What becomes of a pre-copy whose time is over. A post-copy always goes on to its end.</summary>
    public TimeoutAction TimeoutAction { get; init; }

    /// <summary>How long a guest may take to shut down for an offline move.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether a pre-copy is switched to post-copy where the traffic, as it is sampled on, makes that pay.</summary>
    public bool Adaptive { get; init; } = true;

    /// <summary>How memory travels.</summary>
    public MemoryTransport Transport { get; init; }

    /// <summary>Whether the checks before the start are left out.</summary>
    public bool SkipPreflight { get; init; }

    /// <summary>How long a host that was lost in the middle of a migration is looked for before it is left to itself.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often things are looked at.</summary>
    internal RunPace Pace { get; init; } = new();
}

/// <summary>How often a run looks at things; another one is for tests only.</summary>
internal sealed record RunPace
{
    /// <summary>Between two looks at a migration, where few VMs move.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long both hosts may disagree after a job before we call it unclear: libvirt tidies up meanwhile.</summary>
    public TimeSpan Settling { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two attempts to take up a broken post-copy.</summary>
    public TimeSpan Recovery { get; init; } = TimeSpan.FromSeconds(5);
}
