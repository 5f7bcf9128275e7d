using System.Globalization;
using System.Xml.Linq;

namespace TrafficMigration.Preflight;

/// <summary>Checks whether all that come to a destination find room there together.</summary>
internal static class RoomChecks
{
    // What a migration writes besides memory (state, definition, log) is less than this.
    private const long LeastBytes = 1 << 16;

    private static readonly string[] SourceFolders = ["/run", "/etc/libvirt"];

    /// <summary>Memory and huge pages.</summary>
    /// <param name="host">The destination.</param>
    /// <param name="coming">The VMs that come.</param>
    /// <param name="leaving">The VMs that leave the same host.</param>
    public static IEnumerable<PreflightFinding> Memory(HostState host, IReadOnlyList<VMPassage> coming, IReadOnlyList<VMPassage> leaving)
    {
        VMPassage[] ordinary = [.. coming.Where(w => !IsOnHugePages(w))];
        VMPassage[] tooLarge = [.. ordinary.Where(w => Current(w) > host.FreeMemoryBytes + leaving.Where(l => !IsOnHugePages(l)).Sum(Current))];
        VMPassage[] rest = [.. ordinary.Except(tooLarge)];
        long needed = rest.Sum(Current);
        long freed = leaving.Where(w => !IsOnHugePages(w)).Sum(Current);
        foreach (VMPassage way in tooLarge)
        {
            yield return Findings.VMTooLarge(way.Plan, Current(way), host.FreeMemoryBytes);
        }

        if (needed > host.FreeMemoryBytes)
        {
            yield return needed > host.FreeMemoryBytes + freed
                ? Findings.MemoryTooSmall(host, Names(rest), needed)
                : Findings.MemoryFitsLater(host, Names(leaving), needed);
        }

        foreach (PreflightFinding finding in HugePages(host, [.. coming.Where(IsOnHugePages)]))
        {
            yield return finding;
        }
    }

    /// <summary>Folders that a migration writes to, at a source or at a destination.</summary>
    public static IEnumerable<PreflightFinding> Folders(HostState host, bool isSource)
    {
        foreach (FolderState folder in host.Folders.Where(f => !isSource || SourceFolders.Contains(f.Path) || f == host.Folders[^1]))
        {
            // A user who is not root may not write to most of them, and need not: libvirt does.
            if (host.IsRoot && !folder.IsWritable)
            {
                yield return Findings.FolderNotWritable(host, folder.Path, isSource);
            }
            else if (folder.FreeBytes < LeastBytes || folder.FreeInodes == 0)
            {
                yield return Findings.FolderFull(host, folder.Path, isSource);
            }
        }
    }

    private static IEnumerable<PreflightFinding> HugePages(HostState host, IReadOnlyList<VMPassage> coming)
    {
        if (coming.Count > 0 && (!host.HasHugetlbfs || host.Settings.HugetlbfsIsOff))
        {
            yield return Findings.HugePagesOff(host, Names(coming));
            yield break;
        }

        var demands = coming.SelectMany(w => Pages(w, host.DefaultPageKibibytes).Select(p => (Way: w, p.Kibibytes, p.Bytes)));
        foreach (var size in demands.GroupBy(d => d.Kibibytes).OrderBy(g => g.Key))
        {
            long needed = size.Sum(d => (d.Bytes + (d.Kibibytes * 1024) - 1) / (d.Kibibytes * 1024));
            long free = host.FreePages.GetValueOrDefault(size.Key);
            if (needed > free)
            {
                yield return Findings.HugePagesTooFew(host, Names(size.Select(d => d.Way)), size.Key, needed, free);
            }
        }
    }

    /// <remarks>
    /// <c>memoryBacking/hugepages</c>: without <c>page</c> all lies on pages of the host's default size; a page with a
    /// <c>nodeset</c> serves those cells of the guest's NUMA topology alone (libvirt, "Domain XML format").
    /// </remarks>
    private static IEnumerable<(long Kibibytes, long Bytes)> Pages(VMPassage way, long? defaultKibibytes)
    {
        XElement domain = way.Guest.Live;
        XElement[] pages = [.. domain.Element("memoryBacking")!.Element("hugepages")!.Elements("page")];
        long all = Kibibytes(domain.Element("memory")) * 1024;
        if (pages.Length == 0 && defaultKibibytes is { } size)
        {
            yield return (size, all);
        }

        XElement[] cells = [.. domain.Element("cpu")?.Element("numa")?.Elements("cell") ?? []];
        foreach (XElement page in pages)
        {
            IReadOnlySet<int>? nodes = (string?)page.Attribute("nodeset") is { } set ? NumberList.Parse(set) : null;
            long bytes = nodes is null ? all
                : cells.Where(c => nodes.Contains((int)c.Attribute("id")!)).Sum(c => (long)c.Attribute("memory")! * 1024);
            yield return ((long)page.Attribute("size")!, bytes);
        }
    }

    private static bool IsOnHugePages(VMPassage way) => way.Guest.Live.Element("memoryBacking")?.Element("hugepages") is not null;

    /// <summary>Memory that the guest has now, bytes. libvirt prints KiB, always.</summary>
    private static long Current(VMPassage way) =>
        checked(Kibibytes(way.Guest.Live.Element("currentMemory") ?? way.Guest.Live.Element("memory")) * 1024);

    private static long Kibibytes(XElement? element) => long.Parse(element?.Value ?? "0", NumberStyles.None, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Names(IEnumerable<VMPassage> ways) => ways.Select(w => w.Plan.VMName).Distinct().Order(StringComparer.Ordinal);
}
