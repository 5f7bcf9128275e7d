using System.Xml.Linq;

namespace TrafficMigration.Preflight;

/// <summary>What QEMU does with a path when it starts.</summary>
internal enum PathUse
{
    /// <summary>Opens it: it must be there.</summary>
    Opens,

    /// <summary>Opens it, and does without where it is missing (<c>startupPolicy</c> of a medium).</summary>
    MayOpen,

    /// <summary>Makes it: its folder must be there.</summary>
    Makes,

    /// <summary>Opens it for writing, as the guest's disk: both hosts must see the same.</summary>
    Writes,
}

/// <summary>A path on a host that a VM needs.</summary>
/// <param name="Path">The path; of one that is made, its folder.</param>
/// <param name="What">What it is to the VM, for a sentence: <c>kernel</c>, <c>disk 'vda'</c>.</param>
/// <param name="Use">What QEMU does with it.</param>
internal sealed record PathDemand(string Path, string What, PathUse Use);

/// <summary>What must be able to run a VM: the question of <c>virsh domcapabilities</c>.</summary>
/// <param name="Type">The accelerator, as libvirt names it: <c>kvm</c>, <c>qemu</c>.</param>
/// <param name="Arch">The guest's processor architecture.</param>
/// <param name="Machine">The machine type, with its version once the VM runs: <c>pc-q35-10.0</c>.</param>
/// <param name="Emulator">Path of the QEMU program.</param>
internal sealed record EmulatorDemand(string Type, string Arch, string Machine, string Emulator)
{
    /// <summary>Reads it from a running VM's definition.</summary>
    public static EmulatorDemand Of(XElement domain)
    {
        XElement? type = domain.Element("os")?.Element("type");
        return new EmulatorDemand(
            (string?)domain.Attribute("type") ?? "", (string?)type?.Attribute("arch") ?? "", (string?)type?.Attribute("machine") ?? "",
            (string?)domain.Element("devices")?.Element("emulator") ?? "");
    }
}

/// <summary>A processor that the destination must be able to give, and by whose word.</summary>
/// <param name="Emulator">The QEMU that is to give it; <see langword="null"/> where the guest sees the host's own processor.</param>
/// <param name="Xml">The element <c>cpu</c>.</param>
/// <remarks>
/// Once a VM runs, its live definition holds the exact model with every feature switched on or off (libvirt, "Domain XML
/// format", CPU model and topology): that is what <c>virsh hypervisor-cpu-compare</c> is asked about, for the VM's own
/// machine type and accelerator, emulated ones (TCG) included. With <c>host-passthrough</c> the definition holds no
/// features, for QEMU gives all that the host has; so the source's whole processor is compared with the destination's, by
/// <c>virsh cpu-compare</c>.
/// </remarks>
internal sealed record CpuDemand(EmulatorDemand? Emulator, string Xml)
{
    /// <summary>Reads it from a running VM's definition; <see langword="null"/> where there is nothing to compare.</summary>
    public static CpuDemand? Of(GuestState guest, HostState source)
    {
        XElement? cpu = guest.Live.Element("cpu");
        if (cpu is null)
        {
            return null;
        }

        if ((string?)cpu.Attribute("mode") is "host-passthrough" or "maximum")
        {
            return (string?)guest.Live.Attribute("type") == "kvm" && source.Cpu is { } own ? new CpuDemand(null, Compact(Comparable(own))) : null;
        }

        return new CpuDemand(EmulatorDemand.Of(guest.Live), Compact(cpu));
    }

    /// <remarks>What the capabilities say beyond the processor itself, page sizes and counters, is no part of the question.</remarks>
    private static XElement Comparable(XElement hostCpu) =>
        new("cpu", hostCpu.Elements().Where(e => e.Name.LocalName is "arch" or "model" or "vendor" or "feature"));

    private static string Compact(XElement element) => element.ToString(SaveOptions.DisableFormatting);
}

/// <summary>The paths that a VM needs.</summary>
internal static class PathDemands
{
    private static readonly (string Element, string What)[] BootFiles =
        [("kernel", "kernel"), ("initrd", "initial RAM disk"), ("dtb", "device tree"), ("loader", "firmware")];

    private static readonly string[] CharacterDevices = ["serial", "parallel", "console", "channel"];

