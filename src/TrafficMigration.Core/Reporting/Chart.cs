using System.Xml.Linq;

namespace TrafficMigration.Reporting;

/// <summary>What a drawing says to those who do not see it, and around it.</summary>
internal sealed record ChartText
{
    /// <summary>The drawing's identifier, the only one on the page.</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Title { get; init; }

    /// <summary>What can be seen in it, with the figures that matter.</summary>
    public required string Description { get; init; }

    /// <summary>What stands below it: where the figures come from. Empty for nothing.</summary>
    public string Caption { get; init; } = "";

    /// <summary>Room for labels at its left, pixels: they stand left of the origin.</summary>
    public double LeftRoom { get; init; }

    /// <summary>Room for labels at its right, pixels.</summary>
    public double RightRoom { get; init; }
}

/// <summary>A kind of area or bar and what it stands for.</summary>
/// <param name="Kind">Its class in the style sheet.</param>
/// <param name="Text">What it stands for.</param>
internal sealed record LegendItem(string Kind, string Text);

/// <summary>The frame of every drawing: name, description, legend, caption, and the figures as a table.</summary>
/// <remarks>
/// A drawing is as wide as its place: whatever lies along its width is placed in percent, so text keeps its size on a
/// telephone and on paper without a script. Labels beside it have room of a fixed width.
/// </remarks>
internal static class Chart
{
    /// <param name="text">What it says.</param>
    /// <param name="height">The drawing's height, pixels.</param>
    /// <param name="drawing">The drawing.</param>
    /// <param name="legend">What its colours and patterns stand for; empty where labels say it.</param>
    /// <param name="table">The same figures.</param>
    public static XElement Figure(ChartText text, double height, IEnumerable<XElement> drawing, IReadOnlyList<LegendItem> legend, XElement table)
    {
        string title = text.Id + "-title";
        string description = text.Id + "-description";
        return Html.Tag(
            "figure",
            legend.Count == 0 ? null : Html.Tag("ul", Html.Class("legend"), legend.Select(l => Html.Tag("li", Swatch(l.Kind), l.Text))),
            Html.Svg(
                "svg",
                Html.At("id", text.Id), Html.Class("chart"), Html.At("role", "img"), Html.At("aria-labelledby", $"{title} {description}"),
                Html.At("style", FormattableString.Invariant($"margin-left:{text.LeftRoom}px;width:calc(100% - {text.LeftRoom + text.RightRoom}px)")), Html.At("height", height),
                Html.Svg("title", Html.At("id", title), text.Title),
                Html.Svg("desc", Html.At("id", description), text.Description),
                drawing),
            text.Caption.Length > 0 ? Html.Tag("figcaption", text.Caption) : null,
            Html.Tag("details", Html.Class("figures"), Html.Tag("summary", "These figures as a table"), table));
    }

    /// <summary>Text in a drawing.</summary>
    public static XElement Text(double x, double y, string kind, params object?[] content) =>
        Html.Svg("text", Html.At("x", x), Html.At("y", y), Html.Class(kind), content);

    /// <summary>The lines and labels of a time axis.</summary>
    /// <param name="length">What the width stands for.</param>
    /// <param name="bottom">Where the lines end and the labels begin, pixels.</param>
    public static IEnumerable<XElement> TimeAxis(TimeSpan length, double bottom)
    {
        foreach (TimeSpan time in Axis.Times(length))
        {
            double share = time / length;
            yield return Html.Svg("line", Html.Class("grid"), Html.Percent("x1", share), Html.Percent("x2", share), Html.At("y1", 0), Html.At("y2", bottom));
            yield return Html.Svg(
                "text", Html.Percent("x", share), Html.At("y", bottom + 18),
                Html.Class(share < 0.02 ? "axis" : share > 0.96 ? "axis end" : "axis middle"), Units.Tick(time));
        }
    }

    /// <summary>A name for a drawing, where no more than this has room; the table has it whole.</summary>
    public static string Short(string name) => name.Length <= 24 ? name : name[..(char.IsHighSurrogate(name[22]) ? 22 : 23)] + "…";

    private static XElement Swatch(string kind) => Html.Svg(
        "svg",
        Html.Class("swatch"), Html.At("aria-hidden", "true"), Html.At("width", 18), Html.At("height", 12),
        kind == "capacity"
            ? Html.Svg("line", Html.Class(kind), Html.At("x1", 0), Html.At("x2", 18), Html.At("y1", 6), Html.At("y2", 6))
            : kind.StartsWith("mark", StringComparison.Ordinal)
                ? Html.Svg("svg", Html.At("x", 9), Html.At("y", 6), Html.At("overflow", "visible"), Mark(kind, 6))
                : Html.Svg("rect", Html.Class(kind), Html.At("width", 18), Html.At("height", 12), Html.At("rx", 2)));

    /// <summary>A mark around the origin, with a shape for each kind.</summary>
    public static XElement Mark(string kind, double radius)
    {
        FormattableString path = kind switch
        {
            "mark decision" => $"M0 {-radius}L{radius} 0L0 {radius}L{-radius} 0z",
            "mark trouble" => $"M0 {-radius}L{radius} {radius * 0.8:0.#}H{-radius}z",
            _ => $"M{-radius * 0.8:0.#} {-radius * 0.8:0.#}H{radius * 0.8:0.#}V{radius * 0.8:0.#}H{-radius * 0.8:0.#}z",
        };
        return Html.Svg("path", Html.Class(kind), Html.At("d", FormattableString.Invariant(path)));
    }
}
