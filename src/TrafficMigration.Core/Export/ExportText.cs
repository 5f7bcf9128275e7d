using System.Globalization;
using System.Text;

namespace TrafficMigration.Export;

/// <summary>Text for the files: whatever others have named or said enters them here, or through the shell's own quoting.</summary>
internal static class ExportText
{
    /// <summary>A comment of one line, in YAML as in a shell: nothing in the text can end it, or turn the text around it.</summary>
    public static string Comment(string text = "") => text.Length == 0 ? "#" : $"# {PlainText.OneLine(text)}";

    /// <summary>A string as a YAML scalar in double quotes, which every YAML parser reads back as this string.</summary>
    /// <exception cref="ArgumentException">The value is no text (<see cref="IsText"/>).</exception>
    /// <remarks>YAML 1.2.2, 5.7 and 7.3.1. JSON's own way to escape characters beyond U+FFFF, as two halves, is none that YAML has.</remarks>
    public static string Quote(string value)
    {
        if (!IsText(value))
        {
            throw new ArgumentException("Half of a character, or NUL, is no text.", nameof(value));
        }

        var quoted = new StringBuilder(value.Length + 2).Append('"');
        foreach (Rune rune in value.EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                <= 0xFFFF when !PlainText.IsPlain(rune) => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
                _ when !PlainText.IsPlain(rune) => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}"),
                _ => rune.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Whether a file can hold the text: no half of a character, and no NUL, which a shell cannot have.</summary>
    public static bool IsText(string value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            if (i + 1 < value.Length && char.IsSurrogatePair(value[i], value[i + 1]))
            {
                i++;
            }
            else if (value[i] == '\0' || char.IsSurrogate(value[i]))
            {
                return false;
            }
        }

        return true;
    }
}
