using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What of a plan reaches the hosts: turns, budgets, limits, the switch.</summary>
public sealed partial class MigrationOrderTests
{
    [Fact]
    public async Task Migrations_start_by_their_turn_and_within_the_budget()
    {
        var site = new FakeSite();
        // Turns against the order of the names.
        VMMigrationPlan[] plans = [.. Enumerable.Range(0, 6).Select(i => Plan($"vm{i}", "kvm1", i % 2 == 0 ? "a" : "b") with { Order = 6 - i })];

        await Run(site, plans, new MigrationBudget(ThrottleLimit: 3, MaxIncomingPerHost: 1));

        // Which of two destinations is free first is chance; to each of them the turns count.
        string[] starts = [.. site.Starts.Select(s => s.VM)];
        Assert.Equal(["vm5", "vm4"], starts.Take(2));
        Assert.Equal(["vm5", "vm3", "vm1"], starts.Where(vm => vm is "vm1" or "vm3" or "vm5"));
        Assert.Equal(["vm4", "vm2", "vm0"], starts.Where(vm => vm is "vm0" or "vm2" or "vm4"));
        Assert.Equal(2, site.MostAtOnce);
        Assert.Equal(1, site.MostInto["a"]);
    }

    [Fact]
    public async Task Limits_reach_virsh_in_MiB_per_second_and_only_what_may_switch_can()
    {
        var site = new FakeSite();
        VMMigrationPlan limited = Plan("vm1", "kvm1", "a") with { BandwidthLimitBitsPerSecond = 7 * VMMigrationPlan.BandwidthStep };
        VMMigrationPlan switching = Plan("vm2", "kvm1", "a") with { SwitchesToPostCopy = true };

        await Run(site, [limited, switching], new MigrationBudget());

        Assert.Equal([("vm1", "7", ""), ("vm2", "", "switch")], site.Starts.OrderBy(s => s.VM));
    }

    [Theory]
    [InlineData(new long[] { 100, 40, 16, 6 }, false)]
    [InlineData(new long[] { 100, 40, 40 }, true)]
    [InlineData(new long[] { 100, 120, 90, 90 }, true)]
    [InlineData(new long[] { 100, 120 }, false)] // the second pass has only begun
    public void A_pass_that_leaves_no_less_than_the_one_before_stalls(long[] toSend, bool stalls)
    {
        var watch = new ConvergenceWatch();
        bool seen = false;
        for (int pass = 0; pass < toSend.Length; pass++)
        {
            seen |= watch.Stalls(new JobFigures(0, toSend[pass], 100, null, pass + 1));
            // Within a pass what is left shrinks, and says nothing.
            seen |= watch.Stalls(new JobFigures(0, toSend[pass] / 2, 100, null, pass + 1));
        }

        Assert.Equal(stalls, seen);
    }

    private static VMMigrationPlan Plan(string vm, string source, string destination) => Planner.CreatePlan(
        new PlanRequest
        {
            Rates = [new VMTrafficRate { HostName = source, VMName = vm, VMId = vm, TxBitsPerSecond = 1, RxBitsPerSecond = 1 }],
            Destinations = [new HostTraffic { HostName = destination }], Strategy = Strategy.PreCopy, CreatedAt = DateTimeOffset.UnixEpoch,
        },
        CancellationToken.None)[0];

    private static async Task Run(FakeSite site, VMMigrationPlan[] plans, MigrationBudget budget)
    {
        var results = new ConcurrentBag<VMMigrationResult>();
        await MigrationRun.RunAsync(plans, site.ConnectAsync, budget, _ => { }, results.Add, TestContext.Current.CancellationToken);
        Assert.Equal(plans.Length, results.Count);
        Assert.All(results, r => Assert.Equal(MigrationOutcome.Completed, r.Outcome));
    }

    [GeneratedRegex(@"'(vm\d)' 'qemu\+ssh://(\w+)/system' 'tcp://\w+' '\w+' '(\d*)' '(\w*)'$")]
    private static partial Regex StartCommand { get; }

    /// <summary>Hosts on which every migration is seen running once and has ended at the next look.</summary>
    private sealed class FakeSite
    {
        private readonly ConcurrentDictionary<string, int> _looks = new();
        private readonly ConcurrentDictionary<string, string> _running = new();

        public ConcurrentQueue<(string VM, string Limit, string Switch)> Starts { get; } = new();

        public int MostAtOnce { get; private set; }

        public ConcurrentDictionary<string, int> MostInto { get; } = new();

        public Task<ICommandChannel> ConnectAsync(string host, CancellationToken cancellationToken) =>
            Task.FromResult<ICommandChannel>(new Channel(this, host));

        private CommandResult Answer(string host, string command)
        {
            if (StartCommand.Match(command) is { Success: true } start)
            {
                lock (Starts)
                {
                    string vm = start.Groups[1].Value;
                    Starts.Enqueue((vm, start.Groups[3].Value, start.Groups[4].Value));
                    _running[vm] = start.Groups[2].Value;
                    MostAtOnce = Math.Max(MostAtOnce, _running.Count);
                    int into = _running.Values.Count(d => d == start.Groups[2].Value);
                    MostInto.AddOrUpdate(start.Groups[2].Value, into, (_, most) => Math.Max(most, into));
                    return new CommandResult(0, vm, "");
                }
            }

            string of = VMNumber.Match(command).Value;
            if (command.Contains("@job", StringComparison.Ordinal))
            {
                if (_looks.AddOrUpdate(of, 1, (_, n) => n + 1) == 1)
                {
                    return new CommandResult(0, "@state\nrunning (booted)\n@started\n1795589955.9\n", "");
                }

                _running.TryRemove(of, out _);
                return new CommandResult(0, "@started\n1795589955.9\n@ended\n1795589997.0\n@exit\n0\n", "");
            }

            bool moved = _looks.GetValueOrDefault(of) > 1;
            return !command.Contains("domstate", StringComparison.Ordinal) ? new CommandResult(0, "", "")
                : (host == "kvm1") != moved ? new CommandResult(0, "running (booted)\n", "")
                : new CommandResult(1, "", $"error: failed to get domain '{of}'\n");
        }

        private sealed class Channel(FakeSite site, string host) : ICommandChannel
        {
            public string HostName => host;

            public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
                Task.FromResult(site.Answer(host, commandLine));

            public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    [GeneratedRegex(@"vm\d")]
    private static partial Regex VMNumber { get; }
}
