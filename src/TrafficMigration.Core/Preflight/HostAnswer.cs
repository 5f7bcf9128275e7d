using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>A part of what a script printed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Words">What stood behind the name.</param>
/// <param name="Lines">Its lines.</param>
/// <param name="ExitCode">The exit code of the command behind it; 0 where none was told.</param>
internal sealed record AnswerPart(string Name, IReadOnlyList<string> Words, IReadOnlyList<string> Lines, int ExitCode)
{
    /// <summary>One of the words behind the name.</summary>
    /// <exception cref="FormatException">There are fewer.</exception>
    public string Word(int index) => index < Words.Count ? Words[index] : throw new FormatException($"the part '{Name}' says too little");

    /// <summary>All lines.</summary>
    public string Text => string.Join('\n', Lines).Trim();

    /// <summary>The lines that are not empty.</summary>
    public IEnumerable<string> Filled => Lines.Where(l => l.Trim().Length > 0);

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

/// <summary>
/// What a script of the pre-flight printed: parts, each with a mark <c>@nonce name words</c> before it, and one
/// <c>@nonce = code</c> behind it where the exit code matters.
/// </summary>
/// <remarks>The nonce is new for every check: nothing that a host or a VM's definition holds can look like a mark.</remarks>
internal sealed class HostAnswer
{
    private readonly List<AnswerPart> _parts = [];

    /// <exception cref="FormatException">The answer does not end as it should: it is cut off, or none of ours.</exception>
    public HostAnswer(string output, string nonce)
    {
        string mark = $"@{nonce} ";
        // What a login shell says before the first mark belongs to nobody.
        List<string> lines = [];
        foreach (string line in output.Split('\n'))
        {
            if (!line.StartsWith(mark, StringComparison.Ordinal))
            {
                lines.Add(line);
            }
            else if (line[mark.Length..].Split(' ') is ["=", var code] && _parts.Count > 0)
            {
                _parts[^1] = _parts[^1] with { ExitCode = int.Parse(code, NumberStyles.None, CultureInfo.InvariantCulture) };
            }
            else
            {
                string[] words = line[mark.Length..].Split(' ');
                _parts.Add(new AnswerPart(words[0], words[1..], lines = [], 0));
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

    /// <summary>A command line that runs a script with the functions to print such parts.</summary>
    /// <param name="nonce">Letters and digits.</param>
    /// <param name="script">
    /// <c>mark</c> prints a mark; <c>part NAME COMMAND...</c> also runs the command, and <c>quiet</c> without what it
    /// says on standard error.
    /// </param>
    public static string Script(string nonce, string script)
    {
        string functions =
            $$"""
            export LC_ALL=C
            nonce={{nonce}}
            mark() { printf '\n@%s %s\n' "$nonce" "$*"; }
            part() { mark "$1"; shift; "$@" 2>&1; mark = $?; }
            quiet() { mark "$1"; shift; "$@" 2>/dev/null; mark = $?; }
            v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }

            """;
        return $"sh -c {ShellText.Quote($"{functions}{script}\nmark end\n")}";
    }
}
