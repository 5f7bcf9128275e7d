using System.Globalization;
using System.Xml.Linq;

namespace TrafficMigration.Kvm;

/// <summary>Reads a VM's disks. Elements and their meaning: libvirt's "Domain XML format".</summary>
internal static class DiskParser
{
    // A host that says more than this of a VM says nonsense.
    private const int MostDisks = 1000;

    private static readonly string[] CopyableFormats = ["qcow2", "raw"];

    /// <summary>The disks that a VM writes, in the order of its definition.</summary>
    /// <param name="domain">The definition of the VM as it runs: only that one has the backing files.</param>
    public static IReadOnlyList<DiskFacts> Writable(XElement domain) =>
        [.. domain.Element("devices")?.Elements("disk").Where(d => d.Element("readonly") is null && d.Element("source") is not null).Select(Disk) ?? []];

    /// <summary>What <c>virsh domstats --block --raw</c> tells of a VM's disks, by their path.</summary>
    /// <param name="figures">Its lines as names and values.</param>
    public static IReadOnlyDictionary<string, BlockFigures> Figures(IReadOnlyDictionary<string, string> figures)
    {
        var blocks = new Dictionary<string, BlockFigures>(StringComparer.Ordinal);
        for (int i = 0; i < Math.Min(Number("block.count") ?? 0, MostDisks); i++)
        {
            if (figures.TryGetValue(FormattableString.Invariant($"block.{i}.path"), out string? path)
                && Number(FormattableString.Invariant($"block.{i}.wr.bytes")) is { } written
                && Number(FormattableString.Invariant($"block.{i}.capacity")) is { } capacity)
            {
                blocks[path] = new BlockFigures(written, capacity);
            }
        }

        return blocks;

        long? Number(string name) =>
            figures.TryGetValue(name, out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }

    private static DiskFacts Disk(XElement disk)
    {
        XElement source = disk.Element("source")!;
        string kind = (string?)disk.Attribute("type") ?? "file";
        string? format = (string?)disk.Element("driver")?.Attribute("type");
        return new DiskFacts(kind, Path(source) ?? (string?)source.Attribute("protocol"))
        {
            Target = (string?)disk.Element("target")?.Attribute("dev") ?? "",
            Format = format,
            Backing = [.. disk.Descendants("backingStore").Select(b => (Path: Path(b.Element("source")), Format: (string?)b.Element("format")?.Attribute("type")))
                .Where(b => b.Path is not null).Select(b => new BackingFile(b.Path!, b.Format))],
            Obstacle = kind != "file" ? $"it is no file but of the kind '{kind}'"
                : !CopyableFormats.Contains(format) ? $"its format is {format ?? "not told"}, and only qcow2 and raw can be made anew"
                : source.Element("encryption") is not null || disk.Element("encryption") is not null ? "it is encrypted"
                : source.Element("slices") is not null ? "it is a slice of a file"
                : source.Element("dataStore") is not null ? "its data are in another file"
                : disk.Element("shareable") is not null ? "several VMs write to it"
                : null,
        };
    }

    private static string? Path(XElement? source) =>
        (string?)(source?.Attribute("file") ?? source?.Attribute("dev") ?? source?.Attribute("dir"));
}
