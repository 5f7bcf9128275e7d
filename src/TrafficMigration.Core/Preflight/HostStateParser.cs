using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>Reads what <see cref="HostScript"/> printed.</summary>
internal static class HostStateParser
{
    /// <exception cref="FormatException">The answer is no such answer.</exception>
    public static HostState Parse(string host, string output, string nonce)
    {
        try
        {
            return Read(host, new HostAnswer(output, nonce));
        }
        catch (Exception e) when (e is XmlException or OverflowException or ArgumentException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static HostState Read(string host, HostAnswer answer)
    {
        XElement capabilities = answer.One("capabilities").Documents("capabilities").FirstOrDefault()
            ?? throw new FormatException("libvirt's capabilities are missing");
        AnswerPart[] clock = [.. answer.All("clock")];
        Dictionary<string, string> memory = Pairs(answer.One("memory").Lines, ':');
        string version = answer.One("version").Text;
        return new HostState
        {
            HostName = host,
            LibvirtHostName = answer.One("hostname").Text,
            Uuid = (string?)capabilities.Element("host")?.Element("uuid") ?? throw new FormatException("libvirt tells no UUID of the host"),
            MachineId = answer.One("machine").Text,
            IsRoot = answer.One("user").Text == "0",
            LibvirtVersion = VersionOf(version, "Using library: libvirt ") ?? throw new FormatException("libvirt tells no version"),
            QemuVersion = VersionOf(version, "Running hypervisor: QEMU "),
            Cpu = capabilities.Element("host")?.Element("cpu"),
            Domains = Domains(answer),
            Guests = Guests(answer),
            FreeMemoryBytes = checked(Kibibytes(memory["MemAvailable"]) * 1024),
            DefaultPageKibibytes = memory.TryGetValue("Hugepagesize", out string? size) ? Kibibytes(size) : null,
            FreePages = FreePages(answer.One("pages").Lines),
            HasHugetlbfs = answer.One("hugetlbfs").Text.Length > 0,
            Links = Set(answer.One("links").Filled),
            Addresses = answer.One("addresses").Filled.Select(Address).ToHashSet(),
            ListeningPorts = answer.One("listening").Filled
                .Select(l => int.Parse(l.AsSpan(l.LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToHashSet(),
            PostCopyCapable = FactsParser.PostCopyCapable([answer.One("postcopy").Text, UserOfQemu(capabilities)]),
            Settings = QemuSettings.Parse(answer.One("settings").Text),
            Folders = Folders(answer.One("folders")),
            Processors = NumberList.Parse(answer.One("processors").Text),
            Nodes = NumberList.Parse(answer.One("nodes").Text),
            Answered = clock.Length == 2 ? (Time(clock[0]), Time(clock[1])) : throw new FormatException("the clock was not read twice"),
        };
    }

    /// <remarks>Lines "UUID name", and the states by name.</remarks>
    private static Dictionary<string, DomainEntry> Domains(HostAnswer answer)
    {
        var states = new Dictionary<string, (int? State, int? Reason)>(StringComparer.Ordinal);
        string? name = null;
        foreach (string line in answer.One("states").Lines)
        {
            if (line.StartsWith("Domain: '", StringComparison.Ordinal) && line.EndsWith('\''))
            {
                name = line["Domain: '".Length..^1];
                states[name] = (null, null);
            }
            else if (name is not null && line.Split('=') is [var key, var value])
            {
                states[name] = key.Trim() switch
                {
                    "state.state" => states[name] with { State = (int)Number(value) },
                    "state.reason" => states[name] with { Reason = (int)Number(value) },
                    _ => states[name],
                };
            }
        }

        return answer.One("list").Filled
            .Select(l => (Id: l[..36], Name: l[37..]))
            .ToDictionary(
                d => d.Id,
                d => states.TryGetValue(d.Name, out (int? State, int? Reason) s) ? new DomainEntry(d.Id, d.Name, s.State, s.Reason) : new DomainEntry(d.Id, d.Name, null, null),
                StringComparer.OrdinalIgnoreCase);
    }

    /// <remarks>A VM that ended between two questions lacks a part, and is left out.</remarks>
    private static Dictionary<string, GuestState> Guests(HostAnswer answer)
    {
        Dictionary<string, XElement> live = Definitions(answer, "live");
        Dictionary<string, XElement> sent = Definitions(answer, "sent");
        return Blocks(answer.All("information").SelectMany(p => p.Lines))
            .Select(b => Guest(b, live, sent)).OfType<GuestState>().ToDictionary(g => g.Id, StringComparer.OrdinalIgnoreCase);
    }

    private static Dictionary<string, XElement> Definitions(HostAnswer answer, string part) => answer.All(part)
        .SelectMany(p => p.Documents("domain")).ToDictionary(d => (string?)d.Element("uuid") ?? "", StringComparer.OrdinalIgnoreCase);

    /// <summary>One block a VM: its <c>dominfo</c>, which begins with <c>Id:</c>, and what follows.</summary>
    private static List<List<string>> Blocks(IEnumerable<string> lines)
    {
        var blocks = new List<List<string>>();
        foreach (string line in lines)
        {
            if (line.StartsWith("Id: ", StringComparison.Ordinal))
            {
                blocks.Add([]);
            }

            blocks.LastOrDefault()?.Add(line);
        }

        return blocks;
    }

    /// <remarks>
    /// <c>virsh domjobinfo --rawstats</c>: job type 0 is none. Behind it, rows that begin with a blank are those of
    /// <c>virsh snapshot-list</c>; before it, a tainted VM's second message begins so, too.
    /// </remarks>
    private static GuestState? Guest(List<string> block, Dictionary<string, XElement> live, Dictionary<string, XElement> sent)
    {
        Dictionary<string, string> said = Pairs(block.Where(l => !l.StartsWith(' ')), ':');
        string id = said.GetValueOrDefault("UUID") ?? throw new FormatException("a VM without UUID");
        return live.TryGetValue(id, out XElement? running) && sent.TryGetValue(id, out XElement? migratable)
            ? new GuestState(
                id, said["Name"], said["State"], said.GetValueOrDefault("Job type") is not (null or "0"),
                said["Persistent"] == "yes", said["Autostart"] == "enable",
                block.SkipWhile(l => !l.StartsWith("Job type", StringComparison.Ordinal)).Count(l => l.StartsWith(' ') && l.Trim().Length > 0), running, migratable)
            : null;
    }

    private static Dictionary<long, long> FreePages(IEnumerable<string> lines) => lines
        .Select(l => l.Split(' ')).Where(w => w.Length == 3)
        .ToDictionary(w => Number(w[0].Replace("kB", "", StringComparison.Ordinal)), w => Math.Max(0, Number(w[1]) - Number(w[2])));

    private static string UserOfQemu(XElement capabilities) => (string?)capabilities.Element("host")?.Elements("secmodel")
        .FirstOrDefault(m => (string?)m.Element("model") == "dac")?.Elements("baselabel").FirstOrDefault(l => (string?)l.Attribute("type") == "kvm")
        is { } label ? label.Split(':')[0].TrimStart('+') : "";

    /// <remarks>
    /// "4096 66053021 20036771 16777216 16346934 /run": stat(1)'s block size, blocks, free blocks, inodes, free inodes. No
    /// blocks or inodes at all: the file system sets no limit (tmpfs, btrfs). Then "closed /run" where test(1) said no.
    /// </remarks>
    private static FolderState[] Folders(AnswerPart part)
    {
        const string Closed = "closed ";
        HashSet<string> closed = Set(part.Filled.Where(l => l.StartsWith(Closed, StringComparison.Ordinal)).Select(l => l[Closed.Length..]));
        return [.. part.Filled.Where(l => !l.StartsWith(Closed, StringComparison.Ordinal)).Select(Folder)];

        FolderState Folder(string line)
        {
            string[] words = line.Split(' ', 6);
            long[] figures = [.. words[..5].Select(Number)];
            return new FolderState(
                words[5], !closed.Contains(words[5]), figures[1] == 0 ? null : checked(figures[0] * figures[2]), figures[3] == 0 ? null : figures[4]);
        }
    }

    /// <remarks>A line of <c>ip -o addr show</c>: "2: eth0    inet 192.0.2.7/24 brd ...".</remarks>
    private static IPAddress Address(string line) =>
        IPAddress.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split('/')[0].Split('%')[0]);

    /// <remarks>A line of /proc/meminfo (proc(5)): <c>MemAvailable:   23146560 kB</c>.</remarks>
    private static long Kibibytes(string text) => Number(text.Split(' ')[0]);

    private static Version? VersionOf(string text, string label) =>
        text.Split('\n').FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal)) is { } line
        && Version.TryParse(line[label.Length..].Trim(), out Version? version) ? version : null;

    private static Dictionary<string, string> Pairs(IEnumerable<string> lines, char separator)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            if (line.IndexOf(separator, StringComparison.Ordinal) is > 0 and int at)
            {
                pairs.TryAdd(line[..at], line[(at + 1)..].Trim());
            }
        }

        return pairs;
    }

    private static DateTimeOffset Time(AnswerPart clock) => DateTimeOffset.UnixEpoch
        + TimeSpan.FromSeconds((double)decimal.Parse(clock.Word(0), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture));

    private static HashSet<string> Set(IEnumerable<string> values) => values.ToHashSet(StringComparer.Ordinal);

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>Lists of numbers as the kernel and libvirt write them: <c>0-3,8,^2</c>.</summary>
internal static class NumberList
{
    /// <summary>The numbers; a part with <c>^</c> takes away. Empty for an empty text.</summary>
    /// <exception cref="FormatException">The text is no such list.</exception>
    public static IReadOnlySet<int> Parse(string text)
    {
        var numbers = new SortedSet<int>();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = part.TrimStart('^').Split('-');
            int first = int.Parse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture);
            int last = int.Parse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture);
            if (ends.Length > 2 || last < first || last - first > 1 << 16)
            {
                throw new FormatException($"'{text}' is no list of numbers");
            }

            IEnumerable<int> range = Enumerable.Range(first, last - first + 1);
            if (part.StartsWith('^'))
            {
                numbers.ExceptWith(range);
            }
            else
            {
                numbers.UnionWith(range);
            }
        }

        return numbers;
    }
}
