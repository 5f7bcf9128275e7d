using CsCheck;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Reporting;
using TrafficMigration.Traffic;
using Xunit;
using static TrafficMigration.Tests.ReportedRuns;

namespace TrafficMigration.Tests;

/// <summary>What a report makes of journals and samples.</summary>
public sealed class ReportFiguresTests : IDisposable
{
    private readonly TemporaryStore _journals = new();

    public void Dispose() => _journals.Dispose();

    [Fact]
    public void Areas_are_never_negative_and_together_what_the_link_carried() =>
        Gen.Select(Gen.Long[0, 2_000_000_000].Array[1, 30], Gen.Long[-5, 1_500_000_000].Array[30], Gen.Long[0, 600_000_000].Array[30], Gen.Int[1, 12]).Sample((totals, vms, sent, window) =>
        {
            ReportedRun run = Run("vm1", "kvm1", "");
            long bytes = 0;
            run = run with
            {
                Series = new RunSeries(
                    [.. totals.Select((t, i) => new LinkSample("kvm1", Start.AddSeconds(2 * i), TimeSpan.FromSeconds(window), t, t / 2, 1_000_000_000, [new("vm1", vms[i], 7), new("another", 9, 9)]))],
                    [.. totals.Select((_, i) => new StreamSample("vm1", Start.AddSeconds(2 * i), MigrationState.PreCopying, bytes += sent[i], 0, null))]),
            };

            UplinkTraffic uplink = UplinkTraffic.Of(run, "KVM1", LinkDirection.Outgoing)!;
            UplinkPoint[] points = [.. uplink.Stretches.SelectMany(s => s)];
            Assert.Equal(totals.Length, points.Length);
            Assert.All(points.Zip(totals), p =>
            {
                Assert.True(p.First is { VMs: >= 0, Other: >= 0, Memory: >= 0 });
                Assert.Equal(p.Second, p.First.Total, 0.5);
            });
        }, iter: 300);

    [Fact]
    public void Bars_lie_within_the_axis_and_not_upon_each_other_also_where_the_clock_was_set() =>
        Gen.Select(Gen.Int[-50, 100].Array[5], Gen.Int[0, 5]).Sample((seconds, known) =>
        {
            MigrationState[] way = [MigrationState.Preflight, MigrationState.PreCopying, MigrationState.PostCopying, MigrationState.CleaningUp, MigrationState.Done];
            ReportedRun run = Run("vm1", "kvm1", "");
            run = run with
            {
                Record = run.Record with
                {
                    State = MigrationRunState.Interrupted,
                    Events = [run.Record.Events[0], .. way.Take(known).Select((s, i) => Event(Math.Clamp(seconds[i], -50, 60), MigrationEventKind.Transition, "vm1") with { To = s })],
                },
            };
            var timeline = Timeline.From(run);
            IReadOnlyList<TimelineBar> bars = timeline.Rows[0].Bars;
            Assert.Equal(Math.Min(known, 4), bars.Count);
            Assert.All(bars, b => Assert.True(TimeSpan.Zero <= b.From && b.From <= b.To && b.To <= timeline.Length));
            Assert.All(bars.Zip(bars.Skip(1)), p => Assert.Equal(p.First.To, p.Second.From));
            Assert.All(bars, b => Assert.Equal(known < 5 && ReferenceEquals(b, bars[^1]), b.IsOpen));
        });

    [Fact]
    public void Memory_on_the_links_adds_up_to_what_the_job_says_it_sent()
    {
        ReportedRun run = _journals.Played(PlayedRuns.Sensitive);
        foreach ((string host, LinkDirection direction) in run.Links)
        {
            UplinkTraffic uplink = UplinkTraffic.Of(run, host, direction)!;
            // Every 2 s there is a mean of 6 s.
            double bytes = uplink.Stretches.SelectMany(s => s).Sum(p => p.Memory) * 2 / 8 * 1448 / 1514;
            long sent = run.Over(host, direction).Sum(v => v.Result!.BytesTransferred!.Value);
            Assert.InRange(bytes / sent, 0.95, 1.05);
        }
    }

