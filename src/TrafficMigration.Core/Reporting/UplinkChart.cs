using System.Globalization;
using System.Text;
using System.Xml.Linq;
using TrafficMigration.Planning;

namespace TrafficMigration.Reporting;

/// <summary>Draws what one direction of an uplink carried, as areas on each other.</summary>
internal static class UplinkChart
{
    private const double LeftRoom = 76;
    private const double Top = 22;
    private const double Height = 190;
    private const double Across = 1000;
    private const double NameHeight = 24;

    private sealed record Layer(string Kind, string Label, Func<UplinkPoint, double> From, Func<UplinkPoint, double> Value);

    private static readonly Layer[] Layers =
    [
        new("vms", "the run's VMs", _ => 0, p => p.VMs),
        new("other", "other traffic", p => p.VMs, p => p.Other),
        new("memory", "memory", p => p.VMs + p.Other, p => p.Memory),
    ];

    public static XElement Draw(string id, UplinkTraffic uplink, TimeSpan length)
    {
        UplinkPoint[] points = [.. uplink.Stretches.SelectMany(s => s)];
        double most = points.Max(p => p.Total);
        // A link that is hardly used would press everything to the ground.
        double? capacity = uplink.LinkBitsPerSecond < 4 * most || most == 0 ? uplink.LinkBitsPerSecond : null;
        double top = Math.Max(Math.Max(most * 1.05, (capacity ?? 0) * 1.02), 1000);

        XElement drawing = Html.Svg(
            "g", Html.At("transform", FormattableString.Invariant($"translate(0 {Top})")),
            Grid(top),
            Chart.TimeAxis(length, Height),
            Html.Svg(
                "svg", Html.At("width", "100%"), Html.At("height", Height), Html.At("viewBox", FormattableString.Invariant($"0 0 {Across} {Height}")),
                Html.At("preserveAspectRatio", "none"),
                Layers.SelectMany(l => uplink.Stretches.Select(s => Html.Svg("path", Html.Class(l.Kind), Html.At("d", Area(s, l, length, top)))))),
            Layers.Select(l => Name(points, l, length, top)),
            Capacity(uplink.LinkBitsPerSecond, capacity, top));
        return Chart.Figure(Text(id, uplink, points), Top + Height + 26, [drawing], Legend(uplink), TableOf(uplink, points));
    }

    /// <summary>How all of these drawings are to be read.</summary>
    public static string Explanation(IEnumerable<UplinkTraffic> uplinks)
    {
        TimeSpan[] windows = [.. uplinks.SelectMany(u => u.Stretches).SelectMany(s => s).Select(p => p.To - p.From).Order()];
        return $"Each point is the mean over a sliding window of {Units.Span(windows[windows.Length / 2])}, drawn at the window's middle: edges are less steep than they were. "
            + "Rates are as the NIC counts, which leaves out what only the wire carries: a full link reads 98 % of its speed. "
            + "Other traffic has the acknowledgements of streams the other way and, for one window, what a VM sent or received before it left the host.";
    }

    private static ChartText Text(string id, UplinkTraffic uplink, UplinkPoint[] points)
    {
        string link = Words.Link(uplink.HostName, uplink.Direction);
        string met = uplink.Met is { } m
            ? $"While memory flowed it had {Units.Rate(m.Memory)} on average, the run's VMs {Units.Rate(m.VMs)}, and other traffic {Units.Rate(m.Other)}."
            : "No memory was seen to flow.";
        return new ChartText
        {
            Id = id,
            LeftRoom = LeftRoom,
            Title = $"What the uplink carried: {link}",
            Description = $"Areas on each other: traffic of the run's VMs, other traffic, and memory, in Mbps over time; "
                + $"together at most {Units.Rate(points.Max(p => p.Total))}{(uplink.LinkBitsPerSecond is { } speed ? $" of a link of {Units.Rate(speed)}" : "")}. {met}",
            Caption = met,
        };
    }

