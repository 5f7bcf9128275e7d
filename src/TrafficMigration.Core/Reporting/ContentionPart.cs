using System.Xml.Linq;
using TrafficMigration.Planning;

namespace TrafficMigration.Reporting;

/// <summary>The part of the page that says what contends with the memory on each link, and what would have.</summary>
internal static class ContentionPart
{
    public static IEnumerable<XElement> Of(string id, ReportedRun run, IReadOnlyList<UplinkTraffic> measured)
    {
        yield return Html.Tag("h3", "Contention on the links");
        IReadOnlyList<LinkFigures> links = LinkFigures.Of(run, measured);
        if (links.Count == 0)
        {
            yield return Html.Tag("p", run.HasJournal
                ? "The plan's figures for the links are not in the run's journal: its VMs' plans came without their whole plan."
                : "The run's journal is not at hand, and with it the plan's figures for the links.");
            yield break;
        }

        yield return Html.Tag("p", Sentence(links));
        bool isMeasured = links.Any(l => l.Met is not null);
        yield return BarChart.Figure(
            new ChartText
            {
                Id = id,
                RightRoom = 92,
                Title = "What contends with the memory on each link",
                Description = Sentence(links),
                Caption = "By the rates that the plan rests on: what VMs send out of a source that they leave by pre-copy, what they receive at a destination to which they go by post-copy, and background traffic."
                    + (isMeasured ? " Measured: the mean of VMs' and other traffic while memory flowed. It is what the memory met, so where the link was full it can be less than the VMs wanted." : ""),
            },
            [.. links.Select(l => new BarGroup(Words.Link(Chart.Short(l.Link.HostName), l.Link.Direction), Bars(l, isMeasured)))],
            TableOf(links));
    }

    private static string Sentence(IReadOnlyList<LinkFigures> links)
    {
        long planned = LinkFigures.Worst(links, l => l.Link.ContentionBitsPerSecond);
        long preCopy = LinkFigures.Worst(links, l => l.AllPreCopy);
        long postCopy = LinkFigures.Worst(links, l => l.AllPostCopy);
        LinkContention worst = links.First(l => l.Link.ContentionBitsPerSecond == planned).Link;
        string bound = links.Any(l => l.Link.IsLowerBound) ? " A link was full when its traffic was measured: VMs may have wanted more than these figures say." : "";
        return $"On {worst.HostName}'s {Words.Of(worst.Direction)} link, the worst one, {Units.Rate(planned)} contend with the memory as planned. "
            + $"With pre-copy for all VMs it would be {Units.Rate(preCopy)} on the worst link, with post-copy for all {Units.Rate(postCopy)}.{bound}";
    }

    private static Bar[] Bars(LinkFigures link, bool isMeasured) =>
    [
        new("as planned", link.Link.ContentionBitsPerSecond, Units.Rate(link.Link.ContentionBitsPerSecond), "planned"),
        new("all pre-copy", link.AllPreCopy, Units.Rate(link.AllPreCopy), "instead"),
        new("all post-copy", link.AllPostCopy, Units.Rate(link.AllPostCopy), "instead"),
        .. isMeasured ? [new Bar("measured", link.Met?.Contention, link.Met is { } met ? Units.Rate(met.Contention) : "not measured", "met")] : Array.Empty<Bar>(),
    ];

    private static XElement TableOf(IReadOnlyList<LinkFigures> links) => Table.Of(
        "Traffic that contends with the memory on each link, Mbps",
        [
            new("Link"), new("Speed", true), new("Background", true), new("As planned", true), new("All pre-copy", true), new("All post-copy", true),
            new("VMs", true, "Measured while memory flowed"), new("Other", true, "Measured while memory flowed"), new("Memory", true, "Measured while memory flowed"),
        ],
        links.Select(l => (object?[])
        [
            Html.Name(Words.Link(l.Link.HostName, l.Link.Direction)), Figure(l.Link.LinkBitsPerSecond), Figure(l.Link.BackgroundBitsPerSecond),
            (l.Link.IsLowerBound ? "at least " : "") + Figure(l.Link.ContentionBitsPerSecond), Figure(l.AllPreCopy), Figure(l.AllPostCopy),
            Figure(l.Met?.VMs), Figure(l.Met?.Other), Figure(l.Met?.Memory),
        ]));

    private static string Figure(double? bitsPerSecond) => bitsPerSecond is { } known ? Units.Mbps(known) : Units.Unknown;
}
