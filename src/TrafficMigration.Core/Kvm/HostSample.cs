namespace TrafficMigration.Kvm;

/// <summary>What a sampled host says: a <see cref="HostSample"/> at each interval, <see cref="HostFacts"/> when asked.</summary>
internal abstract record HostReport;

/// <summary>The kernel's counters of a host at one moment.</summary>
/// <param name="WallClock">The host's wall clock in the middle of the reading, seconds; fine, but it can be set.</param>
/// <param name="Uptime">The host's monotonic clock in the middle of the reading, seconds; in steps of 10 ms.</param>
/// <param name="Links">Counters by the link's name.</param>
/// <param name="Pairs">
/// Bytes from one port of a bridge to another, Ethernet headers included, since counting began; pairs without traffic
/// are missing. <see langword="null"/> where this is not counted.
/// </param>
internal sealed record HostSample(
    double WallClock, double Uptime,
    IReadOnlyDictionary<string, LinkCounters> Links,
    IReadOnlyDictionary<PortPair, ulong>? Pairs) : HostReport;

/// <summary>Counters of a network link, directions from the host's side.</summary>
internal readonly record struct LinkCounters(ulong RxBytes, ulong RxPackets, ulong TxBytes, ulong TxPackets);

/// <summary>Two ports of one bridge, by the names of their links.</summary>
internal readonly record struct PortPair(string From, string To);
