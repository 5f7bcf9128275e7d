using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace TrafficMigration.Preflight;

/// <summary>A part of what a script printed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Words">What stood behind the name.</param>
/// <param name="Lines">Its lines, without the blank before each.</param>
internal sealed record AnswerPart(string Name, IReadOnlyList<string> Words, IReadOnlyList<string> Lines)
{
    /// <summary>The exit code of the command behind it: its first word.</summary>
    /// <exception cref="FormatException">It is missing.</exception>
    public int ExitCode => int.Parse(Word(0), CultureInfo.InvariantCulture);

    /// <summary>One of the words behind the name.</summary>
    /// <exception cref="FormatException">There are fewer.</exception>
    public string Word(int index) => index < Words.Count ? Words[index] : throw new FormatException($"the part '{Name}' says too little");

    /// <summary>All lines.</summary>
    public string Text => string.Join('\n', Lines).Trim();

    /// <summary>The lines that are not empty, where the command succeeded; <see langword="null"/> where it failed.</summary>
    public IReadOnlyList<string>? Listed => ExitCode == 0 ? [.. Lines.Where(l => l.Trim().Length > 0)] : null;

    /// <summary>Every XML document among the lines whose root has this name.</summary>
    /// <remarks>Only a document's own end tag stands at the start of a line: libvirt indents what is inside and escapes text.</remarks>
    public IEnumerable<XElement> Documents(string root)
    {
        StringBuilder? text = null;
        foreach (string line in Lines)
        {
            if (text is null && (line.StartsWith($"<{root} ", StringComparison.Ordinal) || line == $"<{root}>"))
            {
                text = new StringBuilder();
            }

            text?.Append(line).Append('\n');
            if (text is not null && line == $"</{root}>")
            {
                yield return Read(text.ToString());
                text = null;
            }
        }

        if (text is not null)
        {
            throw new FormatException($"a <{root}> is cut off");
        }
    }

    private static XElement Read(string xml)
    {
        // What a host says is not trusted: no DTD, so no entities and no other files.
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        using var reader = XmlReader.Create(new StringReader(xml), settings);
        return XElement.Load(reader);
    }
}

/// <summary>What a script of the pre-flight printed: parts, each with a line <c>@name words</c> before it and a blank before each of its lines.</summary>
internal sealed class HostAnswer
{
    private readonly List<AnswerPart> _parts = [];

    /// <exception cref="FormatException">The answer does not end as it should: it is cut off, or none of ours.</exception>
    public HostAnswer(string output)
    {
        List<string> lines = [];
        foreach (string line in output.Split('\n'))
        {
            if (line.StartsWith('@'))
            {
                string[] words = line[1..].Split(' ');
                _parts.Add(new AnswerPart(words[0], words[1..], lines = []));
            }
            else if (line.Length > 0)
            {
                lines.Add(line.StartsWith(' ') ? line[1..] : throw new FormatException($"'{line}' was not expected"));
            }
        }

        if (_parts.Count == 0 || _parts[^1].Name != "end")
        {
            throw new FormatException("the answer is cut off");
        }
    }

    /// <summary>All parts of this name, in their order.</summary>
    public IEnumerable<AnswerPart> All(string name) => _parts.Where(p => p.Name == name);

    /// <summary>The one part of this name.</summary>
    /// <exception cref="FormatException">There is none, or several.</exception>
    public AnswerPart One(string name)
    {
        AnswerPart[] found = [.. All(name)];
        return found.Length == 1 ? found[0] : throw new FormatException($"{found.Length} parts '{name}' instead of one");
    }

    /// <summary>Shell functions that print such parts; every script begins with them.</summary>
    /// <remarks>
    /// <c>part NAME COMMAND...</c> prints the command's exit code and what it printed, errors included.
    /// <c>quiet</c> leaves errors out: virsh's two outputs would mix within a line.
    /// </remarks>
    public const string Functions =
        """
        export LC_ALL=C
        lines() { sed 's/^/ /'; }
        part() { name=$1; shift; said=$("$@" 2>&1); code=$?; printf '@%s %s\n' "$name" "$code"; printf '%s\n' "$said" | lines; }
        quiet() { name=$1; shift; said=$("$@" 2>/dev/null); code=$?; printf '@%s %s\n' "$name" "$code"; printf '%s\n' "$said" | lines; }
        virsh='timeout 15 virsh -q -c qemu:///system'

        """;
}
