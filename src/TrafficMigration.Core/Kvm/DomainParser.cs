using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace TrafficMigration.Kvm;

/// <summary>
/// Reads the running VMs: virsh's <c>domstats --raw</c>, and then a VM's <c>dumpxml</c>, or for one on its way in its
/// id and, on the same line and the next ones, its <c>domstats --interface --vcpu</c>.
/// </summary>
internal static class DomainParser
{
    private const string Header = "Domain: '";

    private const int IdLength = 36;

    // A host that says more than this of a VM says nonsense.
    private const int MostInterfaces = 1000;

    // libvirt's own parser (libxml2) takes no more. Building a tree takes time in the square of its depth.
    private const int DeepestElement = 256;

    /// <summary>The VMs in libvirt's order. A VM that ended while virsh asked is left out.</summary>
    /// <param name="lines">The lines, each with a blank before it.</param>
    public static IReadOnlyList<DomainFacts> Domains(IReadOnlyList<string> lines)
    {
        var statistics = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var domains = new List<DomainFacts>();
        var incoming = new List<(string Id, string Name)>();
        Dictionary<string, string>? current = null;
        StringBuilder? xml = null;
        foreach (string line in lines.Select(l => l.StartsWith(' ') ? l[1..] : throw new FormatException($"'{l}' is no line of virsh")))
        {
            if (xml is null && line.StartsWith("<domain ", StringComparison.Ordinal))
            {
                xml = new StringBuilder();
            }

            if (xml is not null)
            {
                xml.Append(line).Append('\n');
                // Only the document's own end stands at the start of a line; text in it is escaped and indented.
                if (line == "</domain>")
                {
                    domains.Add(Domain(xml.ToString(), statistics));
                    xml = null;
                }
            }
            else if (line.IndexOf(Header, StringComparison.Ordinal) is (0 or IdLength) and var header && line.EndsWith('\''))
            {
                string name = line[(header + Header.Length)..^1];
                if (!statistics.TryGetValue(name, out current))
                {
                    statistics[name] = current = new Dictionary<string, string>(StringComparer.Ordinal);
                }

                if (header == IdLength)
                {
                    incoming.Add((line[..header], name));
                }
            }
            else if (current is not null && line.StartsWith("  ", StringComparison.Ordinal)
                && line.IndexOf('=', StringComparison.Ordinal) is > 0 and int equals)
            {
                current[line[2..equals]] = line[(equals + 1)..];
            }
        }

        if (xml is not null)
        {
            throw new FormatException("the definition of a VM is cut off");
        }

        domains.AddRange(incoming.Select(vm => Incoming(vm.Id, vm.Name, statistics[vm.Name])));
        return domains.DistinctBy(d => d.Id, StringComparer.Ordinal).Count() == domains.Count
            ? domains
            : throw new FormatException("a VM is described twice");
    }

    /// <remarks>Elements and their meaning: libvirt's "Domain XML format".</remarks>
    private static DomainFacts Domain(string xml, Dictionary<string, Dictionary<string, string>> statistics)
    {
        XElement domain = Read(xml);
        string name = Text(domain, "name");
        Dictionary<string, string> figures = statistics.GetValueOrDefault(name) ?? [];
        XElement? devices = domain.Element("devices");
        XElement vcpu = domain.Element("vcpu") ?? new XElement("vcpu", 1);
        return new DomainFacts(
            Text(domain, "uuid"), name,
            int.Parse((string?)vcpu.Attribute("current") ?? vcpu.Value, NumberStyles.None, CultureInfo.InvariantCulture),
            MemoryBytes(domain, figures),
            Kibibytes(figures, "balloon.rss"),
            DirtyRate(figures),
            [.. devices?.Elements("interface").Select(LinkName) ?? []],
            DiskParser.Writable(domain),
            PostCopyRules.Of(domain))
        {
            Blocks = DiskParser.Figures(figures),
        };
    }

    /// <remarks>Its definition is not to be had yet; the plan of one that has just arrived is made with what is known.</remarks>
    private static DomainFacts Incoming(string id, string name, Dictionary<string, string> figures)
    {
        int Count(string key) => figures.TryGetValue(key, out string? text) ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        return new DomainFacts(
            id, name, Math.Max(1, Count("vcpu.current")),
            Kibibytes(figures, "balloon.current") ?? throw new FormatException($"the memory of VM '{name}' is missing"),
            null, null,
            [.. Enumerable.Range(0, Math.Min(Count("net.count"), MostInterfaces)).Select(i => figures.GetValueOrDefault($"net.{i}.name"))],
            [new DiskFacts("unknown", null)], new PostCopyFacts(null, null));
    }

    internal static XElement Read(string xml)
    {
        // What a host says is not trusted: no DTD, so no entities and no other files.
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        using (var first = XmlReader.Create(new StringReader(xml), settings))
        {
            while (first.Read())
            {
                if (first.Depth > DeepestElement)
                {
                    throw new FormatException($"the definition of a VM has more than {DeepestElement} elements in each other");
                }
            }
        }

        using var reader = XmlReader.Create(new StringReader(xml), settings);
        return XElement.Load(reader);
    }

    private static string Text(XElement domain, string element) =>
        domain.Element(element)?.Value is { Length: > 0 } text ? text : throw new FormatException($"a VM without <{element}>");

    private static long MemoryBytes(XElement domain, Dictionary<string, string> figures) =>
        Kibibytes(figures, "balloon.current")
        ?? checked(long.Parse(Text(domain, "currentMemory"), NumberStyles.None, CultureInfo.InvariantCulture) * 1024);

    private static long? Kibibytes(Dictionary<string, string> figures, string key) =>
        figures.TryGetValue(key, out string? text)
            ? checked(long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) * 1024)
            : null;

    /// <remarks>virDomainDirtyRateStatus: 2 is "measured"; the rate is in MiB/s.</remarks>
    private static long? DirtyRate(Dictionary<string, string> figures) =>
        figures.GetValueOrDefault("dirtyrate.calc_status") == "2" && figures.TryGetValue("dirtyrate.megabytes_per_second", out string? rate)
            ? checked(long.Parse(rate, NumberStyles.None, CultureInfo.InvariantCulture) << 20)
            : null;

    /// <remarks>A passed-through device and a vhost-user or user-mode interface have no link on the host, so no counters.</remarks>
    private static string? LinkName(XElement nic) =>
        (string?)nic.Attribute("type") is "hostdev" or "vhostuser" or "user" or "vdpa"
            ? null
            : (string?)nic.Element("target")?.Attribute("dev");
}
