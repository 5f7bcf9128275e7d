namespace TrafficMigration.Migration;

/// <summary>What was seen of links and memory streams while a run lasted, each in the order of time.</summary>
/// <param name="Links">The uplinks of the run's hosts.</param>
/// <param name="Streams">The VMs' migrations.</param>
public sealed record RunSeries(IReadOnlyList<LinkSample> Links, IReadOnlyList<StreamSample> Streams);

/// <summary>What a host's uplink carried over a few seconds.</summary>
/// <param name="HostName">The host.</param>
/// <param name="Time">When the window ended.</param>
/// <param name="Window">How long the window was.</param>
/// <param name="TxBitsPerSecond">All that left the host, bit/s as its NIC counts: VMs, memory streams and whatever else.</param>
/// <param name="RxBitsPerSecond">All that came, bit/s.</param>
/// <param name="LinkBitsPerSecond">Speed of the link, bit/s on the wire; <see langword="null"/> where not known.</param>
/// <param name="VMs">The VMs that ran there, of the run or not.</param>
public sealed record LinkSample(
    string HostName, DateTimeOffset Time, TimeSpan Window, long TxBitsPerSecond, long RxBitsPerSecond, long? LinkBitsPerSecond,
    IReadOnlyList<VMLinkSample> VMs);

/// <summary>What a VM sent and received over its host's uplink; traffic between VMs of one host is not in it.</summary>
/// <param name="VMName">The VM.</param>
/// <param name="TxBitsPerSecond">What it sent, bit/s.</param>
/// <param name="RxBitsPerSecond">What it received, bit/s.</param>
public sealed record VMLinkSample(string VMName, long TxBitsPerSecond, long RxBitsPerSecond);

/// <summary>A look at a VM's migration.</summary>
/// <param name="VMName">The VM.</param>
/// <param name="Time">When.</param>
/// <param name="State">Where the migration was.</param>
/// <param name="BytesTransferred">Bytes sent so far.</param>
/// <param name="BytesRemaining">Bytes still to send; can grow in pre-copy.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest dirtied memory, bytes/s; <see langword="null"/> before QEMU has counted.</param>
public sealed record StreamSample(
    string VMName, DateTimeOffset Time, MigrationState State, long BytesTransferred, long BytesRemaining, long? DirtyBytesPerSecond);
