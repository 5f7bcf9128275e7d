using System.Management.Automation;
using System.Net;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that measures hosts: over how long, how often and on which network is said the same way everywhere.</summary>
public abstract class SamplingCmdlet : HostCmdlet
{
    /// <summary>Time between two samples, in seconds.</summary>
    [Parameter]
    [ValidateRange(0.2, 3600.0)]
    public double SampleInterval { get; set; } = 1;

    /// <summary>Number of intervals in the window that the figures are statistics of.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int SampleCount { get; set; } = 5;

    /// <summary>
    /// The network that migrations use, for example 192.0.2.0/24: the link with an address in it is the uplink. By
    /// default it is the link by whose address a host is reached.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? MigrationNetwork { get; set; }

    /// <summary>How to measure, as the parameters say.</summary>
    protected private MeasureOptions Options { get; private set; } = null!;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Terminating(() => Options = new MeasureOptions
        {
            Interval = TimeSpan.FromSeconds(SampleInterval),
            Count = SampleCount,
            MigrationNetwork = MigrationNetwork is null ? null
                : IPNetwork.TryParse(MigrationNetwork, out IPNetwork network) ? network
                : throw Failures.MigrationNetworkInvalid(MigrationNetwork),
        });
    }

    /// <summary>Measures a host as a destination: all that its uplink carries is background to what arrives.</summary>
    protected private async Task<HostTraffic> MeasureHostAsync(HostEndpoint host)
    {
        await using ICommandChannel channel = await ConnectAsync(host, StopToken);
        // What its VMs say to each other does not matter here, so nothing is set up to count it.
        HostMeasurement measured = await TrafficMeter.MeasureAsync(channel, Options with { CountersOnly = true }, StopToken);
        return measured.Host;
    }
}
