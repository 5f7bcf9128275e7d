using System.Xml.Linq;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>Checks of one VM as it is: its states at both hosts, and what in its definition forbids a migration anywhere.</summary>
/// <remarks>What libvirt refuses is what <c>qemuMigrationSrcIsAllowed</c> lists (libvirt, src/qemu/qemu_migration.c).</remarks>
internal static class VMChecks
{
    /// <summary>What the source says.</summary>
    public static IEnumerable<PreflightFinding> AtSource(VMPassage way)
    {
        VMMigrationPlan plan = way.Plan;
        GuestState guest = way.Guest;
        if (guest.HasJob)
        {
            yield return Findings.JobActive(plan);
        }

        foreach (XElement disk in PathDemands.Devices(guest.Live, "disk").Where(d => d.Element("mirror") is not null))
        {
            yield return Findings.BlockJobActive(plan, Target(disk));
        }

        if (guest.SnapshotCount > 0)
        {
            yield return Findings.SnapshotsPresent(plan, guest.SnapshotCount);
        }

        if (guest.StartsWithHost)
        {
            yield return Findings.AutostartLost(plan);
        }

        if (!guest.IsPersistent)
        {
            yield return Findings.NotPersistent(plan);
        }
    }

    /// <summary>Whether name and UUID are free at the destination.</summary>
    public static IEnumerable<PreflightFinding> AtDestination(VMPassage way)
    {
        DomainEntry? sameId = way.Destination.Domains.GetValueOrDefault(way.Guest.Id);
        if (sameId is not null)
        {
            yield return sameId.IsActive ? Findings.VMAlreadyAtDestination(way.Plan)
                : sameId.Name != way.Guest.Name ? Findings.IdTaken(way.Plan, sameId.Name)
                : Findings.DefinitionReplaced(way.Plan);
        }

        // One that leaves in the same run does not make room for sure: which goes first is the run's business.
        if (way.Destination.Domains.Values.FirstOrDefault(d => d.Name == way.Guest.Name && d.Id != way.Guest.Id) is { } other)
        {
            yield return Findings.NameTaken(way.Plan, other.Id);
        }
    }

    /// <summary>Devices and features that do not move.</summary>
    public static IEnumerable<PreflightFinding> Devices(VMPassage way) =>
        PassedThrough(way.Guest.Live).Select(d => Findings.DevicePassedThrough(way.Plan, d))
            .Concat(NotMigratable(way.Guest.Live).Select(f => Findings.FeatureNotMigratable(way.Plan, f.What, f.Remedy)))
            .Concat(PathDemands.Devices(way.Guest.Live, "filesystem")
                .Select(f => Findings.SharedFolderMounted(way.Plan, (string?)f.Element("source")?.Attribute("dir") ?? Target(f))));

    /// <summary>What forbids post-copy, where the plan uses it.</summary>
    public static IEnumerable<PreflightFinding> PostCopy(VMPassage way)
    {
        if (!way.UsesPostCopy)
        {
            yield break;
        }

        PostCopyFacts facts = PostCopyRules.Of(way.Guest.Live);
        if (facts.Blocker is not null)
        {
            yield return Findings.PostCopyForbidden(way.Plan, facts.Blocker);
        }
        else if (facts.Capable is null)
        {
            yield return Findings.PostCopyUncertain(way.Plan);
        }

        if (way.Destination.PostCopyCapable == false)
        {
            yield return Findings.PostCopyNotPossible(way.Plan);
        }
    }

    /// <remarks>A PCI device that libvirt unplugs for the migration (<c>teaming</c>) may stay.</remarks>
    private static IEnumerable<string> PassedThrough(XElement domain) =>
        PathDemands.Devices(domain, "hostdev").Where(d => !IsUnplugged(d)).Select(Describe)
            .Concat(PathDemands.Devices(domain, "interface").Where(n => (string?)n.Attribute("type") is "hostdev" or "vdpa" && !IsUnplugged(n))
                .Select(n => $"the network device {Where(n.Element("source"))}"))
            .Concat(PathDemands.Devices(domain, "tpm").Where(t => (string?)t.Element("backend")?.Attribute("type") == "passthrough")
                .Select(_ => "the TPM"));

    private static bool IsUnplugged(XElement device) => (string?)device.Element("teaming")?.Attribute("type") == "transient";

    private static string Describe(XElement device) => $"the {(string?)device.Attribute("type") switch
    {
        "pci" => "PCI device",
        "mdev" => "mediated device",
        "usb" => "USB device",
        "scsi" => "SCSI device",
        "scsi_host" => "SCSI host",
        string other => $"{other} device",
        null => "device",
    }} {Where(device.Element("source"))}";

    private static string Where(XElement? source)
    {
        XElement? address = source?.Element("address");
        if (address?.Attribute("uuid") is { } uuid)
        {
            return uuid.Value;
        }

        if (address?.Attribute("slot") is not null)
        {
            return $"{Hex(address, "domain")}:{Hex(address, "bus")}:{Hex(address, "slot")}.{Hex(address, "function")}";
        }

        return source?.Element("vendor") is { } vendor ? $"{Hex(vendor, "id")}:{Hex(source.Element("product")!, "id")}"
            : (string?)source?.Attribute("dev") ?? string.Join(' ', source?.Descendants().SelectMany(e => e.Attributes()).Select(a => a.Value) ?? []);
    }

    private static string Hex(XElement element, string attribute) =>
        ((string?)element.Attribute(attribute) ?? "0").Replace("0x", "", StringComparison.Ordinal);

    private static IEnumerable<(string What, string Remedy)> NotMigratable(XElement domain)
    {
        bool hasInvariantTsc = domain.Element("cpu")?.Elements("feature")
            .Any(f => (string?)f.Attribute("name") == "invtsc" && (string?)f.Attribute("policy") is "require" or "force") == true;
        bool hasFrequency = domain.Element("clock")?.Elements("timer")
            .Any(t => (string?)t.Attribute("name") == "tsc" && t.Attribute("frequency") is not null) == true;
        if (hasInvariantTsc && !hasFrequency)
        {
            yield return ("it has the processor feature 'invtsc' and no TSC frequency", "Start it without 'invtsc', or with a <timer name='tsc' frequency='...'>.");
        }

        foreach (XElement disk in PathDemands.Devices(domain, "disk"))
        {
            if (disk.Element("transient") is not null)
            {
                yield return ($"its disk '{Target(disk)}' is transient", "Start it with a disk that keeps what is written.");
            }

            if ((string?)disk.Attribute("type") == "nvme")
            {
                yield return ($"its disk '{Target(disk)}' is an NVMe device of this host", "Move the disk to storage that both hosts reach.");
            }
        }

        foreach (XElement memory in PathDemands.Devices(domain, "shmem").Where(s => (string?)s.Attribute("role") != "master"))
        {
            yield return ($"it shares memory with other processes of the host (shmem '{(string?)memory.Attribute("name")}')", "Detach it for the migration.");
        }
    }

    private static string Target(XElement device) => (string?)device.Element("target")?.Attribute("dev") ?? (string?)device.Element("target")?.Attribute("dir") ?? "?";
}
