using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The simulator against closed forms. A link of one Gbit/s carries 941.48 Mbit/s of TCP payload.</summary>
public sealed class SimulatorTests
{
    private const long Gigabit = 1_000_000_000;
    private const double Payload = 1e9 * 1448 / 1538;
    private const double BytesPerSecond = Payload / 8;

    private static readonly ScenarioMigration PostCopy = new()
    {
        Source = 0, Destination = 1, Technique = Technique.PostCopy, MemoryBytes = 2_000_000_000,
    };

    private static readonly ScenarioMigration PreCopy = PostCopy with { Technique = Technique.PreCopy };

    [Fact]
    public void A_post_copy_takes_its_memory_through_the_link()
    {
        SimulatedRun run = Run(PostCopy);

        Near(2e9 / BytesPerSecond, run.TotalMigrationTime.TotalSeconds);
        Assert.Equal(2_000_000_000, run.BytesTransferred);
        Assert.Equal(TimeSpan.Zero, run.Migrations[0].Downtime);
    }

    [Fact]
    public void A_pre_copy_without_writes_takes_as_long_as_a_post_copy() =>
        Assert.Equal(Run(PostCopy).TotalMigrationTime, Run(PreCopy).TotalMigrationTime);

    [Theory]
    [InlineData(30_000_000, 300)]
    [InlineData(100_000_000, 300)]
    [InlineData(117_000_000, 50)]
    [InlineData(30_000_000, 0)]
    public void Passes_of_a_pre_copy_are_a_geometric_series(long dirty, int limit)
    {
        SimulatedMigration m = Run(PreCopy with { DirtyBytesPerSecond = dirty, DowntimeLimit = TimeSpan.FromMilliseconds(limit) }).Migrations[0];

        double pass = 2e9;
        double sent = 0;
        while (pass > Math.Max(4096, BytesPerSecond * limit / 1000))
        {
            sent += pass;
            pass *= dirty / BytesPerSecond;
        }

        Near(sent + pass, m.BytesTransferred);
        Near((sent + pass) / BytesPerSecond, m.Duration!.Value.TotalSeconds);
        Near(pass / BytesPerSecond, m.Downtime.TotalSeconds, 1e-5);
        Assert.False(m.Switched);
    }

    [Fact]
    public void A_small_working_set_converges_at_any_dirty_rate()
    {
        SimulatedMigration m = Run(PreCopy with { DirtyBytesPerSecond = Gigabit, WorkingSetBytes = 20_000_000 }).Migrations[0];

        Assert.Equal(2_020_000_000, m.BytesTransferred);
        Near(2e7 / BytesPerSecond, m.Downtime.TotalSeconds, 1e-5);
    }

    [Fact]
    public void Two_share_a_link_until_one_ends()
    {
        SimulatedRun run = Run(PostCopy, PreCopy with { MemoryBytes = 500_000_000 });

        Near(2 * 5e8 / BytesPerSecond, run.Migrations[1].Duration!.Value.TotalSeconds);
        Near(2.5e9 / BytesPerSecond, run.Migrations[0].Duration!.Value.TotalSeconds);
        Assert.Equal(run.Migrations[0].Duration, run.TotalMigrationTime);
    }

    [Fact]
    public void Shares_of_a_link_are_by_connection()
    {
        SimulatedRun run = Run(PostCopy with { Connections = 3 }, PostCopy);

        Near(2e9 / (BytesPerSecond * 3 / 4), run.Migrations[0].Duration!.Value.TotalSeconds);
        Near(4e9 / BytesPerSecond, run.TotalMigrationTime.TotalSeconds);
    }

