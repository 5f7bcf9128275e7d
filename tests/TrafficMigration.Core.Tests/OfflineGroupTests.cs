using CsCheck;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>A group that moves while it stands still: all of it or nothing, whatever goes wrong and when.</summary>
public sealed class OfflineGroupTests
{
    private static readonly Dictionary<string, string> Three = new() { ["db"] = "running", ["web"] = "running", ["test"] = "paused" };

    [Fact]
    public async Task All_move_and_stand_as_they_stood_and_only_the_source_s_images_stay()
    {
        using var journals = new TemporaryStore();
        var cluster = new PlayedCluster(Three);

        IReadOnlyList<VMMigrationResult> results = await RunAsync(journals, cluster);

        Assert.All(results, r => Assert.Equal((MigrationOutcome.Completed, Technique.Offline), (r.Outcome, r.TechniqueUsed)));
        AssertAt(cluster, PlayedCluster.Destination);
        Assert.Equal(["web", "db"], journals.Last.Events.Where(e => e.Text == $"goes on at {PlayedCluster.Destination}").Select(e => e.VMName!));
        Assert.Equal(
            ["Preflight", "Saving", "Copying", "Loading", "Resuming", "Done"],
            journals.Last.Events.Where(e => e.To is not null && e.VMName == "db").Select(e => e.To.ToString()));
    }

    /// <summary>Whatever goes wrong at whichever command: nobody runs twice, nothing is torn, and in the end all are at one end.</summary>
    [Fact]
    public async Task Whatever_goes_wrong_and_when_the_group_is_whole_at_one_end()
    {
        using var whole = new TemporaryStore();
        var undisturbed = new PlayedCluster(Three);
        await RunAsync(whole, undisturbed);
        Assert.Empty(undisturbed.Wrong);

        await Gen.Select(Gen.Int[0, undisturbed.Commands], Gen.Enum<Mishap>(), Gen.Int[0, 40], Gen.Enum<Mishap>()).SampleAsync(
            async (at, mishap, again, second) =>
            {
                using var journals = new TemporaryStore();
                var cluster = new PlayedCluster(Three) { At = at, Mishap = mishap };
                await RunAsync(journals, cluster);
                // Something may go wrong in the second life of the run, too; a third one is left in peace.
                for (int life = 2; journals.Last.State != MigrationRunState.Ended; life++)
                {
                    Assert.True(life < 6, "it never ends");
                    (cluster.At, cluster.Mishap) = life == 2 ? (cluster.Commands + again, second) : (int.MaxValue, mishap);
                    await ResumeAsync(journals, cluster, life);
                }

                Assert.Empty(cluster.Wrong);
                bool isThere = cluster.State(PlayedCluster.Destination, "db") == "running";
                AssertAt(cluster, isThere ? PlayedCluster.Destination : PlayedCluster.Source);
                Assert.Equal(isThere, journals.Last.Offline.IsCommitted);
            },
            iter: 80, threads: 2);
    }

