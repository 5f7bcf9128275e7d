namespace TrafficMigration.Migration.Adaptive;

/// <summary>What is known of the traffic around one running migration.</summary>
/// <remarks>Rates are bit/s as network interfaces count them; directions of the VM are the guest's.</remarks>
internal sealed record LiveTraffic
{
    /// <summary>What the VM sends through the uplink of the host that it runs on, bit/s.</summary>
    public required long TxBitsPerSecond { get; init; }

    /// <summary>
    /// What the VM wants to send, bit/s. More than it sends only where the uplink is full and gives the VM no less than
    /// the memory stream: by max-min fairness a flow that gets less than another on a full link has all that it wants.
    /// </summary>
    public required long TxWantedBitsPerSecond { get; init; }

    /// <summary>What the VM receives, bit/s. No memory of its own competes with it before the switch.</summary>
    public required long RxBitsPerSecond { get; init; }

    /// <summary>What else leaves the source, bit/s: neither the VM's nor memory of this run.</summary>
    public required long SourceOtherTxBitsPerSecond { get; init; }

    /// <summary>What else enters the destination, bit/s: neither the VM's nor memory of this run.</summary>
    public required long DestinationOtherRxBitsPerSecond { get; init; }

    /// <summary>Speed of the source's uplink, bit/s on the wire; <see langword="null"/> where not known: then it never limits.</summary>
    public required long? SourceLinkBitsPerSecond { get; init; }

    /// <summary>Speed of the destination's uplink, likewise.</summary>
    public required long? DestinationLinkBitsPerSecond { get; init; }

    /// <summary>Whether the source's uplink has no room left in the outgoing direction.</summary>
    public bool IsSourceFull { get; init; }

    /// <summary>The run's other memory streams that share a link with this one.</summary>
    public IReadOnlyList<OtherStream> OtherStreams { get; init; } = [];

    /// <summary>When the older of the two hosts' samples came in.</summary>
    public DateTimeOffset SampledAt { get; init; }
}

/// <summary>Another memory stream of the run: it takes what it gets.</summary>
/// <param name="LeavesSource">Whether it leaves by the same source's uplink.</param>
/// <param name="EntersDestination">Whether it enters by the same destination's uplink.</param>
/// <param name="LimitBitsPerSecond">It takes no more than this, bit/s; <see langword="null"/> for no limit.</param>
internal readonly record struct OtherStream(bool LeavesSource, bool EntersDestination, long? LimitBitsPerSecond = null);
