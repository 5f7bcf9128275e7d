using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The traffic around a migration, from samplers of recorded hosts with links of 100 Mbit/s whose counters go on as the test has it.</summary>
public sealed class TrafficWatchTests
{
    private const double Counted = 1514.0 / 1448;
    private static readonly Load Idle = new(0, 0, 0, 0);

    // bytes/s: the VM sends 20 Mbit/s and receives 4; 7.5 MB/s of memory and 10 Mbit/s of others.
    private static readonly Load Sending = new(2_500_000, 500_000, (7_500_000 * Counted) + 1_250_000, 0);
    private static readonly Load Receiving = new(0, 0, 0, (7_500_000 * Counted) + 2_500_000);

    [Fact]
    public async Task Streams_of_the_run_are_not_taken_for_others_traffic()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        await using TrafficWatch watch = await site.WatchAsync(plan);

        LiveTraffic without = watch.Now(plan)!;
        site.Clock.Offset = TimeSpan.FromSeconds(-30);
        watch.Report(plan, 7_500_000);
        site.Clock.Offset = TimeSpan.Zero;
        LiveTraffic with = watch.Now(plan)!;

        Assert.Equal((20_000_000, 4_000_000), (with.TxBitsPerSecond, with.RxBitsPerSecond));
        Assert.Equal((100_000_000, 100_000_000), (with.SourceLinkBitsPerSecond!.Value, with.DestinationLinkBitsPerSecond!.Value));
        // Less a twentieth of the stream, for what its framing and clocks are worth.
        Assert.Equal(10e6 - (0.05 * 60e6 * Counted), with.SourceOtherTxBitsPerSecond, 100_000.0);
        Assert.Equal(20e6 - (0.05 * 60e6 * Counted), with.DestinationOtherRxBitsPerSecond, 100_000.0);
        // The counters do hold them.
        Assert.Equal(10e6 + (60e6 * Counted), without.SourceOtherTxBitsPerSecond, 100_000.0);
    }

    [Fact]
    public async Task A_stream_of_another_VM_counts_at_each_host_that_it_shares_and_its_end_only_when_the_window_has_passed()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving), ("kvm-c", "another", Idle));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        VMMigrationPlan fellow = Plan("vm2", "kvm-a", "kvm-c") with { BandwidthLimitBitsPerSecond = 80_000_000 };
        await using TrafficWatch watch = await site.WatchAsync(plan, fellow);

        site.Clock.Offset = TimeSpan.FromSeconds(-30);
        watch.Report(fellow, 7_500_000);
        site.Clock.Offset = TimeSpan.Zero;
        Assert.Equal([new OtherStream(true, false, 80_000_000)], watch.Now(plan)!.OtherStreams);
        watch.Report(fellow, 0);
        LiveTraffic ended = watch.Now(plan)!;

        Assert.Empty(ended.OtherStreams);
        Assert.InRange(ended.SourceOtherTxBitsPerSecond, 0, 10_000_000);
        Assert.InRange(ended.DestinationOtherRxBitsPerSecond, 80_000_000, 90_000_000); // none of it goes there
    }

    [Fact]
    public async Task Libvirt_says_more_than_the_counters_hold_and_nothing_becomes_negative()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        await using TrafficWatch watch = await site.WatchAsync(plan);
        site.Clock.Offset = TimeSpan.FromSeconds(-30);
        watch.Report(plan, 50_000_000);
        site.Clock.Offset = TimeSpan.Zero;

        LiveTraffic traffic = watch.Now(plan)!;
        Assert.Equal((0, 0), (traffic.SourceOtherTxBitsPerSecond, traffic.DestinationOtherRxBitsPerSecond));
    }

    [Fact]
    public async Task A_VM_that_gets_no_less_than_memory_on_a_full_link_may_want_what_it_was_measured_to_send()
    {
        Load full = new(5_800_000, 0, 5_500_000 * Counted, 0);
        await using var site = new Site(("kvm-a", "vm1", full), ("kvm-b", "other", Idle));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b") with { Rate = Rate("vm1", 90_000_000) };
        await using TrafficWatch watch = await site.WatchAsync(plan);
        site.Clock.Offset = TimeSpan.FromSeconds(-30);
        watch.Report(plan, 5_500_000);
        site.Clock.Offset = TimeSpan.Zero;

        LiveTraffic traffic = watch.Now(plan)!;
        Assert.True(traffic.IsSourceFull);
        Assert.Equal((46_400_000, 90_000_000), (traffic.TxBitsPerSecond, traffic.TxWantedBitsPerSecond));
    }

    [Fact]
    public async Task After_the_switch_the_VM_is_looked_for_at_the_destination()
    {
        // Its interface at the source is idle now; memory still flows, 60 Mbit/s.
        await using var site = new Site(("kvm-a", "vm1", Idle with { HostTx = 7_500_000 * Counted }), ("kvm-b", "vm1", new Load(2_500_000, 500_000, 0, 7_500_000 * Counted)));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        await using TrafficWatch watch = await site.WatchAsync(plan);
        site.Clock.Offset = TimeSpan.FromSeconds(-30);
        watch.Report(plan, 7_500_000);
        site.Clock.Offset = TimeSpan.Zero;

        LiveTraffic traffic = watch.Now(plan)!;
        Assert.Equal((20_000_000, 4_000_000), (traffic.TxBitsPerSecond, traffic.RxBitsPerSecond));
        Assert.Equal((0, 0), (traffic.SourceOtherTxBitsPerSecond, traffic.DestinationOtherRxBitsPerSecond));
    }

    [Fact]
    public async Task Nothing_is_known_of_a_VM_that_is_nowhere_or_of_old_samples()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving));
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        await using TrafficWatch watch = await site.WatchAsync(plan);

        Assert.NotNull(watch.Now(plan));
        Assert.Null(watch.Now(Plan("vm7", "kvm-a", "kvm-b")));
        Assert.Null(watch.Now(Plan("vm1", "kvm-a", "kvm-x")));
        site.Clock.Offset = TimeSpan.FromMinutes(1);
        Assert.Null(watch.Now(plan));
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("breaks")]
    [InlineData("ends")]
    public async Task A_host_that_fails_is_told_of_once_and_only_its_VMs_are_not_adapted(string how)
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving), ("kvm-c", "another", Idle)) { Failing = ("kvm-c", how) };
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        VMMigrationPlan fellow = Plan("vm1", "kvm-a", "kvm-c");
        await using TrafficWatch watch = await site.WatchAsync(plan, fellow);
        string trouble = Assert.Single(site.Troubles);

        Assert.StartsWith("kvm-c: its traffic is not known any more", trouble, StringComparison.Ordinal);
        Assert.NotNull(watch.Now(plan));
        Assert.Null(watch.Now(fellow));
    }

    [Fact]
    public async Task A_host_that_was_lost_is_sampled_again_when_it_is_back()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving)) { Failing = ("kvm-b", "is away for a while") };
        VMMigrationPlan plan = Plan("vm1", "kvm-a", "kvm-b");
        await using TrafficWatch watch = await site.WatchAsync(plan);

        await site.Hosts[1].Played.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Single(site.Troubles);
        Assert.NotNull(watch.Now(plan));
    }

    [Fact]
    public async Task Its_end_ends_the_samplers_but_not_the_connections_and_troubles_nobody()
    {
        await using var site = new Site(("kvm-a", "vm1", Sending), ("kvm-b", "other", Receiving));
        await (await site.WatchAsync(Plan("vm1", "kvm-a", "kvm-b"))).DisposeAsync();

        Assert.Empty(site.Troubles);
        Assert.All(site.Hosts, h => Assert.Equal((1, true, false), (h.Samplers, h.IsStreamClosed, h.IsClosed)));
    }

    [Fact]
    public void The_mean_of_a_stream_is_over_the_time_that_is_asked_for()
    {
        var rates = new StreamRates();
        DateTimeOffset begin = DateTimeOffset.UnixEpoch;
        rates.Add(begin.AddSeconds(10), 100);
        rates.Add(begin.AddSeconds(12), 300);
        rates.Add(begin.AddSeconds(14), 0);

        Assert.Equal(0, rates.Mean(begin, begin.AddSeconds(10)));
        Assert.Equal(50, rates.Mean(begin.AddSeconds(8), begin.AddSeconds(12)));
        Assert.Equal(200, rates.Mean(begin.AddSeconds(10), begin.AddSeconds(14)));
        Assert.Equal(800.0 / 10, rates.Mean(begin.AddSeconds(10), begin.AddSeconds(20)));
        rates.Add(begin.AddSeconds(11), 500); // the clock was set back
        Assert.Equal(300, rates.Mean(begin.AddSeconds(10), begin.AddSeconds(12)));
    }

    private static VMMigrationPlan Plan(string vm, string source, string destination) => new()
    {
        VMName = vm, Source = source, Destination = destination, Technique = Technique.PreCopy, Rate = Rate(vm, 0),
        SourceContentionBitsPerSecond = 0, DestinationContentionBitsPerSecond = 0,
    };

    private static VMTrafficRate Rate(string vm, long tx) => new() { HostName = "kvm-a", VMName = vm, TxBitsPerSecond = tx, RxBitsPerSecond = 0 };

    /// <summary>What goes over a host's uplink, bytes/s: its VM, the guest's side, and the host itself.</summary>
    private sealed record Load(double VMTx, double VMRx, double HostTx, double HostRx);

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Offset;

        // Waiting costs nothing here.
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(1), period);
    }

    /// <summary>Hosts, each with a VM of a name.</summary>
    private sealed class Site(params (string Name, string VM, Load Load)[] hosts) : IAsyncDisposable
    {
        private int _attempts;

        public PlayedHost[] Hosts { get; } = [.. hosts.Select(h => new PlayedHost(h.Name, h.VM, h.Load))];

        public Clock Clock { get; } = new();

        public List<string> Troubles { get; } = [];

        public (string Host, string How)? Failing { get; init; }

        /// <summary>A watch whose window is full, and whose failing host has failed.</summary>
        public async Task<TrafficWatch> WatchAsync(params VMMigrationPlan[] plans)
        {
            var failed = new TaskCompletionSource();
            var watch = new TrafficWatch(
                plans, Connect,
                (host, text) =>
                {
                    lock (Troubles)
                    {
                        Troubles.Add($"{host}: {text}");
                    }

                    failed.TrySetResult();
                },
                time: Clock);
            await Task.WhenAll(Hosts.Where(h => h.Name != Failing?.Host).Select(h => h.Played)).WaitAsync(TestContext.Current.CancellationToken);
            await (Failing is null ? Task.CompletedTask : failed.Task).WaitAsync(TestContext.Current.CancellationToken);
            return watch;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (PlayedHost host in Hosts)
            {
                await host.DisposeAsync();
            }
        }

        private Task<ICommandChannel> Connect(string name, CancellationToken cancellationToken)
        {
            PlayedHost host = Hosts.Single(h => h.Name == name);
            if (Failing is var (failing, how) && failing == name)
            {
                host.EndsEarly = how == "ends";
                return how switch
                {
                    "is away for a while" when Interlocked.Increment(ref _attempts) > 3 => Task.FromResult<ICommandChannel>(host),
                    "refuses" or "is away for a while" => throw Failures.HostUnreachable(name, 22, "connection refused"),
                    "breaks" => Task.FromException<ICommandChannel>(new InvalidOperationException("something else is wrong")),
                    _ => Task.FromResult<ICommandChannel>(host),
                };
            }

            return Task.FromResult<ICommandChannel>(host);
        }
    }

    /// <summary>A recorded host: four samples two seconds apart, then silence.</summary>
    private sealed class PlayedHost(string name, string vm, Load load) : ICommandChannel
    {
        private readonly TaskCompletionSource _played = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public bool IsConnected => true;

        public string HostName => name;

        public int Samplers { get; private set; }

        public bool EndsEarly { get; set; }

        public bool IsStreamClosed { get; private set; }

        public bool IsClosed { get; private set; }

        /// <summary>All samples were read, and what they say was taken.</summary>
        public Task Played => _played.Task;

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("The recorded VMs have no disks to ask for.");

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            Samplers++;
            return Task.FromResult<ICommandStream>(new Stream(this, Lines(new Recording("bridge"))));
        }

        public ValueTask DisposeAsync()
        {
            IsClosed = true;
            return ValueTask.CompletedTask;
        }

        private IEnumerable<string> Lines(Recording recording)
        {
            string facts = string.Join('\n', recording.FactsLines);
            string ours = facts.Replace("Domain: 'vm1'", $"Domain: '{vm}'", StringComparison.Ordinal).Replace("<name>vm1<", $"<name>{vm}<", StringComparison.Ordinal);
            return ours.Split('\n').Append("@end").Concat(Enumerable.Range(0, EndsEarly ? 2 : 4).SelectMany(i => Sample(recording, 2 * i).Append("@end")));
        }

        private IEnumerable<string> Sample(Recording recording, int second)
        {
            string time = string.Create(CultureInfo.InvariantCulture, $"{1_000_000_000 + second}.5 {5000 + second}.50");
            string Moved(double rx, double tx) => string.Create(
                CultureInfo.InvariantCulture, $"{(long)(rx * second)} {(long)(rx * second / 1000)} 0 0 0 0 0 0 {(long)(tx * second)} {(long)(tx * second / 1000)} 0 0 0 0 0 0");
            return recording.Blocks.First(b => b[0].StartsWith("@sample", StringComparison.Ordinal)).Select(line => line.Split(':')[0].Trim() switch
            {
                ['@', ..] => $"{line.Split(' ')[0]} {time}",
                "vnet0" => $"vnet0: {Moved(load.VMTx, load.VMRx)}",
                "br0" => $"br0: {Moved(load.HostRx, load.HostTx)}",
                "uplink0" => $"uplink0: {Moved(load.VMRx + load.HostRx, load.VMTx + load.HostTx)}",
                _ => line,
            });
        }

        private sealed class Stream(PlayedHost host, IEnumerable<string> lines) : ICommandStream
        {
            private readonly Queue<string> _lines = new(lines);

            public Task<CommandResult> Completion => Task.FromResult(new CommandResult(1, "", "killed"));

            public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
            {
                if (_lines.TryDequeue(out string? line))
                {
                    return line;
                }

                host._played.TrySetResult();
                if (!host.EndsEarly)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }

                return null;
            }

            public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken) =>
                throw new InvalidOperationException($"Nothing is to be asked for in so short a time, but was: {line}");

            public ValueTask DisposeAsync()
            {
                host.IsStreamClosed = true;
                return ValueTask.CompletedTask;
            }
        }
    }
}
