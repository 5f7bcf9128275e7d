using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>What was measured on one host.</summary>
/// <param name="Host">All that its uplink carries, VMs included, and its room: what matters where the host is a destination.</param>
/// <param name="VirtualMachines">Its running VMs, in libvirt's order.</param>
public sealed record HostMeasurement(HostTraffic Host, IReadOnlyList<VMTrafficRate> VirtualMachines);

/// <summary>Measures the traffic of a host and of its VMs.</summary>
public static class TrafficMeter
{
    /// <summary>Takes samples at an interval, each by one remote command, and turns them into rates.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="interval">Time between two samples.</param>
    /// <param name="count">Number of intervals; at least 1.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="MigrationException">
    /// <c>LibvirtMissing</c>, <c>LibvirtUnavailable</c>, <c>LibvirtAccessDenied</c>, <c>CommandFailed</c>,
    /// <c>AnswerNotUnderstood</c>, and the channel's own.
    /// </exception>
    public static async Task<HostMeasurement> MeasureAsync(
        ICommandChannel channel, TimeSpan interval, int count, CancellationToken cancellationToken)
    {
        var samples = new List<HostSample> { await SampleAsync(channel, cancellationToken) };
        using var timer = new PeriodicTimer(interval);
        while (samples.Count <= count)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            samples.Add(await SampleAsync(channel, cancellationToken));
        }

        return RateCalculator.Between(channel.HostName, samples, DateTimeOffset.Now);
    }

    private static async Task<HostSample> SampleAsync(ICommandChannel channel, CancellationToken cancellationToken)
    {
        CommandResult result = await channel.ExecuteAsync(HostSampleCommand.Text, cancellationToken);
        return result.ExitCode == 0
            ? HostSampleParser.Parse(channel.HostName, result.Output)
            : throw VirshFailure.From(channel.HostName, "reading the VMs' traffic", result);
    }
}
