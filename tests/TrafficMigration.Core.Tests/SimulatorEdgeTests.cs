using CsCheck;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Pre-copies that do not converge, links that never limit, nonsense, and what holds for any scenario.</summary>
public sealed class SimulatorEdgeTests
{
    private const long Gigabit = 1_000_000_000;
    private const double BytesPerSecond = 1e9 * 1448 / 1538 / 8;

    private static readonly ScenarioMigration PreCopy = new()
    {
        Source = 0, Destination = 1, Technique = Technique.PreCopy, MemoryBytes = 2_000_000_000,
    };

    private static readonly ScenarioMigration PostCopy = PreCopy with { Technique = Technique.PostCopy };

    private static readonly ScenarioMigration Endless = PreCopy with { DirtyBytesPerSecond = 200_000_000, WorkingSetBytes = 1_000_000_000 };

    private static readonly Gen<ScenarioMigration> Migration = Gen.Select(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 2]),
        Gen.Select(Gen.OneOf(Gen.Const(0L), Gen.Long[1, 3_000_000_000]), Gen.Long[0, 150_000_000], Gen.Long[0, 1_000_000_000].Nullable()),
        Gen.Select(Gen.Long[0, 900_000_000], Gen.Long[0, 900_000_000], Gen.Int[1, 4], Gen.Long[1, 900_000_000].Nullable(), Gen.Int[0, 300]),
        (where, memory, rest) => new ScenarioMigration
        {
            Source = where.Item1,
            Destination = where.Item2,
            Technique = where.Item3 == 0 ? Technique.PostCopy : Technique.PreCopy,
            SwitchesToPostCopy = where.Item3 == 1,
            MemoryBytes = memory.Item1,
            DirtyBytesPerSecond = memory.Item2,
            WorkingSetBytes = memory.Item3,
            TxBitsPerSecond = rest.Item1,
            RxBitsPerSecond = rest.Item2,
            Connections = rest.Item3,
            BandwidthLimitBitsPerSecond = rest.Item4,
            DowntimeLimit = TimeSpan.FromMilliseconds(rest.Item5),
        });

    private static readonly Gen<Scenario> Scenarios = Gen.Select(
        Gen.Select(Gen.Long[10_000_000, 10 * Gigabit].Nullable(), Gen.Long[0, Gigabit], Gen.Long[0, Gigabit]).Array[4], Migration.Array[1, 12],
        Gen.Select(Gen.Int[0, 11], Gen.Int[0, 11], Gen.Long[0, Gigabit]).Array[0, 4], Gen.Int[0, 3],
        (hosts, migrations, flows, throttle) => new Scenario
        {
            Hosts = [.. hosts.Select(h => new ScenarioHost(h.Item1, h.Item2, h.Item3))],
            Migrations = migrations,
            Flows = [.. flows.Select(f => new ScenarioFlow(f.Item1 % migrations.Length, f.Item2 % migrations.Length, f.Item3))],
            Budget = new MigrationBudget(throttle, throttle / 2, throttle / 3),
        });

    [Fact]
    public void A_pre_copy_that_dirties_faster_than_it_sends_never_ends()
    {
        SimulatedRun run = SimulatorTests.Run(Endless, PostCopy);

        Assert.Null(run.Migrations[0].Duration);
        Assert.True(run.Migrations[0].Started);
        Assert.Equal(run.Migrations[1].Duration, run.TotalMigrationTime);
        Assert.Equal(2e9, run.Migrations[0].BytesTransferred, 1e4); // half of the link until the other one ended
    }

    [Fact]
    public void What_waits_for_it_never_starts_and_the_rest_goes_on()
    {
        SimulatedRun run = SimulatorTests.Simulate(new Scenario
        {
            Hosts = [new(Gigabit), new(Gigabit), new(Gigabit)],
            Migrations = [Endless, PostCopy, PostCopy with { Source = 2 }],
            Budget = new MigrationBudget(MaxOutgoingPerHost: 1),
        });

        Assert.Equal([true, false, true], run.Migrations.Select(m => m.Started));
        Assert.Equal([false, false, true], run.Migrations.Select(m => m.Duration is not null));
        Assert.Equal(0, run.Migrations[1].BytesTransferred);
    }

    [Fact]
    public void It_ends_once_others_leave_it_enough_of_the_link()
    {
        SimulatedRun run = SimulatorTests.Run(PreCopy with { DirtyBytesPerSecond = 80_000_000 }, PostCopy with { MemoryBytes = 6_000_000_000 });

        Assert.True(run.Migrations[0].Duration > run.Migrations[1].Duration);
    }

    [Fact]
    public void Instead_it_switches_to_post_copy_when_a_pass_leaves_no_less_than_the_one_before()
    {
        SimulatedMigration m = SimulatorTests.Run(Endless with { SwitchesToPostCopy = true }).Migrations[0];

        // Pass 1 sends 2 GB and leaves the working set, pass 2 sends that and leaves it again: it goes by post-copy.
        Assert.True(m.Switched);
        Assert.Equal(4_000_000_000, m.BytesTransferred);
        Assert.Equal(4e9 / BytesPerSecond, m.Duration!.Value.TotalSeconds, 1e-6);
        Assert.Equal(TimeSpan.Zero, m.Downtime);
    }

    [Fact]
    public void One_that_converges_does_not_switch() =>
        Assert.False(SimulatorTests.Run(PreCopy with { DirtyBytesPerSecond = 100_000_000, SwitchesToPostCopy = true }).Migrations[0].Switched);

    [Fact]
    public void A_steady_pre_copy_is_not_followed_pass_by_pass()
    {
        // Followed pass by pass, its passes of 2 ms over half a year would take longer than anybody waits.
        ScenarioMigration tiny = Endless with { MemoryBytes = 100_000, WorkingSetBytes = 100_000, DowntimeLimit = TimeSpan.Zero };
        SimulatedRun run = SimulatorTests.Run(tiny, PostCopy with { MemoryBytes = 1_000_000_000_000_000 });

        Assert.Null(run.Migrations[0].Duration);
        Assert.Equal(1e15, run.Migrations[0].BytesTransferred, 1e9);
    }

    [Theory]
    [InlineData(Technique.PreCopy)]
    [InlineData(Technique.PostCopy)]
    public void Without_any_limit_a_migration_takes_no_time(Technique technique)
    {
        ScenarioMigration migration = PreCopy with { Technique = technique, DirtyBytesPerSecond = Gigabit, DowntimeLimit = TimeSpan.Zero };
        SimulatedRun unlimited = SimulatorTests.Simulate(new Scenario { Hosts = [new(null), new(null)], Migrations = [migration, migration] });
        SimulatedRun local = SimulatorTests.Run(migration with { Destination = 0 });
        SimulatedRun empty = SimulatorTests.Run(migration with { MemoryBytes = 0 });

        Assert.Equal((TimeSpan.Zero, 4_000_000_000), (unlimited.TotalMigrationTime, unlimited.BytesTransferred));
        Assert.Equal((TimeSpan.Zero, 2_000_000_000), (local.TotalMigrationTime, local.BytesTransferred));
        Assert.Equal((TimeSpan.Zero, 0), (empty.TotalMigrationTime, empty.BytesTransferred));
        Assert.All(new[] { unlimited, local, empty }, r => Assert.Equal(TimeSpan.Zero, r.Migrations[0].Duration));
    }

    [Fact]
    public void A_link_of_no_speed_moves_nothing()
    {
        SimulatedRun run = SimulatorTests.Simulate(SimulatorTests.Pair(PostCopy, PreCopy) with { Hosts = [new(0), new(Gigabit)] });

        Assert.All(run.Migrations, m => Assert.Equal((null, 0), (m.Duration, m.BytesTransferred)));
    }

    [Fact]
    public void Nothing_to_migrate_is_a_run_of_no_time() =>
        Assert.Equal(TimeSpan.Zero, SimulatorTests.Simulate(SimulatorTests.Pair()).TotalMigrationTime);

    [Fact]
    public void The_largest_figures_overflow_nothing()
    {
        ScenarioMigration huge = PreCopy with { MemoryBytes = long.MaxValue, BandwidthLimitBitsPerSecond = 1 };

        Assert.Equal(TimeSpan.MaxValue, SimulatorTests.Run(huge, huge).TotalMigrationTime);
    }

    [Fact]
    public void Figures_out_of_range_are_refused()
    {
        Scenario good = SimulatorTests.Pair(PreCopy);
        Scenario[] bad =
        [
            good with { Hosts = [new(-1), new(1)] },
            good with { Hosts = [new(1, -1), new(1)] },
            good with { Hosts = [new(1, 0, -1), new(1)] },
            good with { Budget = new MigrationBudget(-1) },
            good with { Window = TimeSpan.FromSeconds(-1) },
            good with { Flows = [new(0, 1, 1)] },
            good with { Flows = [new(-1, 0, 1)] },
            good with { Flows = [new(0, 0, -1)] },
            SimulatorTests.Pair(PreCopy with { Source = 2 }),
            SimulatorTests.Pair(PreCopy with { Destination = -1 }),
            SimulatorTests.Pair(PreCopy with { MemoryBytes = -1 }),
            SimulatorTests.Pair(PreCopy with { DirtyBytesPerSecond = -1 }),
            SimulatorTests.Pair(PreCopy with { WorkingSetBytes = -1 }),
            SimulatorTests.Pair(PreCopy with { DowntimeLimit = TimeSpan.FromTicks(-1) }),
            SimulatorTests.Pair(PreCopy with { Connections = 0 }),
            SimulatorTests.Pair(PreCopy with { BandwidthLimitBitsPerSecond = -1 }),
            SimulatorTests.Pair(PreCopy with { TxBitsPerSecond = -1 }),
            SimulatorTests.Pair(PreCopy with { RxBitsPerSecond = -1 }),
            SimulatorTests.Pair(PreCopy with { Technique = (Technique)7 }),
            SimulatorTests.Pair(PostCopy with { SwitchesToPostCopy = true }),
        ];

        Assert.All(bad, s => Assert.Throws<ArgumentException>(() => SimulatorTests.Simulate(s)));
    }

    [Fact]
    public void Cancelling_ends_it() => Assert.Throws<OperationCanceledException>(
        () => Simulator.Run(SimulatorTests.Pair(PreCopy), new CancellationToken(canceled: true)));

    [Fact]
    public void Bytes_add_up_and_no_technique_sends_less_than_the_memory() =>
        Scenarios.Sample(
            scenario =>
            {
                SimulatedRun run = Simulator.Run(scenario);
                Assert.Equal(run.Migrations.Sum(m => (double)m.BytesTransferred), run.BytesTransferred, 20.0);
                Assert.All(scenario.Migrations.Zip(run.Migrations).Where(p => p.Second.Duration is not null), p => Assert.True(
                    p.First.Technique == Technique.PostCopy
                        ? p.Second.BytesTransferred == p.First.MemoryBytes
                        : p.Second.BytesTransferred >= p.First.MemoryBytes));
                Assert.All(run.Migrations, m => Assert.True(m.Duration is null || m.Start + m.Duration <= run.TotalMigrationTime + TimeSpan.FromTicks(1)));
            },
            iter: 2000);

    [Fact]
    public void No_run_is_shorter_than_its_memory_takes_through_any_one_link() =>
        Scenarios.Sample(
            scenario =>
            {
                SimulatedRun run = Simulator.Run(scenario);
                for (int host = 0; host < scenario.Hosts.Count; host++)
                {
                    double bits = scenario.Hosts[host].LinkBitsPerSecond * 1448.0 / 1538 * (run.TotalMigrationTime.TotalSeconds + 1e-6)
                        ?? double.PositiveInfinity;
                    var moved = scenario.Migrations.Zip(run.Migrations)
                        .Where(p => p.First.Source != p.First.Destination && p.Second.Duration is not null).ToList();
                    Assert.True(moved.Where(p => p.First.Source == host).Sum(p => 8.0 * p.Second.BytesTransferred) <= bits + 100);
                    Assert.True(moved.Where(p => p.First.Destination == host).Sum(p => 8.0 * p.Second.BytesTransferred) <= bits + 100);
                }
            },
            iter: 2000);

    [Fact]
    public void Applications_never_get_more_than_they_want() =>
        Scenarios.Sample(
            scenario =>
            {
                SimulatedRun run = Simulator.Run(scenario);
                Assert.All(scenario.Migrations.Zip(run.Migrations), p =>
                {
                    Assert.InRange(p.Second.TxBitsPerSecond, 0, p.First.TxBitsPerSecond * (1 + 1e-9));
                    Assert.InRange(p.Second.RxBitsPerSecond, 0, p.First.RxBitsPerSecond * (1 + 1e-9));
                });
                Assert.All(scenario.Flows.Zip(run.FlowBitsPerSecond), p => Assert.InRange(p.Second, 0, p.First.BitsPerSecond * (1 + 1e-9)));
            },
            iter: 2000);

    [Fact]
    public void More_memory_never_ends_earlier() =>
        Gen.Select(Migration, Gen.Long[0, 1_000_000_000]).Sample(
            (migration, more) =>
            {
                TimeSpan? less = Simulator.Run(Alone(migration)).Migrations[0].Duration;
                TimeSpan? longer = Simulator.Run(Alone(migration with { MemoryBytes = migration.MemoryBytes + more })).Migrations[0].Duration;
                Assert.True((longer ?? TimeSpan.MaxValue) >= (less ?? TimeSpan.MaxValue) - TimeSpan.FromTicks(1));
            },
            iter: 3000);

    private static Scenario Alone(ScenarioMigration migration) => new()
    {
        Hosts = [new(Gigabit), new(Gigabit, 0, 100_000_000), new(Gigabit), new(100_000_000)],
        Migrations = [migration],
    };
}