    [Fact]
    public void The_published_example_has_its_contention_beside_that_of_both_single_techniques()
    {
        IReadOnlyList<VMMigrationPlan> plans = Planner.CreatePlan(new PlanRequest
        {
            Rates = [Rate("VM1", 200, 400), Rate("VM2", 300, 500)], Destinations = [new HostTraffic { HostName = "kvm2" }], CreatedAt = Start,
        }, TestContext.Current.CancellationToken);
        ReportedRun run = Run("VM1", "kvm1", "");
        run = run with
        {
            Record = run.Record with
            {
                Links = plans[0].Plan.Links,
                VirtualMachines = [.. plans.Select(p => new VMMigrationRecord { Plan = p, State = MigrationState.Planned, Result = null })],
            },
        };

        Assert.Equal(
            [(300, 500, 0), (400, 0, 900)],
            LinkFigures.Of(run, []).Select(l => (l.Link.ContentionBitsPerSecond / 1_000_000, l.AllPreCopy / 1_000_000, l.AllPostCopy / 1_000_000)));
    }

    [Fact]
    public void A_run_that_was_interrupted_says_so_and_how_to_take_it_up()
    {
        ReportedRun run = _journals.Played(PlayedRuns.Troubled);
        Assert.Equal(
            $"The run was interrupted: 1 of 3 VMs was moved in 23.5\u00A0s, 1 failed, 1 has no result yet. Resume-TrafficSensitiveMigration -Id {PlayedRuns.Troubled} takes it up again.",
            RunPart.Outcome(run).Replace(Units.Span(run.TotalTime!.Value), "23.5\u00A0s", StringComparison.Ordinal));
        var timeline = Timeline.From(run);
        Assert.Equal([MigrationEventKind.Decision, MigrationEventKind.Trouble], timeline.Marks.Select(m => m.Event.Kind));
        Assert.True(timeline.Rows[2].Bars[^1].IsOpen);
        Assert.StartsWith("The run goes on. So far, 1 of 3", RunPart.Outcome(run with { Record = run.Record with { State = MigrationRunState.Running } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_samples_become_few_points_that_keep_their_mean()
    {
        ReportedRun run = Run("vm1", "kvm1", "");
        run = run with
        {
            Series = new RunSeries([.. Enumerable.Range(1, 5000).Select(i => new LinkSample("kvm1", Start.AddSeconds(i < 2500 ? 2 * i : (2 * i) + 60), TimeSpan.FromSeconds(6), i * 1000, 0, null, []))], []),
        };
        UplinkTraffic uplink = UplinkTraffic.Of(run, "kvm1", LinkDirection.Outgoing)!;
        Assert.Equal(2, uplink.Stretches.Count);
        Assert.InRange(uplink.Stretches.Sum(s => s.Count), 200, 250);
        Assert.Equal(2500.5 * 1000, uplink.Stretches.SelectMany(s => s).Average(p => p.Total), 30_000.0);
        Assert.Null(uplink.Met);
    }

    [Fact]
    public void A_long_run_of_many_VMs_is_a_page_that_can_still_be_mailed()
    {
        ReportedRun run = Run("vm0", "kvm1", "");
        VMMigrationRecord one = run.Record.VirtualMachines[0];
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"vm{i}")];
        run = run with
        {
            Record = run.Record with { VirtualMachines = [.. names.Select(n => one with { Plan = one.Plan with { VMName = n }, Result = null })] },
            Series = new RunSeries(
                [.. Enumerable.Range(1, 3600).Select(i => new LinkSample("kvm1", Start.AddSeconds(2 * i), TimeSpan.FromSeconds(6), 700_000_000, 0, 1_000_000_000, []))],
                [.. Enumerable.Range(1, 7200).SelectMany(i => names.Select(n => new StreamSample(n, Start.AddSeconds(i), MigrationState.PreCopying, i * 2_000_000L, 1, null)))]),
        };

        Assert.Equal(0.96, UplinkTraffic.Of(run, "kvm1", LinkDirection.Outgoing)!.Met!.Memory / (40 * 2e6 * 8 * 1514 / 1448), 0.05);
        Assert.InRange(MigrationReport.Write([run], "Long", Start).Length, 20_000, 200_000);
    }

    [Fact]
    public void Axes_have_round_figures_and_few_of_them() => Gen.Double[1e-3, 1e12].Sample(top =>
    {
        IReadOnlyList<double> values = Axis.Values(top);
        Assert.True(values.Count is >= 2 and <= 6 && values[0] == 0 && values[^1] <= top * 1.000001);
        TimeSpan length = TimeSpan.FromSeconds(1 + (top % 1e7));
        IReadOnlyList<TimeSpan> times = Axis.Times(length);
        Assert.True(times.Count is >= 1 and <= 7 && times[^1] <= length + TimeSpan.FromMilliseconds(1));
    });
}
