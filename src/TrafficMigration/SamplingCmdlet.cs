using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that measures hosts: over how long, and how often, is said the same way everywhere.</summary>
public abstract class SamplingCmdlet : HostCmdlet
{
    /// <summary>Time between two samples, in seconds.</summary>
    [Parameter]
    [ValidateRange(0.2, 3600.0)]
    public double SampleInterval { get; set; } = 1;

    /// <summary>Number of intervals that the rates are the mean of.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int SampleCount { get; set; } = 5;

    /// <summary>Measures a host over the window that the parameters say.</summary>
    protected Task<HostMeasurement> MeasureAsync(ICommandChannel channel) =>
        TrafficMeter.MeasureAsync(channel, TimeSpan.FromSeconds(SampleInterval), SampleCount, StopToken);
}
