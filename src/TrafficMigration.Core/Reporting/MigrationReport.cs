using System.Xml.Linq;

namespace TrafficMigration.Reporting;

/// <summary>Makes a page of HTML about one or several runs, which needs nothing else: no script, no network, no other file.</summary>
public static class MigrationReport
{
    private static readonly Lazy<string> Style = new(() =>
    {
        using Stream sheet = typeof(MigrationReport).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(sheet);
        return reader.ReadToEnd();
    });

    /// <summary>The page as text, to be written as UTF-8.</summary>
    /// <param name="runs">The runs, at least one.</param>
    /// <param name="title">The page's title.</param>
    /// <param name="madeAt">When the page is made.</param>
    public static string Write(IReadOnlyList<ReportedRun> runs, string title, DateTimeOffset madeAt)
    {
        (string Id, ReportedRun Run)[] parts = [.. runs.OrderBy(r => r.Record.StartTime).Select((r, i) => (FormattableString.Invariant($"run{i + 1}"), r))];
        return Html.Write(Html.Tag(
            "html", Html.At("lang", "en"),
            Html.Tag(
                "head",
                Html.Tag("meta", Html.At("charset", "utf-8")),
                // Whatever a name or a message might bring along: nothing is loaded, nothing is run.
                Html.Tag("meta", Html.At("http-equiv", "Content-Security-Policy"), Html.At("content", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")),
                Html.Tag("meta", Html.At("name", "viewport"), Html.At("content", "width=device-width, initial-scale=1")),
                Html.Tag("meta", Html.At("name", "color-scheme"), Html.At("content", "light dark")),
                Html.Tag("meta", Html.At("name", "generator"), Html.At("content", "TrafficMigration")),
                Html.Tag("title", title),
                Html.Tag("style", Style.Value)),
            Html.Tag(
                "body",
                Html.Tag("a", Html.Class("skip"), Html.At("href", "#content"), "Skip to the content"),
                Patterns(),
                Html.Tag(
                    "header",
                    Html.Tag("h1", title),
                    Html.Tag("p", Html.Class("soft"), $"{Units.Count(runs.Count, "run", "runs")} · page made {Units.Moment(madeAt)}")),
                parts.Length > 1 ? Contents(parts) : null,
                Html.Tag(
                    "main", Html.At("id", "content"),
                    parts.Length > 1 ? ComparisonPart.Of(parts) : null,
                    parts.Select(p => RunPart.Of(p.Id, p.Run))),
                Html.Tag("footer", Html.Tag("p", "Made by Export-MigrationReport. Rates are SI (1 Mbps is 1,000,000 bit/s), memory is binary (1 MiB is 1,048,576 bytes). This page runs no script and loads nothing.")))));
    }

    private static XElement Contents((string Id, ReportedRun Run)[] parts) => Html.Tag(
        "nav", Html.At("aria-label", "Runs on this page"),
        Html.Tag(
            "ul",
            Html.Tag("li", Html.Tag("a", Html.At("href", "#comparison"), "Side by side")),
            parts.Select(p => Html.Tag(
                "li", Html.Tag("a", Html.At("href", "#" + p.Id), RunPart.Heading(p.Run)),
                p.Run.Strategy is { } strategy ? Html.Tag("span", Html.Class("soft"), " " + strategy) : null))));

    /// <summary>The patterns that stand beside colours, so that no colour says anything alone.</summary>
    private static XElement Patterns() => Html.Svg(
        "svg", Html.Class("patterns"), Html.At("aria-hidden", "true"), Html.At("width", 0), Html.At("height", 0),
        Html.Svg(
            "defs",
            Pattern("hatch-memory", "memory-fill", 8, "M-2 2L2 -2M0 8L8 0M6 10L10 6"),
            Pattern("hatch-post", "post-fill", 8, "M-2 6L2 10M0 0L8 8M6 -2L10 2"),
            Pattern("hatch-paused", "paused-fill", 6, "M0 0L6 6M0 6L6 0"),
            Pattern("hatch-recovering", "recovering-fill", 6, "M3 0V6"),
            Pattern("hatch-other", "other-fill", 6, "M0 3H6"),
            Pattern("hatch-met", "met-fill", 6, "M3 0V6")));

    private static XElement Pattern(string id, string fill, double size, string lines) => Html.Svg(
        "pattern", Html.At("id", id), Html.At("width", size), Html.At("height", size), Html.At("patternUnits", "userSpaceOnUse"),
        Html.Svg("rect", Html.Class(fill), Html.At("width", size), Html.At("height", size)),
        Html.Svg("path", Html.Class("lines"), Html.At("d", lines)));
}
