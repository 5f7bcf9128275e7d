using System.Xml.Linq;

namespace TrafficMigration.Reporting;

/// <summary>A bar.</summary>
/// <param name="Label">What it stands for.</param>
/// <param name="Value">Its length; <see langword="null"/> for none.</param>
/// <param name="Text">The figure as text.</param>
/// <param name="Kind">Its class in the style sheet.</param>
internal sealed record Bar(string Label, double? Value, string Text, string Kind);

/// <summary>Bars under a heading.</summary>
/// <param name="Heading">The heading.</param>
/// <param name="Bars">The bars.</param>
internal sealed record BarGroup(string Heading, IReadOnlyList<Bar> Bars);

/// <summary>Draws labelled bars; the label says what a bar is, the figure stands at its end.</summary>
internal static class BarChart
{
    private const double HeadingHeight = 26;
    private const double BarHeight = 15;
    private const double RowHeight = 22;
    private const double GroupGap = 12;

    // Of the width: behind the longest bar its figure has room.
    private const double Longest = 0.74;

    /// <param name="groups">The groups.</param>
    /// <param name="gutter">Room for labels, pixels.</param>
    /// <param name="most">What the longest bar may stand for; each group has its own where this is <see langword="null"/>.</param>
    /// <returns>The drawing and its height in pixels.</returns>
    public static (IReadOnlyList<XElement> Drawing, double Height) Draw(IReadOnlyList<BarGroup> groups, double gutter, double? most)
    {
        var drawing = new List<XElement>();
        double top = 0;
        foreach (BarGroup group in groups)
        {
            double scale = most ?? group.Bars.Max(b => b.Value) ?? 0;
            drawing.Add(Chart.Text(0, top + 15, "strong", group.Heading));
            top += HeadingHeight;
            foreach (Bar bar in group.Bars)
            {
                double share = scale > 0 ? (bar.Value ?? 0) / scale * Longest : 0;
                drawing.Add(Chart.Text(0, top + 12, "soft", bar.Label));
                drawing.Add(Chart.Plot(
                    gutter, top, RowHeight,
                    Html.Svg("rect", Html.Class(bar.Kind), Html.Percent("width", share), Html.At("height", BarHeight), Html.At("rx", 2)),
                    Html.Svg("text", Html.Class("value"), Html.Percent("x", share), Html.At("dx", 7), Html.At("y", 12), bar.Text)));
                top += RowHeight;
            }

            top += GroupGap;
        }

        return (drawing, top);
    }
}
