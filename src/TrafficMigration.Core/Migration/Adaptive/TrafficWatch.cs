using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>Samples the hosts of a run while it lasts: one sampler a host, as Get-VMTrafficRate -Continuous does.</summary>
/// <remarks>
/// The uplinks' counters hold the run's own memory streams, too. They are taken off by what libvirt says of each job's
/// rate, over the window of the counters.
/// </remarks>
internal sealed class TrafficWatch : IAsyncDisposable
{
    // Framing is a guess (a NIC that cuts packets itself counts fewer headers), and two clocks never agree: so much of the
    // streams is not taken for others' traffic.
    private const double Uncertainty = 0.05;

    // Of a link's speed on the wire. Greedy flows leave less than this unused.
    private const double Full = 0.9;

    // A flow that gets so much of another one's rate gets "no less" within what sharing among real TCP flows is worth.
    private const double AsMuch = 0.8;

    // Three intervals even out a burst, and are over before a pre-copy worth adapting is.
    private const int Intervals = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // Five samples missed: what is older says nothing about now.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, HostMeasurement> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<VMMigrationPlan, StreamRates> _streams = new(ReferenceEqualityComparer.Instance);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, CancellationToken, Task<ICommandChannel>> _connect;
    private readonly Action<string, string> _onTrouble;
    private readonly Action<HostMeasurement> _onSample;
    private readonly TimeProvider _time;
    private readonly Task _sampling;

    /// <summary>Begins to sample sources and destinations.</summary>
    /// <param name="plans">The VMs whose hosts are to be sampled.</param>
    /// <param name="connect">The connection to a host. It stays its owner's: the watch ends its sampler, not the connection.</param>
    /// <param name="onTrouble">Is told once, from any thread, of a host that cannot be sampled (any more), and why.</param>
    /// <param name="onSample">Is given each sample, from any thread.</param>
    /// <param name="time">The clock; the system's where not given.</param>
    public TrafficWatch(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect,
        Action<string, string> onTrouble, Action<HostMeasurement>? onSample = null, TimeProvider? time = null)
    {
        (_connect, _onTrouble, _onSample, _time) = (connect, onTrouble, onSample ?? (_ => { }), time ?? TimeProvider.System);
        var towards = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (VMMigrationPlan plan in plans)
        {
            // The uplink is the one by which the memory goes.
            towards[plan.Source] = plan.MigrationAddress ?? plan.Destination;
        }

        foreach (VMMigrationPlan plan in plans)
        {
            towards.TryAdd(plan.Destination, plan.Source);
        }

        _sampling = Task.WhenAll(towards.Select(h => SampleAsync(h.Key, h.Value)));
    }

    /// <summary>Takes note of the rate of a job of this run, whether its hosts are sampled or not.</summary>
    /// <param name="plan">The VM's plan, always the same object.</param>
    /// <param name="bytesPerSecond">What libvirt says (<see cref="JobFigures.BytesPerSecond"/>); 0 for a job that has ended.</param>
    public void Report(VMMigrationPlan plan, long bytesPerSecond) =>
        _streams.GetOrAdd(plan, _ => new StreamRates()).Add(_time.GetUtcNow(), Math.Max(0, bytesPerSecond));

