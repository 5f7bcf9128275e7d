using CsCheck;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class StartQueueTests
{
    private static readonly (string Source, string Destination)[] Four = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")];

    [Fact]
    public void Without_a_limit_all_start_in_order() =>
        Assert.Equal([0, 1, 2, 3], TakeAll(new StartQueue<string>(Four, new MigrationBudget())));

    [Fact]
    public void The_throttle_limit_counts_all_hosts()
    {
        var queue = new StartQueue<string>(Four, new MigrationBudget(ThrottleLimit: 3));

        Assert.Equal([0, 1, 2], TakeAll(queue));
        queue.End(1);
        Assert.Equal([3], TakeAll(queue));
    }

    [Fact]
    public void A_later_migration_overtakes_one_whose_source_is_busy()
    {
        var queue = new StartQueue<string>(Four, new MigrationBudget(MaxOutgoingPerHost: 1));

        Assert.Equal([0, 2], TakeAll(queue));
        queue.End(0);
        Assert.Equal([1], TakeAll(queue));
    }

    [Fact]
    public void A_later_migration_overtakes_one_whose_destination_is_busy()
    {
        var queue = new StartQueue<string>(Four, new MigrationBudget(MaxIncomingPerHost: 1));

        Assert.Equal([0, 1], TakeAll(queue));
        queue.End(1);
        Assert.Equal([3], TakeAll(queue));
    }

    [Fact]
    public void What_leaves_a_host_does_not_count_as_coming_to_it() =>
        Assert.Equal([0, 1], TakeAll(new StartQueue<string>([("a", "b"), ("b", "a")], new MigrationBudget(0, 1, 1))));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void What_does_not_run_cannot_end(int migration)
    {
        var queue = new StartQueue<string>(Four, new MigrationBudget(ThrottleLimit: 1));
        queue.TakeNext();
        queue.End(0);

        Assert.Throws<InvalidOperationException>(() => queue.End(migration));
    }

    /// <summary>Against the rule said plainly: of those not started, in order, the first that no budget forbids.</summary>
    [Fact]
    public void Always_the_first_that_fits() =>
        Gen.Select(Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3]).Array[0, 15], Gen.Int[0, 4], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 99].Array[30])
            .Sample((migrations, throttle, outgoing, incoming, picks) =>
            {
                var queue = new StartQueue<int>(migrations, new MigrationBudget(throttle, outgoing, incoming));
                List<int> waiting = [.. Enumerable.Range(0, migrations.Length)];
                List<int> running = [];
                foreach (int pick in picks)
                {
                    int[] fit = [.. waiting.Where(i =>
                        (throttle == 0 || running.Count < throttle)
                        && (outgoing == 0 || running.Count(r => migrations[r].Item1 == migrations[i].Item1) < outgoing)
                        && (incoming == 0 || running.Count(r => migrations[r].Item2 == migrations[i].Item2) < incoming))];
                    int? taken = queue.TakeNext();
                    Assert.Equal(fit.Length == 0 ? null : fit[0], taken);
                    if (taken is int started)
                    {
                        waiting.Remove(started);
                        running.Add(started);
                    }
                    else if (running.Count > 0)
                    {
                        int ended = running[pick % running.Count];
                        running.Remove(ended);
                        queue.End(ended);
                    }
                }
            });

    [Fact]
    public void A_stage_waits_for_all_of_the_one_before()
    {
        var queue = new StartQueue<string>(Four, new MigrationBudget(), [2, 1, null, 1]);

        Assert.Equal([1, 2, 3], TakeAll(queue));
        queue.End(3);
        queue.End(2);
        Assert.Empty(TakeAll(queue));
        queue.End(1);
        Assert.Equal([0], TakeAll(queue));
    }

    /// <summary>Whatever the budget, nothing starts before a lower stage has ended, and everything starts at last.</summary>
    [Fact]
    public void No_stage_begins_before_the_one_below_has_ended() =>
        Gen.Select(Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 4]).Array[1, 15], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 99].Array[40])
            .Sample((migrations, throttle, outgoing, picks) =>
            {
                int?[] stages = [.. migrations.Select(m => m.Item3 == 4 ? (int?)null : m.Item3)];
                var queue = new StartQueue<int>(
                    [.. migrations.Select(m => (m.Item1, m.Item2))], new MigrationBudget(throttle, outgoing, 0), stages);
                var ended = new HashSet<int>();
                List<int> running = [];
                int step = 0;
                while (ended.Count < migrations.Length)
                {
                    while (queue.TakeNext() is int next)
                    {
                        Assert.All(Enumerable.Range(0, migrations.Length).Where(i => stages[i] < stages[next]), i => Assert.Contains(i, ended));
                        running.Add(next);
                    }

                    Assert.NotEmpty(running);
                    int over = running[picks[step++ % picks.Length] % running.Count];
                    running.Remove(over);
                    ended.Add(over);
                    queue.End(over);
                }
            });

    private static List<int> TakeAll(StartQueue<string> queue)
    {
        var taken = new List<int>();
        while (queue.TakeNext() is int next)
        {
            taken.Add(next);
        }

        return taken;
    }
}
