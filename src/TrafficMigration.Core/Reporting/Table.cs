using System.Xml.Linq;

namespace TrafficMigration.Reporting;

/// <summary>A column of a table.</summary>
/// <param name="Heading">Its heading, with the unit of its figures.</param>
/// <param name="IsNumber">Whether it holds figures, which stand one below the other.</param>
/// <param name="Group">What it has in common with the columns beside it; <see langword="null"/> for nothing.</param>
internal sealed record Column(string Heading, bool IsNumber = false, string? Group = null);

/// <summary>Makes tables whose cells say which row and column they belong to.</summary>
internal static class Table
{
    /// <param name="caption">What the table shows.</param>
    /// <param name="columns">The columns; the first one names the row.</param>
    /// <param name="rows">Each row's cells: text, elements, or sequences of both.</param>
    public static XElement Of(string caption, IReadOnlyList<Column> columns, IEnumerable<object?[]> rows) => Html.Tag(
        "div",
        // It may be wider than a telephone; then it is scrolled, by keys as well.
        Html.Class("scroll"), Html.At("role", "region"), Html.At("tabindex", "0"), Html.At("aria-label", caption),
        Html.Tag(
            "table",
            Html.Tag("caption", caption),
            Html.Tag("thead", Head(columns)),
            Html.Tag("tbody", rows.Select(r => Html.Tag("tr", r.Select((cell, i) => Cell(columns[i], cell, isFirst: i == 0)))))));

    private static IEnumerable<XElement> Head(IReadOnlyList<Column> columns)
    {
        if (columns.All(c => c.Group is null))
        {
            return [Html.Tag("tr", columns.Select(Heading))];
        }

        var upper = new List<XElement>();
        for (int i = 0; i < columns.Count; i++)
        {
            Column column = columns[i];
            if (column.Group is null)
            {
                upper.Add(Html.Tag("th", Html.At("scope", "col"), Html.At("rowspan", "2"), NumberClass(column), column.Heading));
            }
            else if (i == 0 || columns[i - 1].Group != column.Group)
            {
                int width = columns.Skip(i).TakeWhile(c => c.Group == column.Group).Count();
                upper.Add(Html.Tag("th", Html.At("scope", "colgroup"), Html.At("colspan", width), Html.Class("group"), column.Group));
            }
        }

        return [Html.Tag("tr", upper), Html.Tag("tr", columns.Where(c => c.Group is not null).Select(Heading))];
    }

    private static XElement Heading(Column column) => Html.Tag("th", Html.At("scope", "col"), NumberClass(column), column.Heading);

    private static XElement Cell(Column column, object? content, bool isFirst) =>
        isFirst ? Html.Tag("th", Html.At("scope", "row"), content) : Html.Tag("td", NumberClass(column), content);

    private static XAttribute? NumberClass(Column column) => column.IsNumber ? Html.Class("n") : null;
}
