using System.Xml.Linq;
using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>Draws a timeline.</summary>
internal static class TimelineChart
{
    private const double Label = 15;
    private const double BarTop = 22;
    private const double BarHeight = 20;
    private const double RowHeight = 54;
    private const double MarkLane = 20;

    public static XElement Draw(string id, ReportedRun run, Timeline timeline)
    {
        var drawing = new List<XElement>();
        double top = 0;
        foreach (TimelineRow row in timeline.Rows)
        {
            drawing.AddRange(Row(row, timeline.Length, top));
            top += RowHeight + (row.Marks.Count > 0 ? MarkLane : 0);
        }

        if (timeline.Others.Count > 0)
        {
            drawing.Add(Chart.Text(0, top + Label, "strong", "run and hosts"));
            drawing.AddRange(Marks(timeline.Others, timeline.Length, top + Label + 14));
            top += Label + 14 + MarkLane;
        }

        XElement[] axis = [.. Chart.TimeAxis(timeline.Length, top)];
        return Chart.Figure(Text(id, run, timeline), top + 24, axis.Concat(drawing), Legend(timeline), TableOf(timeline));
    }

    private static ChartText Text(string id, ReportedRun run, Timeline timeline)
    {
        string rows = string.Join("; ", timeline.Rows.Select(r => $"{r.VM.VMName}: {Spoken(r)}"));
        return new ChartText
        {
            Id = id,
            Title = "What each VM's migration did when",
            Description = $"A row for each VM over {Units.Span(timeline.Length)}. {rows}.",
            Caption = run.HasJournal
                ? "Phases as the run's journal has them, by the clock of the machine that drove it; time since the run began."
                    + (timeline.Marks.Count > 0 ? " Numbered marks are explained under \"Decisions and troubles\"." : "")
                : "From begin to end of each migration by the sources' clocks. The run's journal is not at hand, so its phases are not known: a bar shows the technique.",
        };
    }

    private static string Spoken(TimelineRow row) => row.Bars.Count == 0
        ? "nothing was begun"
        : Words.List([.. row.Bars.Select(b => $"{Words.Of(b.State)} from {Units.Seconds(b.From)} to {Units.Seconds(b.To)} s")]);

    private static IEnumerable<XElement> Row(TimelineRow row, TimeSpan length, double top)
    {
        yield return Chart.Text(
            0, top + Label, "strong", Chart.Short(row.VM.VMName),
            Html.Svg("tspan", Html.Class("soft wide"), Html.At("dx", 8), $"{Chart.Short(row.VM.Source)} → {Chart.Short(row.VM.Destination)}"),
            Html.Svg("tspan", Html.Class("soft fate"), Html.At("dx", 8), Fate(row.VM)));
        yield return Html.Svg("line", Html.Class("lane"), Html.At("x1", 0), Html.At("x2", "100%"), Html.At("y1", top + BarTop + (BarHeight / 2)), Html.At("y2", top + BarTop + (BarHeight / 2)));
        foreach (TimelineBar bar in row.Bars)
        {
            double share = (bar.To - bar.From) / length;
            yield return Html.Svg(
                "rect", Html.Class(bar.IsOpen ? Kind(bar.State) + " open" : Kind(bar.State)), Html.Percent("x", bar.From / length), Html.Percent("width", share),
                Html.At("y", top + BarTop), Html.At("height", BarHeight), Html.Svg("title", $"{row.VM.VMName}: {Words.Of(bar.State)}, {Units.Span(bar.To - bar.From)}"));
            if (share > 0.14)
            {
                yield return Html.Svg(
                    "text", Html.Percent("x", bar.From / length), Html.At("dx", 7), Html.At("y", top + BarTop + 14),
                    Html.Class(share > 0.4 ? "on" : "on wide"), $"{Words.Of(bar.State)} {Units.Span(bar.To - bar.From)}{(bar.IsOpen ? " so far" : "")}");
            }
        }

        foreach (XElement mark in Marks(row.Marks, length, top + BarTop + BarHeight + 11))
        {
            yield return mark;
        }
    }

    private static string Fate(VMMigrationRecord vm) => vm.Result switch
    {
        null => Words.Of(vm.State),
        { Outcome: MigrationOutcome.Completed, TotalTime: { } time } r => $"{Words.Of(r.TechniqueUsed ?? r.Technique)}, moved in {Units.Span(time)}",
        var r => Words.Of(r.Outcome),
    };

    /// <summary>Marks on a lane; those that would lie on each other share one.</summary>
    private static IEnumerable<XElement> Marks(IReadOnlyList<TimelineMark> marks, TimeSpan length, double y)
    {
        for (int i = 0, next; i < marks.Count; i = next)
        {
            next = i + 1;
            while (next < marks.Count && (marks[next].At - marks[i].At) / length < 0.035)
            {
                next++;
            }

            IReadOnlyList<TimelineMark> group = [.. marks.Skip(i).Take(next - i)];
            string numbers = group.Count == 1 ? $"{group[0].Number}" : $"{group[0].Number}–{group[^1].Number}";
            TimelineMark shown = group.FirstOrDefault(m => m.Event.Kind == MigrationEventKind.Trouble) ?? group[0];
            bool isLate = group[0].At / length > 0.9;
            yield return Html.Svg(
                "svg", Html.Percent("x", group[0].At / length), Html.At("y", y), Html.At("overflow", "visible"),
                Html.Svg("title", string.Join("; ", group.Select(m => m.Event.Text))),
                Chart.Mark(Kind(shown.Event.Kind), 7),
                Html.Svg("text", Html.Class(isLate ? "axis end" : "axis"), Html.At("x", isLate ? -10 : 10), Html.At("y", 4), numbers));
        }
    }

    private static string Kind(MigrationEventKind kind) => "mark " + Words.Of(kind);

    private static string Kind(MigrationState state) => "phase " + Words.Of(state).Replace(' ', '-');

    private static LegendItem[] Legend(Timeline timeline) =>
    [
        .. timeline.Rows.SelectMany(r => r.Bars).Select(b => b.State).Distinct().Order().Select(s => new LegendItem(Kind(s), s switch
        {
            MigrationState.PreCopying => "pre-copying: runs at the source",
            MigrationState.PostCopying => "post-copying: runs at the destination",
            MigrationState.Saving => "saving: stands still at the source",
            MigrationState.Copying => "copying: stands still while memory and disks cross",
            MigrationState.Loading => "loading: stands still at the destination",
            MigrationState.PostCopyPaused => "paused: memory does not flow",
            _ => Words.Of(s),
        })),
        .. timeline.Marks.Select(m => m.Event.Kind).Distinct().Order().Select(k => new LegendItem(Kind(k), Words.Of(k))),
    ];

    private static XElement TableOf(Timeline timeline) => Table.Of(
        "Phases of each VM's migration, seconds since the run began",
        [new("VM"), new("Phase"), new("From, s", true), new("To, s", true), new("Length, s", true)],
        timeline.Rows.SelectMany(r => r.Bars.Select(b => (object?[])
            [Html.Name(r.VM.VMName), Words.Of(b.State), Units.Seconds(b.From), b.IsOpen ? "open" : Units.Seconds(b.To), Units.Seconds(b.To - b.From)])));
}
