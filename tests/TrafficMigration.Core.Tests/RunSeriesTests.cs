using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What a run records beside its journal.</summary>
public sealed class RunSeriesTests : IDisposable
{
    private readonly TemporaryStore _journals = new();
    private readonly List<string> _troubles = [];

    public void Dispose() => _journals.Dispose();

    [Fact]
    public void What_was_recorded_is_read_again_in_the_order_of_time()
    {
        using (SeriesFile file = SeriesFile.Open(Path, _troubles.Add)!)
        {
            file.Add(Measured(2));
            file.Add(Measured(1));
            file.Add(new StreamSample("vm 1", At(3), MigrationState.PostCopying, 5, 6, null));
        }

        RunSeries read = SeriesFile.Read(Path);

        Assert.Equal([At(1), At(2)], read.Links.Select(l => l.Time));
        LinkSample link = read.Links[0];
        Assert.Equal(("kvm1", 100, 200, 1000, TimeSpan.FromSeconds(6)), (link.HostName, link.TxBitsPerSecond, link.RxBitsPerSecond, link.LinkBitsPerSecond, link.Window));
        Assert.Equal([new VMLinkSample("vm 1", 10, 20)], link.VMs);
        Assert.Equal([new StreamSample("vm 1", At(3), MigrationState.PostCopying, 5, 6, null)], read.Streams);
        Assert.Empty(_troubles);
    }

    [Fact]
    public void Half_a_line_of_a_killed_process_costs_only_the_line_that_follows_on_it()
    {
        File.WriteAllText(Path, """{"Link":{"HostName":"kvm1","Ti""");
        using (SeriesFile file = SeriesFile.Open(Path, _troubles.Add)!)
        {
            file.Add(Measured(1));
            file.Add(Measured(2));
        }

        Assert.Equal([At(2)], SeriesFile.Read(Path).Links.Select(l => l.Time));
    }

    [Fact]
    public void A_full_disk_is_told_once_and_stops_nobody()
    {
        using SeriesFile file = SeriesFile.Open("/dev/full", _troubles.Add)!;
        file.Add(Measured(1));
        file.Add(Measured(2));
        Assert.Contains("'/dev/full'", Assert.Single(_troubles), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_it_cannot_be_written_at_all_that_is_told()
    {
        Assert.Null(SeriesFile.Open(System.IO.Path.Combine(Path, "no", "such"), _troubles.Add));
        Assert.Single(_troubles);
    }

    [Fact]
    public async Task A_run_records_each_look_and_the_journal_how_it_was_planned()
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, Scene.Moved);
        VMMigrationPlan planned = MigrationRunTests.Plan("vm1", "kvm1", "a", Technique.PreCopy);
        await new MigrationRun(_journals.Store, site.ConnectAsync, new Listener()).StartAsync(
            [planned with { Plan = planned.Plan with { Objective = PlanObjective.Time } }], new RunOptions { Pace = FakeSite.Pace, SkipPreflight = true },
            TestContext.Current.CancellationToken, CancellationToken.None);

        MigrationRunRecord run = _journals.Last;
        IReadOnlyList<StreamSample> streams = _journals.Store.Series(run.Id).Streams;
        Assert.NotEmpty(streams);
        Assert.All(streams, s => Assert.Equal(("vm1", 7, 70), (s.VMName, s.BytesTransferred, s.BytesRemaining)));
        Assert.Contains(MigrationState.PreCopying, streams.Select(s => s.State));
        Assert.Equal((Strategy.PreCopy, PlanObjective.Time), (run.Strategy, run.Objective));
        Assert.Equal([("kvm1", 1), ("a", 0)], run.Links.Select(l => (l.HostName, l.ContentionBitsPerSecond)));
        Assert.Equal("RunNotFound", Assert.Throws<MigrationException>(() => _journals.Store.Series("none")).ErrorId);
    }

    private string Path => System.IO.Path.Combine(Directory.CreateDirectory(_journals.Store.Folder).FullName, "run.series");

    private static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    private static HostMeasurement Measured(int second) => new(
        new HostTraffic
        {
            HostName = "kvm1", BackgroundTxBitsPerSecond = 100, BackgroundRxBitsPerSecond = 200, LinkBitsPerSecond = 1000,
            SampledAt = At(second), Window = TimeSpan.FromSeconds(6),
        },
        [new VMTrafficRate { HostName = "kvm1", VMName = "vm 1", TxBitsPerSecond = 10, RxBitsPerSecond = 20 }], false);
}
