using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>
/// The published measurements (Deshpande and Keahey, Traffic-Sensitive Live Migration of Virtual Machines, CCGrid 2015)
/// against the simulator, which has no constant that could be fitted to them.
/// </summary>
public sealed class PublishedTablesTests
{
    private const long Gigabit = 1_000_000_000;

    // Table 1: seconds, and Mbit/s of Netperf.
    private const double PreCopySeconds = 79.1;
    private const double PostCopySeconds = 92.1;
    private const double PreCopyNetperf = 690.47;
    private const double PostCopyNetperf = 660.05;
    private const double SensitiveNetperf = 894.65;

    // The claims that are made for it, per cent.
    private const double ShorterThanPreCopy = 42;
    private const double ShorterThanPostCopy = 49;
    private const double Tolerance = 8;

    [Fact]
    public void Table_1_total_migration_time_gets_shorter_by_as_much()
    {
        double sensitive = Netperf(Technique.PostCopy, Technique.PreCopy).TotalMigrationTime.TotalSeconds;
        double preCopy = Netperf(Technique.PreCopy, Technique.PreCopy).TotalMigrationTime.TotalSeconds;
        double postCopy = Netperf(Technique.PostCopy, Technique.PostCopy).TotalMigrationTime.TotalSeconds;

        Assert.Equal(ShorterThanPreCopy, 100 * (1 - (sensitive / preCopy)), Tolerance);
        Assert.Equal(ShorterThanPostCopy, 100 * (1 - (sensitive / postCopy)), Tolerance);
    }

    /// <remarks>
    /// <para>
    /// Over which time Netperf averaged is not in the text at hand, but the published figures say it. The traffic-sensitive run
    /// has no contention, so its Netperf figure is what Netperf gets when it is free. In the other two runs it has half of a
    /// link until the migration ends and is free then. That gives one window from each run, and they agree: 173 s and 176 s.
    /// A Netperf run of fixed length, longer than any of the migrations, measures just so.
    /// </para>
    /// <para>
    /// The gains then are simulated: neither the simulated times nor the simulated rates are the published ones. They fall
    /// with the window; both stay within the tolerance from 157 s to 197 s.
    /// </para>
    /// </remarks>
    [Fact]
    public void Table_1_Netperf_gains_as_much()
    {
        double fromPreCopy = PreCopySeconds / 2 / (1 - (PreCopyNetperf / SensitiveNetperf));
        double fromPostCopy = PostCopySeconds / 2 / (1 - (PostCopyNetperf / SensitiveNetperf));
        Assert.Equal(1, fromPreCopy / fromPostCopy, 0.02);
        TimeSpan window = TimeSpan.FromSeconds((fromPreCopy + fromPostCopy) / 2);

        double sensitive = Netperf(Technique.PostCopy, Technique.PreCopy, window).FlowBitsPerSecond[0];
        double preCopy = Netperf(Technique.PreCopy, Technique.PreCopy, window).FlowBitsPerSecond[0];
        double postCopy = Netperf(Technique.PostCopy, Technique.PostCopy, window).FlowBitsPerSecond[0];

        Assert.Equal(100 * ((SensitiveNetperf / PreCopyNetperf) - 1), 100 * ((sensitive / preCopy) - 1), Tolerance);
        Assert.Equal(100 * ((SensitiveNetperf / PostCopyNetperf) - 1), 100 * ((sensitive / postCopy) - 1), Tolerance);
    }

    [Fact]
    public void Table_1_data_is_the_memory_once() => Assert.All(
        new[] { Netperf(Technique.PreCopy, Technique.PreCopy), Netperf(Technique.PostCopy, Technique.PreCopy) },
        r => Assert.Equal(10_280_000_000, r.BytesTransferred));