    /// <summary>Reads them from a VM's definitions, each once. Elements: libvirt, "Domain XML format".</summary>
    public static IReadOnlyList<PathDemand> Of(GuestState guest) =>
    [
        .. Boot(guest.Sent.Element("os") ?? new XElement("os"))
            .Concat(Devices(guest.Live, "disk").SelectMany(Disk))
            .Concat(CharacterDevices.SelectMany(n => Devices(guest.Sent, n)).SelectMany(Character))
            .Concat(Devices(guest.Sent, "rng").Select(r => r.Element("backend"))
                .Where(b => (string?)b?.Attribute("model") == "random").Select(b => Opens(b!.Value.Trim(), "source of random numbers")))
            .Concat(Devices(guest.Sent, "input").Select(i => (string?)i.Element("source")?.Attribute("evdev") ?? (string?)i.Element("source")?.Attribute("dev"))
                .OfType<string>().Select(p => Opens(p, "input device")))
            .Concat(Devices(guest.Sent, "filesystem").Select(f => (string?)f.Element("source")?.Attribute("dir"))
                .OfType<string>().Select(p => Opens(p, "shared folder")))
            .Where(d => d.Path.StartsWith('/')).DistinctBy(d => (d.Path, d.Use)),
    ];

    /// <summary>The devices of one kind.</summary>
    public static IEnumerable<XElement> Devices(XElement domain, string kind) => domain.Element("devices")?.Elements(kind) ?? [];

    private static IEnumerable<PathDemand> Boot(XElement os)
    {
        foreach ((string element, string what) in BootFiles)
        {
            if (os.Element(element) is { Value.Length: > 0 } path)
            {
                yield return Opens(path.Value, what);
            }
        }

        // libvirt makes a missing one from the template, and QEMU fills it with what the source sends.
        if (os.Element("nvram") is { } nvram && (string?)nvram.Attribute("template") is { } template)
        {
            yield return Opens(template, "template of the firmware's variables (NVRAM)");
        }

        if (os.Element("nvram") is { } variables
            && ((string?)variables.Element("source")?.Attribute("file") ?? variables.Value.Trim()) is { Length: > 0 } file)
        {
            yield return Makes(file, "the firmware's variables (NVRAM)");
        }

        foreach (XElement table in os.Element("acpi")?.Elements("table") ?? [])
        {
            yield return Opens(table.Value, "ACPI table");
        }
    }

    private static IEnumerable<PathDemand> Disk(XElement disk)
    {
        string device = (string?)disk.Attribute("device") ?? "disk";
        string what = $"{device switch { "cdrom" => "CD-ROM", "lun" => "LUN", _ => device }} '{(string?)disk.Element("target")?.Attribute("dev")}'";
        bool isWritten = device != "cdrom" && disk.Element("readonly") is null;
        if (PathOf(disk.Element("source")) is { } path)
        {
            yield return new PathDemand(
                path, what,
                isWritten ? PathUse.Writes
                : (string?)disk.Element("source")?.Attribute("startupPolicy") is "optional" or "requisite" ? PathUse.MayOpen
                : PathUse.Opens);
        }

        foreach (string backing in disk.Descendants("backingStore").Select(b => PathOf(b.Element("source"))).OfType<string>())
        {
            yield return Opens(backing, $"backing file of {what}");
        }
    }

    private static string? PathOf(XElement? source) =>
        (string?)source?.Attribute("file") ?? (string?)source?.Attribute("dev") ?? (string?)source?.Attribute("dir");

    private static IEnumerable<PathDemand> Character(XElement device)
    {
        string what = $"{device.Name.LocalName} device";
        XElement? source = device.Element("source");
        if ((string?)source?.Attribute("path") is { Length: > 0 } path)
        {
            switch ((string?)device.Attribute("type"))
            {
                case "file":
                    yield return Makes(path, $"what the {what} writes");
                    break;
                case "unix" when (string?)source?.Attribute("mode") == "bind":
                    yield return Makes(path, $"the socket of the {what}");
                    break;
                case "unix" or "dev" or "pipe":
                    yield return Opens(path, what);
                    break;
            }
        }

        if ((string?)device.Element("log")?.Attribute("file") is { } log)
        {
            yield return Makes(log, $"the log of the {what}");
        }
    }

    private static PathDemand Opens(string path, string what) => new(path, what, PathUse.Opens);

    private static PathDemand Makes(string path, string what) =>
        new(path.LastIndexOf('/') is > 0 and int end ? path[..end] : "/", what, PathUse.Makes);
}
