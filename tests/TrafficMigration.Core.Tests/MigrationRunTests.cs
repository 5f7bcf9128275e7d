using System.Collections.Concurrent;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What the executor makes of the hosts' answers; the answers are those that virsh 11.3 gave in the lab.</summary>
public sealed class MigrationRunTests
{
    private const string Id = "9fafdbc0-b65b-4fb2-9b5d-94eefdfb37da";

    private const string Completed =
        "@completed\nevent 'job-completed' for domain 'vm1':\n\toperation: 5\n\tdowntime: 7\n\tdata_total: 269230080\n\tdata_processed: 217484654\n\tdata_remaining: 0\nevents received: 1\n";

    private static readonly CommandResult Absent = new(1, "", "error: failed to get domain '" + Id + "'\n");

    [Fact]
    public async Task A_completed_post_copy_has_libvirts_figures_and_the_hosts_times()
    {
        var hosts = new Hosts(
            source: ["running (booted)", null], destination: [null, "running (post-copy)"],
            observations: [Answer(0) + Completed + "@switched\n1795589961.96\n"]);

        VMMigrationResult result = await Run(hosts, Technique.PostCopy);

        Assert.Null(result.Error);
        Assert.Equal((MigrationOutcome.Completed, Technique.PostCopy), (result.Outcome, result.TechniqueUsed));
        Assert.Equal((217484654, TimeSpan.FromMilliseconds(7)), (result.BytesTransferred, result.Downtime));
        Assert.Equal(41.08, result.TotalTime!.Value.TotalSeconds, 2);
    }

    [Fact]
    public async Task The_hosts_decide_and_not_virshs_exit_code()
    {
        // Measured: a link that was cut in post-copy makes virsh fail, while QEMU finishes.
        var hosts = new Hosts(
            source: ["running (booted)", null], destination: [null, "running (migrated)"],
            observations: [Answer(1, "error: client socket is closed") + "@switched\n1795589961.96\n"]);

        VMMigrationResult result = await Run(hosts, Technique.PostCopy);
        Assert.Equal(MigrationOutcome.Completed, result.Outcome);
    }