    /// <summary>The traffic around a VM's migration.</summary>
    /// <returns>
    /// <see langword="null"/> where it is not known, or not known any more: a host is not sampled, its last sample is old,
    /// no uplink's speed is known, the VM is on neither host, or part of what it sends may never reach the uplink.
    /// </returns>
    public LiveTraffic? Now(VMMigrationPlan plan)
    {
        if (Fresh(plan.Source) is not { } source || Fresh(plan.Destination) is not { } destination)
        {
            return null;
        }

        // Where it runs after the switch it is listed at once; where it ran, its idle interface stays for a while.
        VMTrafficRate? moved = Find(destination, plan);
        VMTrafficRate? vm = moved ?? Find(source, plan);
        if (vm is null || (moved is null ? source : destination).HasUnknownLocalTraffic
            || (Speed(source) ?? Speed(destination)) is null)
        {
            return null;
        }

        bool isFull = source.Host.TxUtilization >= Full;
        return new LiveTraffic
        {
            TxBitsPerSecond = vm.TxBitsPerSecond,
            TxWantedBitsPerSecond = moved is null && isFull && vm.TxBitsPerSecond >= AsMuch * MemoryBits([plan], source.Host)
                ? Math.Max(vm.TxBitsPerSecond, plan.Rate.TxBitsPerSecond)
                : vm.TxBitsPerSecond,
            RxBitsPerSecond = vm.RxBitsPerSecond,
            SourceOtherTxBitsPerSecond = Other(
                source.Host.BackgroundTxBitsPerSecond - (moved is null ? vm.TxBitsPerSecond : 0),
                MemoryBits(_streams.Keys.Where(p => Same(p.Source, plan.Source)), source.Host)),
            DestinationOtherRxBitsPerSecond = Other(
                destination.Host.BackgroundRxBitsPerSecond - (moved is null ? 0 : vm.RxBitsPerSecond),
                MemoryBits(_streams.Keys.Where(p => Same(p.Destination, plan.Destination)), destination.Host)),
            SourceLinkBitsPerSecond = Speed(source),
            DestinationLinkBitsPerSecond = Speed(destination),
            IsSourceFull = isFull,
            OtherStreams = [.. _streams.Where(s => s.Value.Last > 0 && !ReferenceEquals(s.Key, plan))
                .Select(s => new OtherStream(
                    Same(s.Key.Source, plan.Source), Same(s.Key.Destination, plan.Destination), s.Key.BandwidthLimitBitsPerSecond))
                .Where(s => s.LeavesSource || s.EntersDestination)],
            SampledAt = source.Host.SampledAt < destination.Host.SampledAt ? source.Host.SampledAt!.Value : destination.Host.SampledAt!.Value,
        };
    }

    /// <summary>Ends the samplers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        _stop.Dispose();
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static long? Speed(HostMeasurement host) => host.Host.LinkBitsPerSecond is > 0 and var speed ? speed : null;

    private static VMTrafficRate? Find(HostMeasurement host, VMMigrationPlan plan) => host.VirtualMachines.FirstOrDefault(
        v => v.VMId is not null && plan.VMId is not null ? v.VMId == plan.VMId : v.VMName == plan.VMName);

    private static long Other(long all, double memory) => (long)Math.Max(0, all - (memory * (1 + Uncertainty)));

    /// <summary>What these streams were of a host's uplink over the window of its counters, bit/s as counted.</summary>
    private double MemoryBits(IEnumerable<VMMigrationPlan> plans, HostTraffic host)
    {
        DateTimeOffset to = host.SampledAt!.Value;
        DateTimeOffset from = to - (host.Window ?? TimeSpan.Zero);
        return plans.Sum(p => _streams.TryGetValue(p, out StreamRates? rates) ? rates.Mean(from, to) : 0) * 8 / TcpFraming.PayloadPerCounted;
    }

    private HostMeasurement? Fresh(string host) =>
        _hosts.TryGetValue(host, out HostMeasurement? last) && _time.GetUtcNow() - last.Host.SampledAt < FreshFor ? last : null;

    /// <summary>Samples a host until the end; one that is lost is looked for, and meanwhile nothing is known of it.</summary>
    private async Task SampleAsync(string host, string towards)
    {
        bool isTold = false;
        while (await SampleOnceAsync(host, towards) is { } trouble)
        {
            if (!isTold)
            {
                isTold = true;
                _onTrouble(host, $"its traffic is not known any more, so it is not recorded, and no migration from or to it is adapted to it: {trouble.Message}");
            }

            if (trouble is not MigrationException { Kind: FailureKind.Connection or FailureKind.Timeout or FailureKind.Unavailable })
            {
                return;
            }

            await Task.Delay(Retry, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>What went wrong; <see langword="null"/> when the watch is over.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "A run never fails because of its watch, whatever befalls that.")]
    private async Task<Exception?> SampleOnceAsync(string host, string towards)
    {
        var options = new MeasureOptions { Interval = Interval, Count = Intervals, Destination = towards };
        try
        {
            ICommandChannel channel = await _connect(host, _stop.Token);
            await foreach (HostMeasurement measured in TrafficMeter.WatchAsync(channel, options, _stop.Token))
            {
                _hosts[host] = measured;
                _onSample(measured);
            }

            return null;
        }
        catch (Exception e)
        {
            // What is not known is not acted upon. When the run is over, connections go, and nobody need hear of it.
            _hosts.TryRemove(host, out _);
            return _stop.IsCancellationRequested ? null : e;
        }
    }
}
