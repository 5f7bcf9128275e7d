using System.Xml.Linq;
using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>The part of the page that tells in words what was decided and what went wrong.</summary>
internal static class EventsPart
{
    public static IEnumerable<XElement> Of(ReportedRun run, Timeline timeline)
    {
        yield return Html.Tag("h3", "Decisions and troubles");
        VMMigrationResult[] failed = [.. run.Results.Where(r => r.Error is not null)];
        // Without a journal, decisions are known from the results.
        VMMigrationResult[] decided = run.HasJournal ? [] : [.. run.Results.Where(r => r.Decisions.Count > 0)];
        if (failed.Length == 0 && decided.Length == 0 && timeline.Marks.Count == 0)
        {
            yield return Html.Tag("p", "None: nothing went wrong, and no migration had to be changed on its way.");
        }

        if (failed.Length > 0)
        {
            yield return Html.Tag("ul", Html.Class("errors"), failed.Select(r => Html.Tag(
                "li", Html.Tag("strong", Html.Name(r.VMName)), ", ", Html.Tag("code", r.Error!.ErrorId), ": ", r.Error.Message)));
        }

        if (decided.Length > 0)
        {
            yield return Html.Tag("ul", decided.SelectMany(r => r.Decisions.Select(d => Html.Tag("li", Html.Tag("strong", Html.Name(r.VMName)), ": ", d))));
        }

        if (timeline.Marks.Count > 0)
        {
            yield return Table.Of(
                "The numbered marks of the timeline",
                [new("No."), new("At, s", true), new("Kind"), new("VM or host"), new("What")],
                timeline.Marks.Select(m => (object?[])[$"{m.Number}", Units.Seconds(m.At), Words.Of(m.Event.Kind), Who(m.Event), m.Event.Text]));
        }

        if (run.Record.Events.Count > 0)
        {
            yield return Html.Tag(
                "details", Html.Class("journal"), Html.Tag("summary", $"All that is in the journal: {Units.Count(run.Record.Events.Count, "event", "events")}"),
                Table.Of(
                    "Every event of the run, in order",
                    [new("When"), new("VM or host"), new("What")],
                    run.Record.Events.Select(e => (object?[])[Units.Moment(e.Time), Who(e), What(e)])));
        }
    }

    private static object Who(MigrationEvent happened) => (happened.VMName ?? happened.HostName) is { } name ? Html.Name(name) : "the run";

    private static string What(MigrationEvent happened) => happened is { From: { } from, To: { } to }
        ? $"{Words.Of(from)} → {Words.Of(to)}{(happened.Text.Length > 0 ? ": " + happened.Text : "")}"
        : happened.Text;
}
