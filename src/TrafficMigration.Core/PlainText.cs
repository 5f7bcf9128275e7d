using System.Globalization;
using System.Text;

namespace TrafficMigration;

/// <summary>Text for people to read: whatever others have named or said reaches a terminal, or a line of a file, through here.</summary>
/// <remarks>
/// A terminal obeys control characters (ESC and U+009B begin commands to it), and a character that changes the direction
/// of writing shows the text around it as something else. Each of them becomes U+FFFD, so that one sees that it was there.
/// </remarks>
public static class PlainText
{
    /// <summary>The text on one line.</summary>
    public static string OneLine(string text) => Clean(text, keepLines: false);

    /// <summary>The text with its line breaks and tabs.</summary>
    public static string Lines(string text) => Clean(text, keepLines: true);

    /// <summary>Whether a character is shown as itself and nothing else happens.</summary>
    internal static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned);

    private static string Clean(string text, bool keepLines)
    {
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            clean.Append(IsPlain(rune) || (keepLines && rune.Value is '\n' or '\t') ? rune.ToString() : "\uFFFD");
        }

        return clean.ToString();
    }
}
