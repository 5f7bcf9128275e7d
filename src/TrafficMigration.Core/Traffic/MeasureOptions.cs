using System.Net;

namespace TrafficMigration.Traffic;

/// <summary>How a host is measured.</summary>
public sealed record MeasureOptions
{
    /// <summary>Time between two samples.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>Number of intervals that the window holds; at least 1.</summary>
    public required int Count { get; init; }

    /// <summary>
    /// Name or address of the host that VMs are to migrate to: the route to it tells the uplink.
    /// <see langword="null"/> takes the link by whose address the host is reached.
    /// </summary>
    public string? Destination { get; init; }

    /// <summary>The network that migrations use: the link with an address in it is the uplink, whatever the route.</summary>
    public IPNetwork? MigrationNetwork { get; init; }

    /// <summary>Whether libvirt is to measure the VMs' dirty rates over the window.</summary>
    public bool WithDirtyRate { get; init; }

    /// <summary>Whether libvirt is asked at both ends of the window what VMs have written to their disks.</summary>
    public bool WithDisks { get; init; }

    /// <summary>
    /// Whether nothing may be set up on the host: traffic between its VMs is then not told apart, only noticed.
    /// </summary>
    public bool CountersOnly { get; init; }
}