    [Fact]
    public void A_bandwidth_limit_leaves_the_rest_to_others()
    {
        SimulatedRun run = Run(PostCopy with { BandwidthLimitBitsPerSecond = 200_000_000 }, PostCopy);

        Near(2e9 * 8 / 2e8, run.Migrations[0].Duration!.Value.TotalSeconds);
        Near(2e9 * 8 / (Payload - 2e8), run.Migrations[1].Duration!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData(Technique.PreCopy, 800, 0, true)]
    [InlineData(Technique.PreCopy, 0, 800, false)]
    [InlineData(Technique.PostCopy, 800, 0, false)]
    [InlineData(Technique.PostCopy, 0, 800, true)]
    public void Only_traffic_in_the_direction_of_the_memory_slows_it(Technique technique, long tx, long rx, bool contends)
    {
        SimulatedMigration m = Run(PostCopy with
        {
            Technique = technique, TxBitsPerSecond = tx * 1_000_000, RxBitsPerSecond = rx * 1_000_000,
        }).Migrations[0];

        Near(2e9 / (contends ? BytesPerSecond / 2 : BytesPerSecond), m.Duration!.Value.TotalSeconds);
        double throughput = contends ? Payload / 2 * 1514 / 1448 : 800e6;
        Near(throughput, m.TxBitsPerSecond + m.RxBitsPerSecond, 0.03 * 800e6); // acknowledgements of the memory: up to 3 %
    }

    [Fact]
    public void Background_keeps_what_it_wants_below_its_fair_share()
    {
        Scenario scenario = Pair(PostCopy) with { Hosts = [new(Gigabit, BackgroundTxBitsPerSecond: 151_400_000), new(Gigabit)] };

        Near(2e9 * 8 / (Payload - 144_800_000), Simulate(scenario).TotalMigrationTime.TotalSeconds);
    }

    [Theory]
    [InlineData(null, 0, true)]
    [InlineData(0, null, false)]
    public void What_stays_talks_across_the_link_to_what_has_moved(int? from, int? to, bool contends)
    {
        // A post-copied VM is away from the start. What the source sends it is in the memory's way, what it sends back is not.
        Scenario scenario = Pair(PostCopy) with { Flows = [new ScenarioFlow(from, to, 151_400_000, Host: 0) { AddsAcknowledgements = false }] };
        SimulatedRun run = Simulate(scenario);

        Near(2e9 * 8 / (contends ? Payload - 144_800_000 : Payload), run.TotalMigrationTime.TotalSeconds);
        Near(151_400_000 * run.TotalMigrationTime.TotalSeconds, run.ApartBits);
        Assert.Equal(0, Simulate(scenario with { Migrations = [PreCopy] }).ApartBits);
    }

    [Fact]
    public void Two_that_talk_are_apart_from_the_end_of_the_first()
    {
        Scenario scenario = Pair(PreCopy) with
        {
            Migrations = [PreCopy, PreCopy], Flows = [new ScenarioFlow(0, 1, 100_000_000)], Budget = new MigrationBudget(1),
        };
        SimulatedRun run = Simulate(scenario);

        Near(1e8 * run.Migrations[1].Duration!.Value.TotalSeconds, run.ApartBits, 100);
        // Within a stage that comes later, too.
        SimulatedRun staged = Simulate(scenario with { Budget = new MigrationBudget(), Migrations = [PreCopy with { Stage = 1 }, PreCopy with { Stage = 2 }] });
        Assert.Equal(run.Migrations.Select(m => m.Start), staged.Migrations.Select(m => m.Start));
    }

    [Fact]
    public void Acknowledgements_load_the_opposite_direction()
    {
        // One migration each way: both links carry data x and the acknowledgements of the other's, so x (1 + 90/3076) fills them.
        SimulatedRun run = Run(PostCopy, PostCopy with { Source = 1, Destination = 0 });

        Near(2e9 / (BytesPerSecond / (1 + (90.0 / 3076))), run.TotalMigrationTime.TotalSeconds, 1e-3);
    }

    [Fact]
    public void A_flow_between_two_VMs_on_one_host_touches_no_link()
    {
        Scenario apart = Pair(PostCopy, PreCopy) with { Flows = [new(1, 0, Gigabit)], Window = TimeSpan.FromSeconds(500) };
        Scenario together = Pair(PostCopy, PostCopy) with { Flows = [new(1, 0, Gigabit)] };

        // Apart, three flows share the links until both migrations end, in thirds; from then on the VMs share a host.
        double end = 2e9 / (BytesPerSecond / 3);
        Near(end, Simulate(apart).TotalMigrationTime.TotalSeconds);
        Near(((end * Payload / 3 * 1514 / 1448) + ((500 - end) * 1e9)) / 500, Simulate(apart).FlowBitsPerSecond[0], 1e6);
        Near(4e9 / BytesPerSecond, Simulate(together).TotalMigrationTime.TotalSeconds);
        Near(1e9, Simulate(together).FlowBitsPerSecond[0]);
    }

    [Fact]
    public void Throughput_over_a_window_longer_than_the_run_counts_the_time_after_it()
    {
        Scenario scenario = Pair(PreCopy with { TxBitsPerSecond = 800_000_000 }) with { Window = TimeSpan.FromSeconds(100) };
        SimulatedMigration m = Simulate(scenario).Migrations[0];

        double during = 2 * 2e9 / BytesPerSecond;
        Near(((during * Payload / 2 * 1514 / 1448) + ((100 - during) * 800e6)) / 100, m.TxBitsPerSecond);
    }

    [Fact]
    public void Throughput_over_a_window_shorter_than_the_run_ends_with_the_window()
    {
        // The post-copy of the second ends after the window; until then the first has half of the link.
        Scenario scenario = Pair(PreCopy with { TxBitsPerSecond = 800_000_000 }) with { Window = TimeSpan.FromSeconds(1) };

        Near(Payload / 2 * 1514 / 1448, Simulate(scenario).Migrations[0].TxBitsPerSecond);
    }

    [Fact]
    public void An_application_stands_still_during_the_downtime()
    {
        // 100 MB/s into 117.7 MB/s: the last pages take about 0.3 s. Nothing contends: the VM only receives, at the source.
        SimulatedMigration m = Run(PreCopy with { DirtyBytesPerSecond = 100_000_000, RxBitsPerSecond = 1_000_000 }).Migrations[0];

        Assert.InRange(m.Downtime.TotalSeconds, 0.2, 0.3);
        Near(1e6 * (1 - (m.Downtime / m.Duration!.Value)), m.RxBitsPerSecond, 1);
    }

    [Fact]
    public void The_budget_lets_one_start_when_another_ends()
    {
        SimulatedRun run = Simulate(Pair(PostCopy, PostCopy, PostCopy) with { Budget = new MigrationBudget(MaxIncomingPerHost: 1) });

        Assert.All(run.Migrations, m => Near(2e9 / BytesPerSecond, m.Duration!.Value.TotalSeconds));
        Assert.Equal(run.Migrations[1].Start + run.Migrations[1].Duration, run.Migrations[2].Start);
        Near(6e9 / BytesPerSecond, run.TotalMigrationTime.TotalSeconds);
    }

    internal static SimulatedRun Run(params ScenarioMigration[] migrations) => Simulate(Pair(migrations));

    internal static Scenario Pair(params ScenarioMigration[] migrations) =>
        new() { Hosts = [new(Gigabit), new(Gigabit)], Migrations = migrations };

    internal static SimulatedRun Simulate(Scenario scenario) => Simulator.Run(scenario, TestContext.Current.CancellationToken);

    private static void Near(double expected, double actual, double? tolerance = null) =>
        Assert.Equal(expected, actual, tolerance ?? Math.Max(1e-6, expected * 1e-6));
}