    [Fact]
    public async Task A_failure_says_what_libvirt_said_and_that_the_VM_stayed()
    {
        var hosts = new Hosts(
            source: ["running (booted)", "running (booted)"], destination: [null, null],
            observations: [Answer(1, "error: Host key verification failed.")]);

        VMMigrationResult result = await Run(hosts, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Failed, "MigrationFailed"), (result.Outcome, result.Error!.ErrorId));
        Assert.Null(result.TechniqueUsed);
        Assert.Contains("Host key verification failed", result.Error.Message, StringComparison.Ordinal);
        Assert.Contains("runs at 'kvm-a' as before", result.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("running (booted)", "running (booted)", "VMAlreadyAtDestination")]
    [InlineData("running (booted)", "paused (migrating)", "VMAlreadyAtDestination")]
    [InlineData(null, null, "VMNotFound")]
    [InlineData("shut off (destroyed)", null, "VMNotRunning")]
    [InlineData("paused (user)", "shut off (migrated)", "VMNotRunning")]
    public async Task What_the_plan_assumed_is_checked_before_anything_starts(string? source, string? destination, string errorId)
    {
        var hosts = new Hosts([source], [destination], observations: []);

        VMMigrationResult result = await Run(hosts, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Failed, errorId), (result.Outcome, result.Error!.ErrorId));
        Assert.Equal(0, hosts.Starts);
    }

    [Fact]
    public async Task A_connection_that_is_lost_while_watching_is_unclear_and_not_failed()
    {
        var hosts = new Hosts(source: ["running (booted)"], destination: [null], observations: []);

        VMMigrationResult result = await Run(hosts, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Unclear, "MigrationUnobserved"), (result.Outcome, result.Error!.ErrorId));
    }

    [Fact]
    public async Task Cancelling_aborts_a_running_pre_copy_and_waits_for_its_end()
    {
        using var stop = new CancellationTokenSource();
        var hosts = new Hosts(
            source: ["running (booted)", "running (booted)"], destination: [null, null],
            observations: ["@state\nrunning (booted)\n@job\nJob type: 2\n\ndata_processed: 7\n", Answer(1, "error: operation aborted")]);

        VMMigrationResult result = await Run(
            hosts,
            Technique.PreCopy,
            seen =>
            {
                if (seen.Phase == MigrationPhase.PreCopying)
                {
                    stop.Cancel();
                }
            },
            stop.Token);

        Assert.Equal((MigrationOutcome.Cancelled, 1), (result.Outcome, hosts.Aborts));
    }

    [Fact]
    public async Task A_connection_lost_during_the_start_is_unclear_as_well()
    {
        var hosts = new Hosts(source: ["running (booted)"], destination: [null], observations: []) { LosesStart = true };

        VMMigrationResult result = await Run(hosts, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Unclear, "MigrationUnobserved"), (result.Outcome, result.Error!.ErrorId));
    }

    [Fact]
    public async Task A_VM_whose_turn_never_came_is_cancelled_without_a_connection()
    {
        var hosts = new Hosts([], [], []);
        VMMigrationResult result = await Run(hosts, Technique.PreCopy, cancellationToken: new CancellationToken(canceled: true));
        Assert.Equal((MigrationOutcome.Cancelled, 0), (result.Outcome, hosts.Connections));
    }

    private static string Answer(int exit, string said = "") =>
        $"@started\n1795589955.930984140\n@ended\n1795589997.008610082\n@exit\n{exit}\n@said\n{said}\n";

    private static async Task<VMMigrationResult> Run(
        Hosts hosts, Technique technique, Action<MigrationProgress>? onProgress = null, CancellationToken? cancellationToken = null)
    {
        var rate = new VMTrafficRate { HostName = "kvm-a", VMName = "vm1", VMId = Id, TxBitsPerSecond = 1, RxBitsPerSecond = 1 };
        IReadOnlyList<VMMigrationPlan> plans = Planner.CreatePlan(
            new PlanRequest
            {
                Rates = [rate], Destinations = [new HostTraffic { HostName = "kvm-b" }],
                Strategy = technique == Technique.PreCopy ? Strategy.PreCopy : Strategy.PostCopy, CreatedAt = DateTimeOffset.UnixEpoch,
            },
            CancellationToken.None);
        var results = new ConcurrentBag<VMMigrationResult>();
        await MigrationRun.RunAsync(
            plans, hosts.ConnectAsync, new Prediction.MigrationBudget(), onProgress ?? (_ => { }), results.Add,
            cancellationToken ?? TestContext.Current.CancellationToken);
        return Assert.Single(results);
    }

    /// <summary>Two hosts that answer in order; the last state is repeated. No observation left: the connection is gone.</summary>
    private sealed class Hosts(string?[] source, string?[] destination, string[] observations)
    {
        private readonly Queue<string> _observations = new(observations);

        public bool LosesStart { get; init; }

        public int Starts { get; private set; }

        public int Aborts { get; private set; }

        public int Connections { get; private set; }

        public Task<ICommandChannel> ConnectAsync(string host, CancellationToken cancellationToken)
        {
            Connections++;
            return Task.FromResult<ICommandChannel>(new Channel(this, host, new Queue<string?>(host == "kvm-a" ? source : destination)));
        }

        private sealed class Channel(Hosts hosts, string name, Queue<string?> states) : ICommandChannel
        {
            public string HostName => name;

            public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
                Task.FromResult(Answer(commandLine));

            public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;

            private CommandResult Answer(string command)
            {
                if (command.Contains("virsh -q -c qemu:///system domstate --reason --domain", StringComparison.Ordinal))
                {
                    string? state = states.Count > 1 ? states.Dequeue() : states.Peek();
                    return state is null ? Absent : new CommandResult(0, state + "\n", "");
                }

                if (command.Contains("mktemp", StringComparison.Ordinal))
                {
                    hosts.Starts++;
                    if (hosts.LosesStart)
                    {
                        throw Failures.ConnectionLost(name, "the socket was closed");
                    }

                    return new CommandResult(0, "/tmp/trafficmigration.x\n", "");
                }

                if (command.Contains("domjobabort", StringComparison.Ordinal))
                {
                    hosts.Aborts++;
                    return new CommandResult(0, "", "");
                }

                if (command.Contains("@job", StringComparison.Ordinal))
                {
                    return hosts._observations.TryDequeue(out string? seen)
                        ? new CommandResult(0, seen, "")
                        : throw Failures.ConnectionLost(name, "the socket was closed");
                }

                return new CommandResult(0, "", "");
            }
        }
    }
}
