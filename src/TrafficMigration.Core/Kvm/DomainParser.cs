using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace TrafficMigration.Kvm;

/// <summary>Reads the running VMs: virsh's <c>domstats --raw</c>, and then a <c>dumpxml</c> a VM.</summary>
internal static class DomainParser
{
    private const string Header = "Domain: '";

    /// <summary>The VMs in libvirt's order. A VM that ended while virsh asked is left out.</summary>
    /// <param name="lines">The lines, each with a blank before it.</param>
    public static IReadOnlyList<DomainFacts> Domains(IReadOnlyList<string> lines)
    {
        var statistics = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var domains = new List<DomainFacts>();
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
            else if (line.StartsWith(Header, StringComparison.Ordinal) && line.EndsWith('\''))
            {
                statistics[line[Header.Length..^1]] = current = new Dictionary<string, string>(StringComparer.Ordinal);
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
            [.. devices?.Elements("disk").Where(IsWritable).Select(Disk) ?? []],
            PostCopyRules.Of(domain));
    }

    private static XElement Read(string xml)
    {
        // What a host says is not trusted: no DTD, so no entities and no other files.
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
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

    private static bool IsWritable(XElement disk) => disk.Element("readonly") is null && disk.Element("source") is not null;

    private static DiskFacts Disk(XElement disk)
    {
        XElement? source = disk.Element("source");
        return new DiskFacts(
            (string?)disk.Attribute("type") ?? "file",
            (string?)(source?.Attribute("file") ?? source?.Attribute("dev") ?? source?.Attribute("dir") ?? source?.Attribute("protocol")));
    }
}
