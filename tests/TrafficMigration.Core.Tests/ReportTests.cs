using System.Globalization;
using System.Xml.Linq;
using CsCheck;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Reporting;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What a report's page is made of, whatever the runs' names and figures are.</summary>
public sealed class ReportTests : IDisposable
{
    private static readonly XNamespace Page = "http://www.w3.org/1999/xhtml";
    private static readonly XNamespace Drawing = "http://www.w3.org/2000/svg";
    private static readonly DateTimeOffset Start = new(2026, 11, 20, 9, 0, 0, TimeSpan.Zero);

    private static readonly string[] Names = [.. PlayedRuns.HostileNames, "]]>", "-->", "</style>", "\uD800", "\0", "a\u202Eb", "\uFFFF"];

    private readonly TemporaryStore _journals = new();

    public void Dispose() => _journals.Dispose();

    /// <summary>The module's tests report these files; they are in the format that the executor writes, because its types wrote them.</summary>
    [Fact]
    public void The_recorded_runs_are_what_the_journals_own_types_write()
    {
        string folder = Path.Combine(Root(), "tests", "Module", "Recorded");
        PlayedRuns.PlayAll(_journals.Store);
        string[] written = [.. Directory.EnumerateFiles(_journals.Folder).Where(f => Path.GetExtension(f) is ".jsonl" or ".series").Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable("TRAFFICMIGRATION_RECORD") == "1")
        {
            Directory.CreateDirectory(folder);
            written.ToList().ForEach(f => File.Copy(f, Path.Combine(folder, Path.GetFileName(f)), overwrite: true));
        }

        Assert.Equal(8, written.Length);
        Assert.All(written, f => Assert.Equal(File.ReadAllText(f), File.ReadAllText(Path.Combine(folder, Path.GetFileName(f)))));
    }

