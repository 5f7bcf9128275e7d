namespace TrafficMigration.Kvm;

/// <summary>What a host showed at one moment: its clocks, running VMs, network links and free memory.</summary>
/// <param name="WallClock">The host's wall clock at the middle of the sample, seconds; fine, but it can be set.</param>
/// <param name="Uptime">The host's monotonic clock at the middle of the sample, seconds; in steps of 10 ms.</param>
/// <param name="FreeMemoryBytes">Memory that new VMs could use, bytes.</param>
/// <param name="AddressLink">The link that holds the address by which we reach the host; <see langword="null"/> if none does.</param>
/// <param name="Domains">The running VMs, in libvirt's order.</param>
/// <param name="Links">The host's network links with their counters.</param>
internal sealed record HostSample(
    double WallClock, double Uptime, long FreeMemoryBytes, string? AddressLink,
    IReadOnlyList<DomainSample> Domains, IReadOnlyList<LinkSample> Links);

/// <summary>One running VM.</summary>
/// <param name="Id">libvirt's UUID.</param>
/// <param name="Name">The VM's name.</param>
/// <param name="MemoryBytes">The memory that the guest has now, bytes.</param>
/// <param name="Interfaces">Its network interfaces; empty for a VM without.</param>
internal sealed record DomainSample(string Id, string Name, long? MemoryBytes, IReadOnlyList<InterfaceSample> Interfaces);

/// <summary>A VM's network interface, directions from the guest's side.</summary>
/// <param name="Name">Name of the host's end, for example <c>vnet0</c>.</param>
/// <param name="TxBytes">Bytes that the guest sent since the interface exists.</param>
/// <param name="RxBytes">Bytes that the guest received since the interface exists.</param>
internal sealed record InterfaceSample(string Name, long TxBytes, long RxBytes);

/// <summary>A network link of the host, directions from the host's side.</summary>
/// <param name="Name">The link's name.</param>
/// <param name="Master">The bridge or bond that it is a port of; <see langword="null"/> if none.</param>
/// <param name="IsTap">Whether a VM is behind it.</param>
/// <param name="BitsPerSecond">Its speed, bit/s; <see langword="null"/> where the driver tells none.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="RxBytes">Bytes received.</param>
internal sealed record LinkSample(string Name, string? Master, bool IsTap, long? BitsPerSecond, long TxBytes, long RxBytes);
