using System.Collections.Concurrent;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>Samples the hosts of a run while it lasts: one sampler a host, as Get-VMTrafficRate -Continuous does.</summary>
/// <remarks>
/// The uplinks' counters hold the run's own memory streams, too. They are taken off by what libvirt says of each job's
/// rate; a rest below a twentieth of the link is their headers and the difference of the clocks, and counts as nothing.
/// </remarks>
internal sealed class TrafficWatch : IAsyncDisposable
{
    // TCP over Ethernet with full packets: 1514 bytes on the link for 1448 of memory (docs/planning.md).
    private const double Framing = 1514.0 / 1448;
    private const double Noise = 0.05;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, (HostMeasurement Measured, DateTime At)> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<VMMigrationPlan, long> _streams = new(ReferenceEqualityComparer.Instance);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sampling;

    /// <summary>Begins to sample.</summary>
    /// <param name="plans">The run's VMs.</param>
    /// <param name="connect">The connection to a host, if it can be had now.</param>
    /// <param name="onTrouble">Is told of a host that cannot be sampled.</param>
    public TrafficWatch(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, Action<string, string> onTrouble)
    {
        var hosts = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (VMMigrationPlan plan in plans)
        {
            // The uplink is the one by which the memory goes.
            hosts[plan.Source] = plan.MigrationAddress ?? plan.Destination;
            hosts.TryAdd(plan.Destination, plan.Source);
        }

        _sampling = Task.WhenAll(hosts.Select(h => SampleAsync(h.Key, h.Value, connect, onTrouble)));
    }

    /// <summary>Takes note of a job's rate; zero for a job that has ended.</summary>
    public void Report(VMMigrationPlan plan, long bytesPerSecond)
    {
        if (bytesPerSecond > 0)
        {
            _streams[plan] = bytesPerSecond;
        }
        else
        {
            _streams.TryRemove(plan, out _);
        }
    }

    /// <summary>The traffic around a VM's migration; <see langword="null"/> where it is not known, or not known any more.</summary>
    public LiveTraffic? Now(VMMigrationPlan plan)
    {
        if (Fresh(plan.Source) is not { } source || Fresh(plan.Destination) is not { } destination
            || source.VirtualMachines.FirstOrDefault(v => v.VMId is not null ? v.VMId == plan.VMId : v.VMName == plan.VMName) is not { } vm
            || (source.Host.LinkBitsPerSecond ?? destination.Host.LinkBitsPerSecond) is not { } link)
        {
            return null;
        }

        link = Math.Min(link, destination.Host.LinkBitsPerSecond ?? link);
        (VMMigrationPlan Plan, long Rate)[] streams = [.. _streams.Select(s => (s.Key, s.Value))];
        (VMMigrationPlan Plan, long Rate)[] leaving = [.. streams.Where(s => Same(s.Plan.Source, plan.Source))];
        (VMMigrationPlan Plan, long Rate)[] arriving = [.. streams.Where(s => Same(s.Plan.Destination, plan.Destination))];
        return new LiveTraffic(
            vm.TxBitsPerSecond, vm.RxBitsPerSecond,
            // Of what the source sends, the VM itself is named apart; other VMs contend, too.
            Other(source.Host.BackgroundTxBitsPerSecond - vm.TxBitsPerSecond, leaving, link),
            Other(destination.Host.BackgroundRxBitsPerSecond, arriving, link),
            link, Math.Max(1, leaving.Length), Math.Max(1, arriving.Length));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        _stop.Dispose();
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static long Other(long all, (VMMigrationPlan Plan, long Rate)[] streams, long link)
    {
        double rest = all - (streams.Sum(s => s.Rate) * 8 * Framing);
        return rest > Noise * link ? (long)rest : 0;
    }

    private HostMeasurement? Fresh(string host) =>
        _hosts.TryGetValue(host, out var last) && DateTime.UtcNow - last.At < FreshFor ? last.Measured : null;

    private async Task SampleAsync(
        string host, string? towards, Func<string, CancellationToken, Task<ICommandChannel>> connect, Action<string, string> onTrouble)
    {
        var options = new MeasureOptions { Interval = Interval, Count = 3, Destination = towards };
        bool hasTold = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                ICommandChannel channel = await connect(host, _stop.Token);
                await foreach (HostMeasurement measured in TrafficMeter.WatchAsync(channel, options, _stop.Token))
                {
                    _hosts[host] = (measured, DateTime.UtcNow);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (MigrationException e)
            {
                // The run goes on without: what is not known is not acted upon.
                if (!hasTold)
                {
                    hasTold = true;
                    onTrouble(host, $"its traffic is not known for now, so nothing is adapted to it: {e.Message}");
                }
            }

            await Task.Delay(Patience, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