    [Fact]
    public void A_page_is_well_formed_and_shows_every_name_as_text_whatever_it_is() =>
        Gen.Select(Gen.String, Gen.Int[0, Names.Length - 1].Select(i => Names[i]), Gen.String).Sample((name, host, text) =>
        {
            ReportedRun run = Run(name + host, host + "1", text);
            XDocument page = Parse(MigrationReport.Write([run, run with { Record = run.Record with { Id = text } }], name, Start));
            Assert.Empty(page.Descendants(Page + "script").Concat(page.Descendants(Drawing + "script")));
            Assert.Equal(0, page.Descendants().Count(e => e.Attributes().Any(a => a.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase) || a.Value.Contains("javascript:", StringComparison.OrdinalIgnoreCase))));
            string shown = Html.Clean(name + host);
            Assert.Contains(page.Descendants(Page + "bdi"), e => e.Value == shown);
            Assert.Contains(page.Descendants(Page + "td"), e => e.Value == Html.Clean(text));
        }, iter: 300);

    [Fact]
    public void Text_keeps_all_that_a_page_can_hold()
    {
        Assert.Equal("ü 数 😀\n\t<&\"'", Html.Clean("ü 数 😀\n\t<&\"'"));
        Assert.Equal("a\uFFFDb\uFFFDc\uFFFDd\uFFFDe", Html.Clean("a\0b\uD83Dc\u202Ed\u0085e"));
    }

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
        ReportedRun run = Played(PlayedRuns.Sensitive);
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
    public void The_best_of_several_runs_is_marked_in_words_and_never_one_that_did_less()
    {
        PlayedRuns.PlayAll(_journals.Store);
        ReportedRun[] runs = [.. new[] { PlayedRuns.Sensitive, PlayedRuns.PreCopy, PlayedRuns.PostCopy, PlayedRuns.Troubled }.Select(Load)];
        XDocument page = Parse(MigrationReport.Write(runs, "Four runs", Start));
        XElement table = page.Descendants(Page + "section").Single(s => (string?)s.Attribute("id") == "comparison").Descendants(Page + "table").First();
        XElement[] rows = [.. table.Element(Page + "tbody")!.Elements(Page + "tr")];

        Assert.Equal(4, rows.Length);
        Assert.Contains("Traffic-sensitive", rows[0].Value, StringComparison.Ordinal);
        Assert.StartsWith("best", rows[0].Elements(Page + "td").ElementAt(2).Value, StringComparison.Ordinal);
        Assert.DoesNotContain("best", rows[3].Value, StringComparison.Ordinal);
        Assert.Contains("did not move the same VMs", page.Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_does_not_see_a_drawing_gets_its_name_its_description_and_its_figures()
    {
        PlayedRuns.PlayAll(_journals.Store);
        XDocument page = Parse(MigrationReport.Write([Load(PlayedRuns.Sensitive), Load(PlayedRuns.Troubled)], "Two runs", Start));
        string[] ids = [.. page.Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        XElement[] drawings = [.. page.Descendants(Drawing + "svg").Where(s => (string?)s.Attribute("role") == "img")];
        Assert.True(drawings.Length >= 10);
        Assert.All(drawings, d =>
        {
            Assert.Equal(
                [(string)d.Element(Drawing + "title")!.Attribute("id")!, (string)d.Element(Drawing + "desc")!.Attribute("id")!],
                ((string)d.Attribute("aria-labelledby")!).Split(' '));
            Assert.NotEmpty(d.Element(Drawing + "desc")!.Value);
            Assert.Single(d.Ancestors(Page + "figure").Single().Elements(Page + "details").Descendants(Page + "table"));
        });
        int[] levels = [.. page.Descendants().Where(e => e.Name.LocalName is ['h', >= '1' and <= '6']).Select(e => e.Name.LocalName[1] - '0')];
        Assert.Equal(1, levels[0]);
        Assert.Single(levels, 1);
        Assert.All(levels.Zip(levels.Skip(1)), p => Assert.True(p.Second <= p.First + 1));
        Assert.All(page.Descendants(Page + "table"), t => Assert.NotEmpty(t.Element(Page + "caption")!.Value));
        Assert.All(page.Descendants(Page + "th"), h => Assert.NotNull(h.Attribute("scope")));
    }

    [Fact]
    public void A_run_that_was_interrupted_says_so_and_how_to_take_it_up()
    {
        ReportedRun run = Played(PlayedRuns.Troubled);
        Assert.Equal(
            $"The run was interrupted: 1 of 3 VMs was moved in 23.5\u00A0s, 1 failed, 1 has no result yet. Resume-TrafficSensitiveMigration -Id {PlayedRuns.Troubled} takes it up again.",
            RunPart.Outcome(run).Replace(Units.Span(run.TotalTime!.Value), "23.5\u00A0s", StringComparison.Ordinal));
        var timeline = Timeline.From(run);
        Assert.Equal([MigrationEventKind.Decision, MigrationEventKind.Trouble], timeline.Marks.Select(m => m.Event.Kind));
        Assert.True(timeline.Rows[2].Bars[^1].IsOpen);
        Assert.StartsWith("The run goes on. So far, 1 of 3", RunPart.Outcome(run with { Record = run.Record with { State = MigrationRunState.Running } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Results_alone_make_a_page_that_says_what_is_missing()
    {
        VMMigrationResult[] results = [.. Played(PlayedRuns.PostCopy).Results];
        var run = ReportedRun.FromResults(null, results);
        XDocument page = Parse(MigrationReport.Write([run], "From results", Start));

        Assert.Equal(4, Timeline.From(run).Rows.Count(r => r.Bars is [{ State: MigrationState.PostCopying }]));
        Assert.Contains("journal is not on this machine", page.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("is recorded beside the run's journal, which is not at hand", page.Root.Value, StringComparison.Ordinal);
        Assert.NotNull(run.TotalTime);
        Assert.NotNull(ReportedRun.FromResults("x", [results[0] with { StartTime = null, TotalTime = null, Outcome = MigrationOutcome.Unclear }]));
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

    [Fact]
    public void Figures_are_the_same_in_every_language()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            ReportedRun run = Played(PlayedRuns.Sensitive);
            string here = MigrationReport.Write([run], "Run", Start);
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("ar-SA");
            Assert.Equal(here, MigrationReport.Write([run], "Run", Start));
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(here, MigrationReport.Write([run], "Run", Start));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "TrafficMigration.psd1")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    private ReportedRun Played(string id)
    {
        PlayedRuns.PlayAll(_journals.Store);
        return Load(id);
    }

    private ReportedRun Load(string id) => new(_journals.Store.Get(id), _journals.Store.Series(id));

    private static XDocument Parse(string page)
    {
        Assert.StartsWith("<!DOCTYPE html>\n<html", page, StringComparison.Ordinal);
        // What an HTML parser takes literally must not be written in XML's way.
        string style = page[page.IndexOf("<style>", StringComparison.Ordinal)..page.IndexOf("</style>", StringComparison.Ordinal)];
        Assert.DoesNotContain("&", style, StringComparison.Ordinal);
        return XDocument.Parse(page, LoadOptions.PreserveWhitespace);
    }

    private static MigrationEvent Event(double second, MigrationEventKind kind, string? vm = null, string text = "") =>
        new() { Time = Start.AddSeconds(second), RunId = "r", Kind = kind, VMName = vm, Text = text };

    private static ReportedRun Run(string vm, string source, string text) => new(
        new MigrationRunRecord
        {
            Id = "r",
            State = MigrationRunState.Ended,
            StartTime = Start,
            LastTime = Start.AddSeconds(60),
            Owner = text + "@control",
            Options = new RunOptions(),
            VirtualMachines =
            [
                new VMMigrationRecord
                {
                    State = MigrationState.Failed,
                    Plan = new VMMigrationPlan
                    {
                        VMName = vm, Source = source, Destination = "kvm2", Technique = Technique.PreCopy, SourceContentionBitsPerSecond = 0, DestinationContentionBitsPerSecond = 0,
                        Rate = Rate(vm, 1, 2) with { HostName = source },
                    },
                    Result = new VMMigrationResult
                    {
                        VMName = vm, Source = source, Destination = "kvm2", Technique = Technique.PreCopy, Outcome = MigrationOutcome.Failed,
                        Error = Failures.Kept("MigrationFailed", text, source, vm),
                    },
                },
            ],
            Events = [Event(0, MigrationEventKind.Run), Event(5, MigrationEventKind.Trouble, vm, text), Event(60, MigrationEventKind.Run)],
            Links = [new LinkContention(source, LinkDirection.Outgoing, 1, 0, null)],
        },
        new RunSeries(
            [new LinkSample(source, Start.AddSeconds(6), TimeSpan.FromSeconds(6), 5_000_000, 3, 1_000_000_000, [new VMLinkSample(vm, 1_000_000, 1)])],
            [new StreamSample(vm, Start.AddSeconds(3), MigrationState.PreCopying, 1000, 1000, null), new StreamSample(vm, Start.AddSeconds(5), MigrationState.PreCopying, 9000, 0, null)]));

    private static VMTrafficRate Rate(string name, long tx, long rx) =>
        new() { HostName = "kvm1", VMName = name, TxBitsPerSecond = tx * 1_000_000, RxBitsPerSecond = rx * 1_000_000 };
}
