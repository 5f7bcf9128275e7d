using System.Xml.Linq;

namespace TrafficMigration.Kvm;

/// <summary>What in a VM's definition forbids post-copy.</summary>
/// <remarks>
/// Post-copy needs every page of guest memory to be catchable by userfaultfd, and every back end that touches it to
/// take part (QEMU, docs/devel/migration/postcopy.rst). Devices passed through by VFIO do not
/// (docs/devel/migration/vfio.rst); memory in files does only on tmpfs or hugetlbfs; vhost-user back ends only where
/// they implement it, which the definition does not tell.
/// </remarks>
internal static class PostCopyRules
{
    /// <param name="domain">The element <c>domain</c>.</param>
    public static PostCopyFacts Of(XElement domain)
    {
        XElement devices = domain.Element("devices") ?? new XElement("devices");
        XElement? backing = domain.Element("memoryBacking");
        string? blocker =
            devices.Elements("hostdev").Any(IsVfio) || devices.Elements("interface").Any(n => Type(n) is "hostdev" or "vdpa")
                ? "a device of the host is passed through to it"
            : devices.Elements("filesystem").Any(f => (string?)f.Element("driver")?.Attribute("type") == "virtiofs")
                ? "it shares a file system by virtiofs"
            : devices.Element("shmem") is not null
                ? "it shares memory with other processes of the host (shmem)"
            : domain.Element("launchSecurity") is not null
                ? "its memory is encrypted (launchSecurity)"
            : (string?)backing?.Element("source")?.Attribute("type") == "file" && backing.Element("hugepages") is null
                ? "its memory lies in files"
            : devices.Elements("memory").Any(m => (string?)m.Attribute("model") is "nvdimm" or "virtio-pmem")
                ? "it has memory that lies in files (nvdimm, virtio-pmem)"
            : null;
        bool isUncertain = devices.Elements("interface").Any(n => Type(n) == "vhostuser");
        return new PostCopyFacts(blocker is not null ? false : isUncertain ? null : true, blocker);
    }

    private static string? Type(XElement element) => (string?)element.Attribute("type");

    private static bool IsVfio(XElement device) => Type(device) is "pci" or "mdev";
}
