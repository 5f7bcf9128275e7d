using System.Globalization;
using System.Xml.Linq;
using CsCheck;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Reporting;
using Xunit;
using static TrafficMigration.Tests.ReportedRuns;

namespace TrafficMigration.Tests;

/// <summary>What a report's page is, whatever the runs' names and texts are.</summary>
public sealed class ReportPageTests : IDisposable
{
    private static readonly XNamespace Page = "http://www.w3.org/1999/xhtml";
    private static readonly XNamespace Drawing = "http://www.w3.org/2000/svg";
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
    public void The_best_of_several_runs_is_marked_in_words_and_never_one_that_did_less()
    {
        ReportedRun[] runs = [.. new[] { PlayedRuns.Sensitive, PlayedRuns.PreCopy, PlayedRuns.PostCopy, PlayedRuns.Troubled }.Select(_journals.Played)];
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
    public void Runs_of_one_strategy_are_told_apart_by_their_objective_and_by_whether_they_keep_to_the_plan()
    {
        ReportedRun planned = _journals.Played(PlayedRuns.Sensitive);
        ReportedRun adaptive = planned with { Record = planned.Record with { Id = "other", Options = planned.Record.Options with { Adaptive = true } } };
        ReportedRun leastTime = adaptive with { Record = adaptive.Record with { Id = "third", Objective = PlanObjective.Time } };
        planned = planned with { Record = planned.Record with { Options = planned.Record.Options with { Adaptive = false } } };
        XDocument page = Parse(MigrationReport.Write([planned, adaptive, leastTime], "Three runs", Start));

        string[] labels = [.. page.Descendants(Drawing + "svg").First(s => (string?)s.Attribute("id") == "comparison-1").Elements(Drawing + "text").Select(t => t.Value)];
        Assert.Contains("Traffic-sensitive", labels);
        Assert.Contains("Traffic-sensitive, as planned", labels);
        Assert.Contains("Traffic-sensitive, least time", labels);
    }

    [Fact]
    public void Whoever_does_not_see_a_drawing_gets_its_name_its_description_and_its_figures()
    {
        XDocument page = Parse(MigrationReport.Write([_journals.Played(PlayedRuns.Sensitive), _journals.Played(PlayedRuns.Troubled)], "Two runs", Start));
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
    public void Results_alone_make_a_page_that_says_what_is_missing()
    {
        VMMigrationResult[] results = [.. _journals.Played(PlayedRuns.PostCopy).Results];
        var run = ReportedRun.FromResults(null, results);
        XDocument page = Parse(MigrationReport.Write([run], "From results", Start));

        Assert.Equal(4, Timeline.From(run).Rows.Count(r => r.Bars is [{ State: MigrationState.PostCopying }]));
        Assert.Contains("journal is not on this machine", page.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("is recorded beside the run's journal, which is not at hand", page.Root.Value, StringComparison.Ordinal);
        Assert.NotNull(run.TotalTime);
        Assert.NotNull(ReportedRun.FromResults("x", [results[0] with { StartTime = null, TotalTime = null, Outcome = MigrationOutcome.Unclear }]));
    }

    [Fact]
    public void Figures_are_the_same_in_every_language()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            ReportedRun run = _journals.Played(PlayedRuns.Sensitive);
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

    private static XDocument Parse(string page)
    {
        Assert.StartsWith("<!DOCTYPE html>\n<html", page, StringComparison.Ordinal);
        // What an HTML parser takes literally must not be written in XML's way.
        string style = page[page.IndexOf("<style>", StringComparison.Ordinal)..page.IndexOf("</style>", StringComparison.Ordinal)];
        Assert.DoesNotContain("&", style, StringComparison.Ordinal);
        return XDocument.Parse(page, LoadOptions.PreserveWhitespace);
    }
}
