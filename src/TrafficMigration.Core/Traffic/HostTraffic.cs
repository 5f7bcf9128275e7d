namespace TrafficMigration.Traffic;

/// <summary>What a host's uplink carries, and the room that the host has.</summary>
/// <remarks>
/// Directions are the host's: Tx is what leaves it. What Get-HostTraffic gives counts every VM of the host as
/// background, because for a migration that arrives there they are.
/// </remarks>
public sealed record HostTraffic
{
    /// <summary>The host's name, as the user gave it.</summary>
    public required string HostName { get; init; }

    /// <summary>What the host sends already, bit/s: its own traffic and that of VMs which stay.</summary>
    public long BackgroundTxBitsPerSecond { get; init; }

    /// <summary>What the host receives already, bit/s: its own traffic and that of VMs which stay.</summary>
    public long BackgroundRxBitsPerSecond { get; init; }

    /// <summary>The network link that a migration would use, for example <c>eno1</c> or <c>bond0</c>.</summary>
    public string? Uplink { get; init; }

    /// <summary>Speed of the uplink, bit/s; <see langword="null"/> where not known.</summary>
    public long? LinkBitsPerSecond { get; init; }

    /// <summary>Duplex mode of the uplink, as the driver says it: <c>full</c>, <c>half</c>; <see langword="null"/> where not known.</summary>
    public string? LinkDuplex { get; init; }

    /// <summary>Largest packet of the uplink (MTU), bytes.</summary>
    public int? LinkMtuBytes { get; init; }

    /// <summary>Share of the uplink's speed that was sent, 0 to 1, with the wire's own overhead of each packet; <see langword="null"/> without a known speed.</summary>
    public double? TxUtilization { get; init; }

    /// <summary>Share of the uplink's speed that was received, as <see cref="TxUtilization"/>.</summary>
    public double? RxUtilization { get; init; }

    /// <summary>The uplink was full in one direction or both; <see langword="null"/> where its speed is not known.</summary>
    public bool? Saturated { get; init; }

    /// <summary>The host's address on the migration network, where one was asked for.</summary>
    public string? MigrationAddress { get; init; }

    /// <summary>Memory that the host can still give to VMs, bytes; <see langword="null"/> where not known.</summary>
    public long? FreeMemoryBytes { get; init; }

    /// <summary>Processors of the host.</summary>
    public int? CpuCount { get; init; }

    /// <summary>Processors' worth of time that was idle over the window; <see langword="null"/> where not known.</summary>
    public double? IdleCpuCount { get; init; }

    /// <summary>Virtual processors of the VMs that run here; <see langword="null"/> where not known.</summary>
    public int? VCpuCount { get; init; }

    /// <summary>
    /// Virtual processors that may still be placed here, where a site says so; <see langword="null"/> to leave it to
    /// the plan's ratio of virtual to real processors.
    /// </summary>
    public int? FreeVCpuCount { get; init; }

    /// <summary>
    /// Whether QEMU may catch page faults here (userfaultfd), as the destination of a post-copy must;
    /// <see langword="null"/> where not known.
    /// </summary>
    public bool? PostCopyCapable { get; init; }

    /// <summary>The compressions that the host's libvirt and QEMU have; <see langword="null"/> where not known.</summary>
    public MemoryCompression? Compression { get; init; }

    /// <summary>When the window ended.</summary>
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>Length of the window by the host's own clock.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Number of intervals that the rates rest on.</summary>
    public int? SampleCount { get; init; }
}
