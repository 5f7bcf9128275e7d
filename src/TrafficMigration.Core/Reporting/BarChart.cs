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

/// <summary>Draws labelled bars: the label stands above its bar, however long it is, the figure at its end.</summary>
internal static class BarChart
{
    private const double HeadingHeight = 26;
    private const double LabelHeight = 16;
    private const double BarHeight = 13;
    private const double RowHeight = 36;
    private const double GroupGap = 14;

    /// <param name="text">What it says, with the room that labels and figures need.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="table">The same figures.</param>
    public static XElement Figure(ChartText text, IReadOnlyList<BarGroup> groups, XElement table)
    {
        var drawing = new List<XElement>();
        double most = groups.SelectMany(g => g.Bars).Max(b => b.Value) ?? 0;
        double top = 0;
        foreach (BarGroup group in groups)
        {
            drawing.Add(Chart.Text(0, top + 15, "strong", group.Heading));
            top += HeadingHeight;
            foreach (Bar bar in group.Bars)
            {
                double share = most > 0 ? (bar.Value ?? 0) / most : 0;
                drawing.Add(Chart.Text(0, top + 12, "soft", bar.Label));
                drawing.Add(Html.Svg("rect", Html.Class(bar.Kind), Html.Percent("width", share), Html.At("y", top + LabelHeight), Html.At("height", BarHeight), Html.At("rx", 2)));
                drawing.Add(Html.Svg("text", Html.Class("value"), Html.Percent("x", share), Html.At("dx", 7), Html.At("y", top + LabelHeight + 11), bar.Text));
                top += RowHeight;
            }

            top += GroupGap;
        }

        return Chart.Figure(text, top - GroupGap, drawing, [], table);
    }
}
