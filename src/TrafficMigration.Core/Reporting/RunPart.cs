using System.Xml.Linq;
using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>The part of the page that is about one run.</summary>
internal static class RunPart
{
    /// <param name="id">What the identifiers of its elements begin with.</param>
    /// <param name="run">The run.</param>
    public static XElement Of(string id, ReportedRun run)
    {
        var timeline = Timeline.From(run);
        (string Host, Planning.LinkDirection Direction, UplinkTraffic? Traffic)[] uplinks =
            [.. run.Links.Select(l => (l.HostName, l.Direction, UplinkTraffic.Of(run, l.HostName, l.Direction)))];
        return Html.Tag(
            "section", Html.At("id", id), Html.At("aria-labelledby", id + "-heading"), Html.Class("run"),
            Html.Tag("h2", Html.At("id", id + "-heading"), Heading(run)),
            Html.Tag("p", Html.Class("lead"), Outcome(run)),
            Html.Tag("p", Html.Class("soft"), Circumstances(run)),
            KeyFigures(run),
            Html.Tag("h3", "Timeline"),
            TimelineChart.Draw(id + "-timeline", run, timeline),
            Html.Tag("h3", "Traffic at the uplinks"),
            Uplinks(id, run, uplinks),
            ContentionPart.Of(id + "-contention", run, [.. uplinks.Select(u => u.Traffic).OfType<UplinkTraffic>()]),
            ResultsPart.Of(run),
            EventsPart.Of(run, timeline));
    }

    /// <summary>A run's name on the page.</summary>
    public static string Heading(ReportedRun run) => run.Record.Id.Length > 0 ? $"Run {run.Record.Id}" : "A run without a name";

    /// <summary>How it ended, in a sentence.</summary>
    public static string Outcome(ReportedRun run)
    {
        int all = run.Record.VirtualMachines.Count;
        int open = run.Record.VirtualMachines.Count(v => v.Result is null);
        var parts = new List<string>();
        int moved = run.Moved.Count();
        if (moved < all)
        {
            parts.Add($"{moved} of {Units.Count(all, "VM", "VMs")} {(moved == 1 ? "was" : "were")} moved");
            Add(MigrationOutcome.AlreadyThere, "was at its destination already", "were at their destinations already");
            Add(MigrationOutcome.Failed, "failed", "failed");
            Add(MigrationOutcome.Cancelled, "was cancelled", "were cancelled");
            Add(MigrationOutcome.Unclear, "has an end that was not seen", "have an end that was not seen");
            if (open > 0)
            {
                parts.Add($"{open} {(open == 1 ? "has" : "have")} no result yet");
            }
        }
        else
        {
            parts.Add(all == 1 ? "The VM was moved" : $"All {all} VMs were moved");
        }

        string time = run.TotalTime is { } total ? $" in {Units.Span(total)}" : "";
        string sentence = parts[0] + time + string.Concat(parts.Skip(1).Select(p => ", " + p));
        return run.Record.State switch
        {
            MigrationRunState.Running => $"The run goes on. So far, {sentence}.",
            MigrationRunState.Interrupted when run.HasJournal => $"The run was interrupted: {sentence}. Resume-TrafficSensitiveMigration -Id {run.Record.Id} takes it up again.",
            _ => sentence + ".",
        };

        void Add(MigrationOutcome outcome, string one, string many)
        {
            if (run.Results.Count(r => r.Outcome == outcome) is > 0 and var count)
            {
                parts.Add(Units.Count(count, one, many));
            }
        }
    }

    private static string Circumstances(ReportedRun run)
    {
        var parts = new List<string>();
        if (run.Record.StartTime != default)
        {
            parts.Add($"Began {Units.Moment(run.Record.StartTime)}");
        }

        if (run.Record.Owner.Length > 0)
        {
            parts.Add($"driven by {run.Record.Owner}");
        }

        parts.Add(run.Strategy is { } strategy ? $"strategy: {strategy}" : "strategy not known");
        return string.Join(" · ", parts) + (run.HasJournal ? "" : ". The run's journal is not on this machine: this is what its results tell.");
    }

    private static XElement KeyFigures(ReportedRun run)
    {
        VMMigrationResult? longest = run.LongestStopped;
        return Html.Tag(
            "dl", Html.Class("key"),
            Figure("Total migration time", run.TotalTime is { } time ? Units.Span(time) : Units.Unknown, "first start to last end"),
            Figure("Memory moved", run.Bytes is { } bytes ? Units.Bytes(bytes) : Units.Unknown, run.Results.Any(r => r.BytesTransferred is null) ? "of the VMs whose figure is known" : "sent in all"),
            Figure("Longest downtime", longest is { Downtime: { } down } ? Units.Span(down) : Units.Unknown, longest is not null ? (object)Html.Name(longest.VMName) : "none was measured"),
            Figure("VMs moved", $"{run.Moved.Count()} of {run.Record.VirtualMachines.Count}", ByOutcome(run)));
    }

    private static XElement Figure(string name, string value, object detail) =>
        Html.Tag("div", Html.Tag("dt", name), Html.Tag("dd", Html.Class("value"), value), Html.Tag("dd", Html.Class("detail"), detail));

    private static string ByOutcome(ReportedRun run)
    {
        string[] parts = [.. run.Results.GroupBy(r => r.Outcome).Where(g => g.Key != MigrationOutcome.Completed).OrderBy(g => g.Key).Select(g => $"{g.Count()} {Words.Of(g.Key)}")];
        int open = run.Record.VirtualMachines.Count(v => v.Result is null);
        string[] all = open > 0 ? [.. parts, $"{open} open"] : parts;
        return all.Length > 0 ? Words.List(all) : "none was left behind";
    }

    private static IEnumerable<XElement> Uplinks(string id, ReportedRun run, (string Host, Planning.LinkDirection Direction, UplinkTraffic? Traffic)[] uplinks)
    {
        if (uplinks.All(u => u.Traffic is null))
        {
            return [Html.Tag("p", run.HasJournal
                ? "No traffic was recorded while this run lasted, or what was recorded is not beside its journal. So nothing is known here of what the links carried."
                : "What the links carried is recorded beside the run's journal, which is not at hand.")];
        }

        XElement[] charts = [.. uplinks.SelectMany((u, i) => (XElement[])
        [
            Html.Tag("h4", Html.Name(Words.Link(u.Host, u.Direction))),
            u.Traffic is { } traffic
                ? UplinkChart.Draw($"{id}-uplink{i + 1}", traffic, run.Length)
                : Html.Tag("p", "This host's traffic was not recorded: it could not be sampled while the run lasted."),
        ])];
        return [Html.Tag("p", Html.Class("soft"), UplinkChart.Explanation(uplinks.Select(u => u.Traffic).OfType<UplinkTraffic>())), .. charts];
    }
}
