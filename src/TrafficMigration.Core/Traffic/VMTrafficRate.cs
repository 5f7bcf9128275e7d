namespace TrafficMigration.Traffic;

/// <summary>What one VM sends and receives, measured over a window, and what planning needs to know of its host.</summary>
/// <remarks>Directions are the guest's: Tx is what the VM sends. Rates are bits per second (1 Mbps = 10^6 bit/s).</remarks>
public sealed record VMTrafficRate
{
    /// <summary>The host that the VM runs on, as the user named it.</summary>
    public required string HostName { get; init; }

    /// <summary>The VM's name.</summary>
    public required string VMName { get; init; }

    /// <summary>libvirt's UUID of the VM; <see langword="null"/> where the rates come from a file without it.</summary>
    public string? VMId { get; init; }

    /// <summary>Mean rate that the VM sent, bit/s.</summary>
    public required long TxBitsPerSecond { get; init; }

    /// <summary>Mean rate that the VM received, bit/s.</summary>
    public required long RxBitsPerSecond { get; init; }

    /// <summary>Memory that the guest has now, bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Rate at which the guest dirties memory, bytes per second; <see langword="null"/> where not measured.</summary>
    public long? DirtyBytesPerSecond { get; init; }

    /// <summary>Whether the VM can be migrated with post-copy; <see langword="null"/> where not known.</summary>
    public bool? PostCopyCapable { get; init; }

    /// <summary>What left the host's uplink and was not sent by a VM, bit/s.</summary>
    public long? HostBackgroundTxBitsPerSecond { get; init; }

    /// <summary>What entered the host's uplink and was not received by a VM, bit/s.</summary>
    public long? HostBackgroundRxBitsPerSecond { get; init; }

    /// <summary>Speed of the host's uplink, bit/s.</summary>
    public long? LinkBitsPerSecond { get; init; }

    /// <summary>When the window ended.</summary>
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>Length of the window by the host's own clock.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Number of samples that the rates rest on.</summary>
    public int? SampleCount { get; init; }
}

/// <summary>What a host's uplink carries beside the VMs that migrate, and the room that the host has.</summary>
public sealed record HostTraffic
{
    /// <summary>The host's name, as the user gave it.</summary>
    public required string HostName { get; init; }

    /// <summary>What the host sends already, bit/s: its own traffic and that of VMs which stay.</summary>
    public long BackgroundTxBitsPerSecond { get; init; }

    /// <summary>What the host receives already, bit/s: its own traffic and that of VMs which stay.</summary>
    public long BackgroundRxBitsPerSecond { get; init; }

    /// <summary>Speed of the uplink, bit/s; <see langword="null"/> where not known.</summary>
    public long? LinkBitsPerSecond { get; init; }

    /// <summary>Memory that the host can still give to VMs, bytes; <see langword="null"/> where not known.</summary>
    public long? FreeMemoryBytes { get; init; }
}