    private static IEnumerable<XElement> Grid(double top)
    {
        IReadOnlyList<double> values = Axis.Values(top);
        foreach (double value in values)
        {
            double y = Y(value, top);
            yield return Html.Svg("line", Html.Class(value == 0 ? "base" : "grid"), Html.At("x1", 0), Html.At("x2", "100%"), Html.At("y1", y), Html.At("y2", y));
            string figure = (value / 1e6).ToString("0.###", CultureInfo.InvariantCulture);
            yield return Chart.Text(-8, y + 4, "axis end", value == values[^1] ? figure + "\u00A0Mbps" : figure);
        }
    }

    private static string Area(IReadOnlyList<UplinkPoint> points, Layer layer, TimeSpan length, double top)
    {
        // A single sample is as wide as its window.
        (TimeSpan Time, UplinkPoint Point)[] edge = points.Count > 1 ? [.. points.Select(p => (p.Middle, p))] : [(points[0].From, points[0]), (points[0].To, points[0])];
        var path = new StringBuilder();
        foreach ((TimeSpan time, UplinkPoint point) in edge)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(At(time, layer.From(point) + layer.Value(point)));
        }

        foreach ((TimeSpan time, UplinkPoint point) in Enumerable.Reverse(edge))
        {
            path.Append('L').Append(At(time, layer.From(point)));
        }

        return path.Append('z').ToString();

        string At(TimeSpan time, double value) => FormattableString.Invariant($"{Math.Clamp(time / length, 0, 1) * Across:0.#} {Y(value, top):0.##}");
    }

    /// <summary>A layer's name on itself, where it is thick enough for long enough.</summary>
    private static XElement? Name(UplinkPoint[] points, Layer layer, TimeSpan length, double top)
    {
        UplinkPoint[] inside = [.. points.Where(p => p.Middle / length is > 0.12 and < 0.88)];
        int room = inside.Count(p => layer.Value(p) / top * Height >= NameHeight);
        if (room == 0 || room < inside.Length * 0.25)
        {
            return null;
        }

        // Amid where it is thickest, and not on a spike.
        double most = inside.Max(layer.Value);
        UplinkPoint[] thick = [.. inside.Where(p => layer.Value(p) >= most * 0.8)];
        UplinkPoint place = thick[thick.Length / 2];
        double middle = layer.From(place) + (layer.Value(place) / 2);
        return Html.Svg("text", Html.Class($"name {layer.Kind}"), Html.Percent("x", place.Middle / length), Html.At("y", Y(middle, top) + 4), layer.Label);
    }

    private static IEnumerable<XElement> Capacity(long? speed, double? drawn, double top)
    {
        if (speed is not { } known)
        {
            yield break;
        }

        double y = drawn is { } value ? Y(value, top) : 0;
        if (drawn is not null)
        {
            yield return Html.Svg("line", Html.Class("capacity"), Html.At("x1", 0), Html.At("x2", "100%"), Html.At("y1", y), Html.At("y2", y));
        }

        yield return Html.Svg(
            "text", Html.Class("axis end"), Html.At("x", "100%"), Html.At("y", y - 6),
            drawn is null ? $"the link's speed, {Units.Rate(known)}, lies far above" : $"speed of the link, {Units.Rate(known)}");
    }

    private static LegendItem[] Legend(UplinkTraffic uplink) =>
    [
        .. Enumerable.Reverse(Layers).Select(l => new LegendItem(l.Kind, l.Kind switch
        {
            "vms" => uplink.Direction == LinkDirection.Outgoing ? "sent by the run's VMs" : "received by the run's VMs",
            "memory" => "memory of the run's VMs",
            _ => "other traffic",
        })),
        .. uplink.LinkBitsPerSecond is null ? Array.Empty<LegendItem>() : [new LegendItem("capacity", "speed of the link")],
    ];

    private static XElement TableOf(UplinkTraffic uplink, UplinkPoint[] points) => Table.Of(
        $"Means over each window, Mbps: {Words.Link(uplink.HostName, uplink.Direction)}",
        [new("Window, s since the run began"), new("VMs", true), new("Other", true), new("Memory", true), new("Total", true)],
        points.Select(p => (object?[])
            [$"{Units.Seconds(p.From)} to {Units.Seconds(p.To)}", Units.Mbps(p.VMs), Units.Mbps(p.Other), Units.Mbps(p.Memory), Units.Mbps(p.Total)]));

    private static double Y(double value, double top) => Height * (1 - Math.Clamp(value / top, 0, 1));
}
