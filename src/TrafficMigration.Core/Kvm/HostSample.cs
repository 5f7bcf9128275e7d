namespace TrafficMigration.Kvm;

/// <summary>What a sampled host says: a <see cref="HostSample"/> at each interval, <see cref="HostFacts"/> when asked.</summary>
internal abstract record HostReport;

/// <summary>The kernel's counters of a host at one moment.</summary>
/// <param name="Time">When the links were read.</param>
/// <param name="Links">Counters by the link's name.</param>
/// <param name="Pairs">What went between the ports of bridges; <see langword="null"/> where this is not counted.</param>
/// <param name="Cpu">What all processors did so far; <see langword="null"/> where it was not told.</param>
internal sealed record HostSample(
    HostTime Time, IReadOnlyDictionary<string, LinkCounters> Links, PairSample? Pairs, CpuTime? Cpu = null) : HostReport;

/// <summary>Time of all processors together since the host started, in the kernel's ticks (proc_stat(5)).</summary>
/// <param name="Idle">Spent idle, or waiting for disks.</param>
/// <param name="Total">All of it, also what a hypervisor above took away.</param>
internal readonly record struct CpuTime(ulong Idle, ulong Total)
{
    /// <summary>Share of the time since an earlier moment that was idle, 0 to 1; <see langword="null"/> where the counters do not tell.</summary>
    public double? IdleShareSince(CpuTime earlier) =>
        // The kernel lets the counter of waits go back at times.
        Total > earlier.Total ? Math.Clamp(((double)Idle - earlier.Idle) / (Total - earlier.Total), 0, 1) : null;
}

/// <summary>A moment by a host's clocks.</summary>
/// <param name="WallClock">The wall clock, seconds; fine, but it can be set.</param>
/// <param name="Uptime">The monotonic clock, seconds; in steps of 10 ms.</param>
internal readonly record struct HostTime(double WallClock, double Uptime)
{
    // Where both clocks agree within this, the wall clock was not set meanwhile and its finer reading is taken.
    private const double Agreement = 0.05;

    /// <summary>The moment in the middle.</summary>
    public static HostTime Between(HostTime a, HostTime b) => new((a.WallClock + b.WallClock) / 2, (a.Uptime + b.Uptime) / 2);

    /// <summary>Seconds since an earlier moment.</summary>
    public double Since(HostTime earlier)
    {
        double monotonic = Uptime - earlier.Uptime;
        double wall = WallClock - earlier.WallClock;
        return Math.Abs(wall - monotonic) <= Agreement ? wall : monotonic;
    }
}

/// <summary>Traffic between the ports of bridges since counting began.</summary>
/// <param name="Time">When it was read.</param>
/// <param name="Bytes">Bytes with their Ethernet headers; pairs without traffic are missing.</param>
internal sealed record PairSample(HostTime Time, IReadOnlyDictionary<PortPair, ulong> Bytes);

/// <summary>Counters of a network link, directions from the host's side.</summary>
internal readonly record struct LinkCounters(ulong RxBytes, ulong RxPackets, ulong TxBytes, ulong TxPackets);

/// <summary>Two ports of one bridge, by the names of their links, or one and the host itself.</summary>
internal readonly record struct PortPair(string From, string To)
{
    /// <summary>The host itself; no link has this name.</summary>
    public const string Host = "";
}
