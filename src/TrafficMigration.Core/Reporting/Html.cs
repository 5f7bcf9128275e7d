using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace TrafficMigration.Reporting;

/// <summary>Makes the elements of the page. Whatever others have named or said enters it here, and only as text.</summary>
/// <remarks>
/// The page is built as a tree and written as XML that an HTML parser reads as the same tree (Polyglot Markup), so a name
/// can neither open nor close anything.
/// </remarks>
internal static class Html
{
    private static readonly XNamespace Page = "http://www.w3.org/1999/xhtml";
    private static readonly XNamespace Drawing = "http://www.w3.org/2000/svg";

    // An HTML parser takes "<td/>" for an opened cell, so only these may be written without an end.
    private static readonly HashSet<string> Void = ["meta", "br"];

    // Nothing inside of them depends on white space: a line each keeps the file readable.
    private static readonly HashSet<string> Blocks =
        ["html", "head", "body", "main", "header", "footer", "section", "nav", "figure", "figcaption", "table", "thead", "tbody", "tr", "details", "dl", "ul", "style"];

    /// <summary>An element of the page.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Attributes, elements, sequences of both, and text; <see langword="null"/> is nothing.</param>
    public static XElement Tag(string name, params object?[] content)
    {
        var element = new XElement(Page + name, content.Select(Safe));
        if (Blocks.Contains(name))
        {
            element.Add("\n");
        }
        else if (element.IsEmpty && !Void.Contains(name))
        {
            element.Value = "";
        }

        return element;
    }

    /// <summary>An element of a drawing.</summary>
    public static XElement Svg(string name, params object?[] content) => new(Drawing + name, content.Select(Safe));

    /// <summary>An attribute.</summary>
    public static XAttribute At(string name, string value) => new(name, Clean(value));

    /// <summary>An attribute with a number, to a hundredth.</summary>
    public static XAttribute At(string name, double value) => new(name, value.ToString("0.##", CultureInfo.InvariantCulture));

    /// <summary>An attribute with a share of the width, to a hundredth of a percent.</summary>
    /// <param name="name">The attribute.</param>
    /// <param name="share">0 to 1.</param>
    public static XAttribute Percent(string name, double share) => new(name, (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + "%");

    /// <summary>The classes of an element.</summary>
    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A name that somebody gave: its writing direction stays within it.</summary>
    public static XElement Name(string name) => Tag("bdi", name);

    /// <summary>The page as a file's text.</summary>
    public static string Write(XElement page)
    {
        var text = new StringBuilder("<!DOCTYPE html>\n");
        var how = new XmlWriterSettings { OmitXmlDeclaration = true, Indent = false, NewLineHandling = NewLineHandling.None };
        using (var writer = XmlWriter.Create(text, how))
        {
            page.WriteTo(writer);
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Text without what a page cannot hold, or what would turn the text around it; each becomes U+FFFD.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                clean.Append(text[i]).Append(text[++i]);
            }
            else
            {
                clean.Append(IsPlain(text[i]) ? text[i] : '\uFFFD');
            }
        }

        return clean.ToString();
    }

    private static object? Safe(object? part) => part switch
    {
        string text => new XText(Clean(text)),
        System.Collections.IEnumerable parts => parts.Cast<object?>().Select(Safe),
        _ => part,
    };

    private static bool IsPlain(char c) =>
        c is '\n' or '\t' || (XmlConvert.IsXmlChar(c) && !char.IsControl(c) && c is not ((>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')));
}
