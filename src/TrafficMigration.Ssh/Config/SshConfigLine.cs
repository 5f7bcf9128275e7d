using System.Collections.Immutable;

namespace TrafficMigration.Ssh;

/// <summary>One setting of an ssh_config file: <c>Keyword arguments</c> or <c>Keyword=arguments</c>.</summary>
/// <param name="Keyword">The keyword, in lower case.</param>
/// <param name="Arguments">Its arguments without their quotes, in their order; empty if there are none.</param>
/// <param name="Path">The file.</param>
/// <param name="Number">The line in it, counted from 1.</param>
internal sealed record SshConfigLine(string Keyword, ImmutableArray<string> Arguments, string Path, int Number)
{
    /// <summary>Reads a line; <see langword="null"/> for empty lines and comments.</summary>
    /// <remarks>ssh_config(5), head: arguments may be in quotes, double or single; a comment may also follow them since OpenSSH 8.7.</remarks>
    public static SshConfigLine? TryParse(string text, string path, int number)
    {
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.IsEmpty || rest[0] == '#')
        {
            return null;
        }

        int end = rest.IndexOfAny(" \t=\f");
        string keyword = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? [] : rest[end..].TrimStart();
        if (rest is ['=', .. var behind])
        {
            rest = behind;
        }

#pragma warning disable CA1308 // keywords are ASCII and, as OpenSSH's manual writes of them, without case
        return new SshConfigLine(keyword.ToLowerInvariant(), Split(rest), path, number);
#pragma warning restore CA1308
    }

    /// <summary>Says where it stands, for messages.</summary>
    public override string ToString() => $"'{Path}', line {Number}";

    private static ImmutableArray<string> Split(ReadOnlySpan<char> text)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        for (text = text.TrimStart(); !text.IsEmpty && text[0] != '#'; text = text.TrimStart())
        {
            var word = new System.Text.StringBuilder();
            char quote = '\0';
            int at = 0;
            for (; at < text.Length && (quote != '\0' || !char.IsWhiteSpace(text[at])); at++)
            {
                char c = text[at];
                if (c == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' or '\'')
                {
                    word.Append(text[++at]);
                }
                else if (quote == '\0' && c is '"' or '\'')
                {
                    quote = c;
                }
                else if (quote != '\0' && c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(c);
                }
            }

            words.Add(word.ToString());
            text = text[at..];
        }

        return words.ToImmutable();
    }
}
