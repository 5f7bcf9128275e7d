using System.Globalization;
using System.Text.Json;
using System.Xml;

namespace TrafficMigration.Kvm;

/// <summary>Reads the facts that <see cref="SamplerScript"/> printed.</summary>
internal static class FactsParser
{
    /// <summary>Parses the lines from <c>@facts</c> to before <c>@end</c>.</summary>
    /// <exception cref="FormatException">The lines are no such facts.</exception>
    public static HostFacts Parse(IReadOnlyList<string> lines)
    {
        Dictionary<string, List<string>> sections = Sections(lines);
        List<string> Section(string name) => sections.TryGetValue(name, out List<string>? found)
            ? found
            : throw new FormatException($"the part {name} is missing");

        try
        {
            string addresses = string.Concat(Section("@addresses"));
            if (addresses.Length == 0)
            {
                throw new FormatException("'ip -json addr' printed nothing; iproute2 4.13 or newer is needed");
            }

            var links = LinkParser.Links(addresses, Section("@links"));
            _ = Section("@domains");
            CommandResult? failure = Failure(sections);
            return new HostFacts(
                links,
                sections.TryGetValue("@switches", out List<string>? switches) ? SwitchParser.Switches(switches) : [],
                LinkParser.RouteLink(string.Concat(Section("@route"))),
                LinkParser.RouteLink(string.Concat(Section("@defaultroute"))),
                failure is null ? DomainParser.Domains(Section("@domains")) : null,
                failure,
                FreeMemory(Section("@memory")),
                Code(Single(Section("@cpus"))),
                PostCopyCapable(Section("@postcopy")))
            {
                Time = Time(sections),
                Compression = sections.TryGetValue("@compression", out List<string>? compression) ? Compression(compression) : null,
            };
        }
        catch (Exception e) when (e is JsonException or XmlException or OverflowException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static Dictionary<string, List<string>> Sections(IReadOnlyList<string> lines)
    {
        var sections = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? current = null;
        foreach (string line in lines)
        {
            if (line.StartsWith('@'))
            {
                string name = line.Split(' ')[0];
                sections[name] = current = [];
                if (name.Length < line.Length)
                {
                    current.Add(line[(name.Length + 1)..]);
                }
            }
            else
            {
                current?.Add(line);
            }
        }

        return sections;
    }

    /// <remarks>
    /// virsh could not list the VMs: the section holds its exit code, then what it said. Or it could describe none of
    /// those listed: its exit code is the last line. One VM that ended meanwhile is no failure.
    /// </remarks>
    private static CommandResult? Failure(Dictionary<string, List<string>> sections)
    {
        const string Status = " status ";
        List<string> domains = sections["@domains"];
        if (sections.TryGetValue("@failed", out List<string>? failed) && failed.Count > 0)
        {
            return new CommandResult(Code(failed[0]), "", string.Join('\n', failed.Skip(1)));
        }

        if (domains.Count == 0)
        {
            return null;
        }

        if (!domains[^1].StartsWith(Status, StringComparison.Ordinal))
        {
            throw new FormatException("what virsh said is cut off");
        }

        int code = Code(domains[^1][Status.Length..]);
        return code == 0 || domains.Any(l => l.StartsWith(" <domain ", StringComparison.Ordinal))
            ? null
            : new CommandResult(code, "", string.Join('\n', domains.SkipLast(1)));
    }

    private static int Code(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static HostTime? Time(Dictionary<string, List<string>> sections) =>
        sections.TryGetValue("@asked", out List<string>? asked) && sections.TryGetValue("@answered", out List<string>? answered)
            ? HostTime.Between(SampleParser.Clock($"@asked {Single(asked)}", "@asked"), SampleParser.Clock($"@answered {Single(answered)}", "@answered"))
            : null;

    private static string Single(List<string> section) =>
        section.Count == 1 ? section[0] : throw new FormatException("a figure is missing");

    /// <remarks>A line of /proc/meminfo (proc(5)): <c>MemAvailable:   23146560 kB</c>.</remarks>
    private static long FreeMemory(List<string> section)
    {
        string[] words = Single(section).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 3
            ? checked(long.Parse(words[1], NumberStyles.None, CultureInfo.InvariantCulture) * 1024)
            : throw new FormatException($"'{section[0]}' is no line of /proc/meminfo");
    }

    /// <remarks>
    /// The version of virsh, and "zstd" where QEMU is linked with it. XBZRLE is older than any libvirt that is met today;
    /// libvirt 9.4.0 brought zlib and zstd for parallel migrations (its release notes).
    /// </remarks>
    internal static MemoryCompression? Compression(List<string> section)
    {
        if (section.Count == 0 || !Version.TryParse(section[0], out Version? version))
        {
            return null;
        }

        return MemoryCompression.Xbzrle | (version < new Version(9, 4) ? MemoryCompression.None
            : section.Contains("zstd") ? MemoryCompression.Zlib | MemoryCompression.Zstd
            : MemoryCompression.Zlib);
    }

    /// <remarks>
    /// Two lines: whether any process may use userfaultfd (1) or only privileged ones (0), empty on a kernel without
    /// that setting (proc_sys_vm(5)); and the user id that libvirt gives QEMU (capabilities, DAC base label).
    /// </remarks>
    internal static bool? PostCopyCapable(List<string> section)
    {
        string setting = section.Count > 0 ? section[0] : "";
        string user = section.Count > 1 ? section[1] : "";
        return (setting, user) switch
        {
            ("1", _) => true,
            (_, "0") => true,
            ("0", { Length: > 0 }) => false,
            _ => null,
        };
    }
}
