using CsCheck;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Disks that are copied before the memory, in the simulator. A link of one Gbit/s carries 941.48 Mbit/s of TCP payload.</summary>
public sealed class DiskSimulationTests
{
    private const double BytesPerSecond = 1e9 * 1448 / 1538 / 8;

    private static readonly ScenarioMigration Moving = new()
    {
        Source = 0, Destination = 1, Technique = Technique.PreCopy, MemoryBytes = 1_000_000_000, DiskBytes = 3_000_000_000,
    };

    // Five that write so much still let each other come to an end.
    private static readonly Gen<ScenarioMigration> AnyMigration = Gen.Select(
        Gen.Long[0, 4_000_000_000], Gen.Long[0, 4_000_000_000], Gen.Long[0, 4_000_000], Gen.Bool, Gen.Long[0, 400_000_000],
        (memory, disk, writes, postCopy, tx) => new ScenarioMigration
        {
            Source = 0, Destination = 1, Technique = postCopy ? Technique.PostCopy : Technique.PreCopy, MemoryBytes = memory,
            DiskBytes = disk, DiskWriteBytesPerSecond = writes, TxBitsPerSecond = tx,
        });

    [Theory]
    [InlineData(Technique.PreCopy)]
    [InlineData(Technique.PostCopy)]
    public void Disks_go_first_and_then_the_memory(Technique technique)
    {
        SimulatedRun run = Run(Moving with { Technique = technique });

        Near(4e9 / BytesPerSecond, run.TotalMigrationTime.TotalSeconds);
        Assert.Equal((4_000_000_000, 3_000_000_000), (run.BytesTransferred, run.Migrations[0].DiskBytesTransferred));
    }

    [Fact]
    public void A_VM_stays_at_the_source_as_long_as_its_disks_are_copied_whatever_the_technique()
    {
        // What it receives meets nothing at the source: 800 Mbit/s, until memory that follows it takes half of the way in.
        SimulatedMigration m = Run(Moving with { Technique = Technique.PostCopy, RxBitsPerSecond = 800_000_000 }).Migrations[0];
        Near(3e9 / BytesPerSecond + 1e9 / (BytesPerSecond / 2), m.Duration!.Value.TotalSeconds);

        // What it sends meets the disks at the source, and no memory.
        m = Run(Moving with { Technique = Technique.PostCopy, TxBitsPerSecond = 800_000_000 }).Migrations[0];
        Near(3e9 / (BytesPerSecond / 2) + 1e9 / BytesPerSecond, m.Duration!.Value.TotalSeconds);
    }

    [Fact]
    public void Writes_are_sent_on_until_the_VM_runs_at_the_destination()
    {
        const double Writes = 20_000_000;
        SimulatedMigration post = Run(Moving with { Technique = Technique.PostCopy, DiskWriteBytesPerSecond = (long)Writes }).Migrations[0];
        double mirroring = 3e9 / (BytesPerSecond - Writes);
        Near(mirroring + 1e9 / BytesPerSecond, post.Duration!.Value.TotalSeconds);
        Near(3e9 + (Writes * mirroring), post.DiskBytesTransferred);

        SimulatedMigration pre = Run(Moving with { DiskWriteBytesPerSecond = (long)Writes }).Migrations[0];
        double memory = 1e9 / (BytesPerSecond - Writes);
        Near(mirroring + memory, pre.Duration!.Value.TotalSeconds);
        Near(3e9 + (Writes * (mirroring + memory)), pre.DiskBytesTransferred);
    }

    [Fact]
    public void A_VM_that_writes_as_fast_as_the_link_carries_never_gets_to_its_memory()
    {
        SimulatedMigration m = Run(Moving with { DiskWriteBytesPerSecond = 118_000_000 }).Migrations[0];

        Assert.Equal((null, false), (m.Duration, m.DisksAreMirrored));
        Assert.True(Run(Moving).Migrations[0].DisksAreMirrored);
    }

    [Fact]
    public void A_limit_counts_what_was_never_written()
    {
        // Measured: 256 MiB with 64 MiB in it at 4 MiB/s took 64 s.
        const long MiB = 1 << 20;
        SimulatedMigration m = Run(Moving with
        {
            MemoryBytes = 0, DiskBytes = 64 * MiB, DiskCapacityBytes = 256 * MiB, BandwidthLimitBitsPerSecond = 4 * 8 * MiB,
        }).Migrations[0];

        Near(64, m.Duration!.Value.TotalSeconds);
        Assert.Equal(64 * MiB, m.BytesTransferred);
    }

    [Fact]
    public void Without_links_that_limit_disks_take_no_time()
    {
        SimulatedRun run = Simulator.Run(new Scenario { Hosts = [new ScenarioHost(null), new ScenarioHost(null)], Migrations = [Moving with { DiskWriteBytesPerSecond = 5 }] }, TestContext.Current.CancellationToken);
        Assert.Equal((TimeSpan.Zero, 4_000_000_000), (run.TotalMigrationTime, run.BytesTransferred));
    }

    [Fact]
    public void No_byte_is_lost_and_none_is_faster_than_the_link() => AnyMigration.Array[1, 5].Sample(
        migrations =>
        {
            SimulatedRun run = Run(migrations);
            double longest = run.TotalMigrationTime.TotalSeconds;
            long least = migrations.Sum(m => m.MemoryBytes + m.DiskBytes!.Value);
            Assert.True(run.BytesTransferred >= least - 1);
            Assert.True(longest * BytesPerSecond >= run.BytesTransferred - 10, $"{run.BytesTransferred} bytes in {longest} s");
            foreach ((ScenarioMigration m, SimulatedMigration s) in migrations.Zip(run.Migrations))
            {
                Assert.InRange(s.DiskBytesTransferred, m.DiskBytes!.Value - 1, m.DiskBytes.Value + (m.DiskWriteBytesPerSecond * s.Duration!.Value.TotalSeconds) + 10);
                Assert.Equal(m.MemoryBytes, s.BytesTransferred - s.DiskBytesTransferred, 2.0);
            }
        },
        iter: 300);

    private static SimulatedRun Run(params ScenarioMigration[] migrations) => Simulator.Run(
        new Scenario { Hosts = [new ScenarioHost(1_000_000_000), new ScenarioHost(1_000_000_000)], Migrations = migrations },
        TestContext.Current.CancellationToken);

    private static void Near(double expected, double actual) => Assert.InRange(actual, expected * 0.999, expected * 1.001);
}