    /// <summary>Traffic as fast as it gets, as in Table 1. Both ways to place the clients, which are not published.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Table_2_traffic_sensitive_is_fastest_sends_little_more_than_post_copy_and_slows_applications_least(bool paired)
    {
        var table = Table2.Simulate(new Table2.Inputs { Paired = paired });

        Assert.True(table.Sensitive.AverageSeconds < Math.Min(table.PreCopy.AverageSeconds, table.PostCopy.AverageSeconds));
        Assert.True(table.Sensitive.TotalSeconds < Math.Min(table.PreCopy.TotalSeconds, table.PostCopy.TotalSeconds));
        Assert.True(table.PostCopy.Bytes < table.Sensitive.Bytes && table.Sensitive.Bytes < table.PreCopy.Bytes);
        Assert.True(table.Sensitive.OperationsPerSecond > table.PreCopy.OperationsPerSecond);
        Assert.All(
            new[] { table.PreCopy, table.PostCopy, table.Sensitive },
            s => Assert.True(s.OperationsPerSecond < table.NoMigration.OperationsPerSecond));
    }

    /// <summary>
    /// The published order of pre-copy before post-copy, in time, comes out where VMs write little; at the dirty rate that the
    /// published data imply, sending pages again costs pre-copy more than the model's contention costs post-copy.
    /// </summary>
    [Fact]
    public void Table_2_pre_copy_is_faster_than_post_copy_where_contention_outweighs_writes()
    {
        var little = Table2.Simulate(new Table2.Inputs { DirtyBytesPerSecond = 5_000_000 });
        var implied = Table2.Simulate(new Table2.Inputs());

        Assert.True(little.Sensitive.AverageSeconds < little.PreCopy.AverageSeconds);
        Assert.True(little.PreCopy.AverageSeconds < little.PostCopy.AverageSeconds);
        Assert.True(little.Sensitive.TotalSeconds < little.PreCopy.TotalSeconds);
        Assert.True(little.PreCopy.TotalSeconds < little.PostCopy.TotalSeconds);
        Assert.True(implied.PreCopy.AverageSeconds > implied.PostCopy.AverageSeconds);
    }

    [Fact]
    public void Table_2_the_order_holds_for_other_inputs_too()
    {
        foreach (bool paired in new[] { true, false })
        {
            foreach (int inserting in new[] { 0, 1 })
            {
                foreach (long client in new[] { 100, 200, 300, 400, 600, 1000 })
                {
                    foreach (long dirty in new[] { 2_000_000, 5_000_000, 10_000_000, 15_000_000, Table2.ImpliedDirtyBytesPerSecond })
                    {
                        AssertOrder(new Table2.Inputs
                        {
                            Paired = paired, InsertingClients = inserting, ClientBitsPerSecond = client * 1_000_000, DirtyBytesPerSecond = dirty,
                        });
                    }
                }
            }
        }
    }

    private static void AssertOrder(Table2.Inputs inputs)
    {
        var table = Table2.Simulate(inputs);
        Assert.True(table.Sensitive.AverageSeconds < table.PreCopy.AverageSeconds, $"{inputs}: average");
        Assert.True(table.Sensitive.TotalSeconds < table.PreCopy.TotalSeconds, $"{inputs}: total");
        Assert.True(table.PostCopy.Bytes < table.Sensitive.Bytes && table.Sensitive.Bytes < table.PreCopy.Bytes, $"{inputs}: data");

        // With less traffic there is too little contention for it to matter against pages that are sent again.
        if (inputs.ClientBitsPerSecond >= 400_000_000)
        {
            Assert.True(table.Sensitive.AverageSeconds < table.PostCopy.AverageSeconds, $"{inputs}: average against post-copy");
            Assert.True(table.Sensitive.TotalSeconds < table.PostCopy.TotalSeconds, $"{inputs}: total against post-copy");
        }
    }

    /// <summary>VM1 (Netperf client) on host 0 sends to VM2 (server) on host 1; they go to hosts 2 and 3.</summary>
    private static SimulatedRun Netperf(Technique client, Technique server, TimeSpan? window = null) => SimulatorTests.Simulate(new Scenario
    {
        Hosts = [new(Gigabit), new(Gigabit), new(Gigabit), new(Gigabit)],
        Migrations =
        [
            new() { Source = 0, Destination = 2, Technique = client, MemoryBytes = 5_140_000_000 },
            new() { Source = 1, Destination = 3, Technique = server, MemoryBytes = 5_140_000_000 },
        ],
        Flows = [new(0, 1, Gigabit)],
        Window = window,
    });
}