    [Fact]
    public async Task Who_is_to_blame_is_told_of_that_VM_and_the_others_say_why_they_stayed()
    {
        using var journals = new TemporaryStore();
        var cluster = new PlayedCluster(Three);
        // Nobody has sent it: so it cannot be loaded.
        cluster.Images.Add((PlayedCluster.Destination, "none"));
        cluster.Mishap = Mishap.Refused;
        cluster.At = await CommandOfAsync("load");

        IReadOnlyList<VMMigrationResult> results = await RunAsync(journals, cluster);

        Assert.All(results, r => Assert.Equal(MigrationOutcome.Failed, r.Outcome));
        Assert.Equal(1, results.Count(r => r.Error!.ErrorId == "OfflineMoveFailed"));
        Assert.Equal(2, results.Count(r => r.Error!.ErrorId == "OfflineGroupStayed"));
        Assert.All(results, r => Assert.Contains("being loaded failed", r.Error!.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_is_live_or_offline()
    {
        using var journals = new TemporaryStore();
        VMMigrationPlan live = MigrationRunTests.Plan("vm1", "kvm1", "kvm2", Technique.PreCopy);
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => new MigrationRun(journals.Store, new PlayedCluster(Three).ConnectAsync, new Listener())
            .StartAsync([live, .. Plans()], Options, CancellationToken.None, CancellationToken.None));
        Assert.Equal("TechniquesMixed", e.ErrorId);
        Assert.Empty(journals.Store.List(d => throw d));
    }

    private static RunOptions Options => new() { Pace = FakeSite.Pace, SkipPreflight = true, ReconnectTimeout = TimeSpan.Zero };

    private static VMMigrationPlan[] Plans() => [.. Planner.CreatePlan(
        new PlanRequest
        {
            Rates = [.. Three.Keys.Select(v => new VMTrafficRate { HostName = PlayedCluster.Source, VMName = v, VMId = v, TxBitsPerSecond = 1, RxBitsPerSecond = 1 })],
            Destinations = [new HostTraffic { HostName = PlayedCluster.Destination }],
            Offline = new OfflineWish(OfflineMemory.Save, [new VMRef(PlayedCluster.Source, "web")], ReplacesDiskImages: true, []),
            CreatedAt = DateTimeOffset.UnixEpoch,
        },
        CancellationToken.None)];

    private static async Task<IReadOnlyList<VMMigrationResult>> RunAsync(TemporaryStore journals, PlayedCluster cluster)
    {
        var listener = new Listener();
        await new MigrationRun(journals.Store, cluster.ConnectAsync, listener).StartAsync(Plans(), Options, cluster.Stop.Token, cluster.Leave.Token);
        return [.. listener.Results];
    }

    private static async Task ResumeAsync(TemporaryStore journals, PlayedCluster cluster, int life)
    {
        // The wish to stop is of one life; what made the process go is over.
        using var leave = new CancellationTokenSource();
        await new MigrationRun(journals.Store, cluster.ConnectAsync, new Listener()) { Pace = FakeSite.Pace }
            .ResumeAsync(journals.Last.Id, life == 2 ? cluster.Stop.Token : CancellationToken.None, leave.Token);
    }

    /// <summary>The number of the command that starts a step for the first time.</summary>
    private static async Task<int> CommandOfAsync(string step)
    {
        using var journals = new TemporaryStore();
        int found = -1;
        var cluster = new PlayedCluster(Three);
        await new MigrationRun(journals.Store, ConnectAsync, new Listener()).StartAsync(Plans(), Options, CancellationToken.None, CancellationToken.None);
        return found;

        async Task<Kvm.ICommandChannel> ConnectAsync(string host, CancellationToken token) => new Counting(await cluster.ConnectAsync(host, token), command =>
        {
            if (found < 0 && command.Contains($"-{step}'", StringComparison.Ordinal))
            {
                found = cluster.Commands;
            }
        });
    }

    private static void AssertAt(PlayedCluster cluster, string host)
    {
        string other = host == PlayedCluster.Source ? PlayedCluster.Destination : PlayedCluster.Source;
        foreach ((string vm, string state) in Three)
        {
            Assert.Equal((vm, state, "nowhere"), (vm, cluster.State(host, vm), cluster.State(other, vm)));
        }

        Assert.Equal((0, 0), (cluster.Left(PlayedCluster.Source), cluster.Left(PlayedCluster.Destination)));
        Assert.Equal(Three.Keys.Select(v => ($"/images/{v}.img", host == PlayedCluster.Source ? "old" : "new")).Order(), cluster.Files.Select(f => (f.Key, f.Value)).Order());
    }

    private sealed class Counting(Kvm.ICommandChannel channel, Action<string> heard) : Kvm.ICommandChannel
    {
        public string HostName => channel.HostName;

        public bool IsConnected => channel.IsConnected;

        public Task<Kvm.CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
        {
            heard(commandLine);
            return channel.ExecuteAsync(commandLine, cancellationToken);
        }

        public Task<Kvm.ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) => channel.StartAsync(commandLine, cancellationToken);

        public ValueTask DisposeAsync() => channel.DisposeAsync();
    }
}
