using System.Xml.Linq;
using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>The part of the page that lays several runs side by side.</summary>
internal static class ComparisonPart
{
    private sealed record Measure(string Heading, string Title, Func<ReportedRun, double?> Value, Func<double, string> InTable, Func<double, string> AtBar)
    {
        /// <summary>How far a figure is from the best that there could be.</summary>
        public Func<double, double> Distance { get; init; } = v => v;
    }

    private static readonly Measure[] Measures =
    [
        new("Total migration time, s", "Total migration time", r => r.TotalTime?.TotalSeconds, v => Units.Seconds(TimeSpan.FromSeconds(v)), v => Units.Span(TimeSpan.FromSeconds(v))),
        new("Average migration time, s", "Average migration time", r => r.AverageTime?.TotalSeconds, v => Units.Seconds(TimeSpan.FromSeconds(v)), v => Units.Span(TimeSpan.FromSeconds(v))),
        new("Memory sent, MiB", "Memory sent", r => r.Bytes, v => Units.MiB((long)v), v => Units.Bytes((long)v)),
        new("Longest downtime, ms", "Longest downtime", r => r.LongestStopped?.Downtime?.TotalMilliseconds, v => Units.Milliseconds(TimeSpan.FromMilliseconds(v)), v => Units.Span(TimeSpan.FromMilliseconds(v))),
        // As wrong by half as by double.
        new("Time, measured to predicted", "", r => r.MeasuredOverPredicted, v => Units.Ratio(v), v => Units.Ratio(v)) { Distance = v => v > 0 ? Math.Abs(Math.Log(v)) : double.MaxValue },
    ];

    /// <param name="runs">The runs, at least two, each with the identifier of its part of the page.</param>
    public static XElement Of(IReadOnlyList<(string Id, ReportedRun Run)> runs)
    {
        ReportedRun[] whole = [.. runs.Select(r => r.Run).Where(r => r.IsWhole)];
        return Html.Tag(
            "section", Html.At("id", "comparison"), Html.At("aria-labelledby", "comparison-heading"),
            Html.Tag("h2", Html.At("id", "comparison-heading"), "The runs side by side"),
            Html.Tag("p", Html.Class("lead"), Sentence(runs, whole)),
            Notes(runs, whole),
            TableOf(runs, whole),
            BarsOf(runs, whole));
    }

    private static string Sentence(IReadOnlyList<(string Id, ReportedRun Run)> runs, ReportedRun[] whole)
    {
        ReportedRun[] timed = [.. whole.Where(r => r.TotalTime is not null).OrderBy(r => r.TotalTime)];
        return timed.Length < 2
            ? $"{runs.Count} runs, of which fewer than two moved all their VMs: there is nothing to compare yet."
            : $"{Label(timed[0])} was the fastest: {Units.Span(timed[0].TotalTime!.Value)} of total migration time, "
                + $"where {Words.List([.. timed.Skip(1).Select(r => $"{Label(r)} took {Units.Span(r.TotalTime!.Value)}")])}.";
    }

    private static IEnumerable<XElement> Notes(IReadOnlyList<(string Id, ReportedRun Run)> runs, ReportedRun[] whole)
    {
        if (runs.Select(r => string.Join('\n', r.Run.Record.VirtualMachines.Select(v => v.VMName).Order(StringComparer.Ordinal))).Distinct().Count() > 1)
        {
            yield return Html.Tag("p", Html.Class("note"), "The runs did not move the same VMs, so their figures are of different loads.");
        }

        if (whole.Length < runs.Count)
        {
            yield return Html.Tag("p", Html.Class("note"), "A run that has not moved all its VMs is never marked as best, and its bars are dashed: whoever does less is done sooner.");
        }
    }

    private static XElement TableOf(IReadOnlyList<(string Id, ReportedRun Run)> runs, ReportedRun[] whole) => Table.Of(
        "Strategies, a row for each run; the best of each column is marked",
        [new("Strategy"), new("Run"), new("VMs moved", true), .. Measures.Select(m => new Column(m.Heading, true))],
        runs.Select(r => (object?[])
        [
            Strategy(r.Run),
            Html.Tag("a", Html.At("href", "#" + r.Id), r.Run.Record.Id.Length > 0 ? r.Run.Record.Id : RunPart.Heading(r.Run)),
            $"{r.Run.Moved.Count()} of {r.Run.Record.VirtualMachines.Count}",
            .. Measures.Select(m => Cell(m, r.Run, whole)),
        ]));

    private static object[] Cell(Measure measure, ReportedRun run, ReportedRun[] whole)
    {
        string text = measure.Value(run) is { } value ? measure.InTable(value) : Units.Unknown;
        return IsBest(measure, run, whole) ? [Html.Tag("span", Html.Class("best"), "best"), " ", Html.Tag("strong", text)] : [text];
    }

    private static bool IsBest(Measure measure, ReportedRun run, ReportedRun[] whole)
    {
        // Figures that look the same on the page are the same.
        (ReportedRun Run, double Value)[] known = [.. whole.Where(r => measure.Value(r) is not null).Select(r => (r, measure.Value(r)!.Value))];
        return known.Length > 1 && known.Any(k => ReferenceEquals(k.Run, run))
            && measure.InTable(measure.Value(run)!.Value) == measure.InTable(known.MinBy(k => measure.Distance(k.Value)).Value);
    }

    private static XElement BarsOf(IReadOnlyList<(string Id, ReportedRun Run)> runs, ReportedRun[] whole) => Html.Tag(
        "div", Html.Class("pair"),
        Measures.Where(m => m.Title.Length > 0 && runs.Any(r => m.Value(r.Run) is not null)).Select((m, i) =>
        {
            Bar[] bars = [.. runs.Select(r => new Bar(
                Strategy(r.Run), m.Value(r.Run),
                (m.Value(r.Run) is { } value ? m.AtBar(value) : "not known") + (IsBest(m, r.Run, whole) ? ", best" : ""),
                IsBest(m, r.Run, whole) ? "planned" : r.Run.IsWhole ? "instead" : "partial"))];
            return BarChart.Figure(
                new ChartText
                {
                    Id = $"comparison-{i + 1}",
                    Title = $"{m.Title} of each run",
                    RightRoom = 98,
                    Description = Words.List([.. runs.Select((r, j) => $"{Label(r.Run)}: {bars[j].Text}")]) + ".",
                },
                [new BarGroup(m.Title, bars)],
                Table.Of($"{m.Title} of each run", [new("Run"), new(m.Title, true)], runs.Select((r, j) => (object?[])[Label(r.Run), bars[j].Text])));
        }));

    private static string Strategy(ReportedRun run) => run.Strategy ?? "not known";

    private static string Label(ReportedRun run) => run.Strategy is { } strategy ? $"{strategy} ({run.Record.Id})" : RunPart.Heading(run);
}
