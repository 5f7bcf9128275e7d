using System.Globalization;
using System.Net;
using System.Xml.Linq;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>Checks whether the destination can be what the VM needs: processor, machine, networks, displays.</summary>
internal static class AbilityChecks
{
    /// <summary>The QEMU, machine type, processor and TPM.</summary>
    public static IEnumerable<PreflightFinding> Machine(VMPassage way, HostAbilities destination)
    {
        Verdict emulator = destination.Emulators[way.Emulator];
        if (!emulator.IsYes)
        {
            // Nothing else can be said of a VM that cannot be started there.
            yield return emulator.Says("the machine '") ? Findings.MachineTypeUnknown(way.Plan, way.Emulator, emulator.Said) : Findings.EmulatorMissing(way.Plan, way.Emulator, emulator.Said);
            yield break;
        }

        if (PathDemands.Devices(way.Guest.Live, "tpm").Any(t => (string?)t.Element("backend")?.Attribute("type") == "emulator")
            && emulator.Says("<tpm ") && !emulator.Says("<value>emulator</value>"))
        {
            yield return Findings.TpmMissing(way.Plan);
        }

        if (way.Cpu is { } cpu && Processor(way.Plan, cpu, destination.Processors[cpu]) is { } finding)
        {
            yield return finding;
        }
    }

    /// <summary>Networks, pools and secrets that the VM's definition names, each once.</summary>
    public static IEnumerable<(NameList List, string Name)> NamesNeeded(VMPassage way)
    {
        XElement[] disks = [.. PathDemands.Devices(way.Guest.Sent, "disk")];
        IEnumerable<(NameList, string?)> named = PathDemands.Devices(way.Guest.Sent, "interface")
            .Where(n => (string?)n.Attribute("type") == "network").Select(n => (NameList.Networks, (string?)n.Element("source")?.Attribute("network")))
            .Concat(disks.Select(d => (NameList.Pools, (string?)d.Element("source")?.Attribute("pool"))))
            .Concat(disks.Descendants("secret").Select(s => (NameList.Secrets, (string?)s.Attribute("uuid"))));
        return named.Where(n => n.Item2 is not null).Select(n => (n.Item1, n.Item2!)).Distinct();
    }

    /// <summary>Which of them the destination lacks.</summary>
    public static IEnumerable<PreflightFinding> Names(VMPassage way, HostAbilities destination) => NamesNeeded(way)
        .Where(n => destination.Lacks(n.List, n.Name))
        .Select(n => n.List switch
        {
            NameList.Networks => Findings.NetworkMissing(way.Plan, n.Name),
            NameList.Pools => Findings.PoolMissing(way.Plan, n.Name),
            _ => Findings.SecretMissing(way.Plan, n.Name),
        });

    /// <summary>Bridges and links that the VM's interfaces are on.</summary>
    public static IEnumerable<PreflightFinding> Bridges(VMPassage way) => PathDemands.Devices(way.Guest.Sent, "interface")
        .Select(n => (string?)n.Attribute("type") switch
        {
            "bridge" => (string?)n.Element("source")?.Attribute("bridge"),
            "direct" => (string?)n.Element("source")?.Attribute("dev"),
            _ => null,
        })
        .OfType<string>().Distinct().Where(l => !way.Destination.Links.Contains(l)).Select(l => Findings.BridgeMissing(way.Plan, l));

    /// <summary>Displays with a port or an address of their own.</summary>
    public static IEnumerable<PreflightFinding> Displays(VMPassage way)
    {
        foreach (XElement display in PathDemands.Devices(way.Guest.Sent, "graphics"))
        {
            if ((string?)display.Attribute("autoport") != "yes"
                && int.TryParse((string?)display.Attribute("port"), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                && way.Destination.ListeningPorts.Contains(port))
            {
                yield return Findings.GraphicsPortTaken(way.Plan, port);
            }

            foreach (string address in display.Elements("listen").Where(l => (string?)l.Attribute("type") == "address")
                .Select(l => (string?)l.Attribute("address")).OfType<string>())
            {
                if (IPAddress.TryParse(address, out IPAddress? parsed) && !IPAddress.IsLoopback(parsed)
                    && !parsed.Equals(IPAddress.Any) && !parsed.Equals(IPAddress.IPv6Any) && !way.Destination.Addresses.Contains(parsed))
                {
                    yield return Findings.GraphicsAddressMissing(way.Plan, address);
                }
            }
        }
    }

    /// <summary>Processors and NUMA nodes that the VM is bound to.</summary>
    /// <remarks>Linux binds to those of the set that exist, and refuses where none does; memory bound strictly needs every node.</remarks>
    public static IEnumerable<PreflightFinding> Placement(VMPassage way)
    {
        foreach (string set in (way.Guest.Sent.Element("cputune")?.Elements() ?? []).Concat(way.Guest.Sent.Elements("vcpu")).Select(p => (string?)p.Attribute("cpuset")).OfType<string>().Distinct()
            .Where(s => !NumberList.Parse(s).Overlaps(way.Destination.Processors)))
        {
            yield return Findings.PlacementImpossible(way.Plan, $"the processors {set}");
        }

        XElement? memory = way.Guest.Sent.Element("numatune")?.Element("memory");
        if ((string?)memory?.Attribute("nodeset") is { } nodes && (string?)memory?.Attribute("mode") is null or "strict"
            && way.Destination.Nodes.Count > 0 && !NumberList.Parse(nodes).IsSubsetOf(way.Destination.Nodes))
        {
            yield return Findings.PlacementImpossible(way.Plan, $"the NUMA nodes {nodes}");
        }
    }

    private static PreflightFinding? Processor(VMMigrationPlan plan, CpuDemand demand, Verdict verdict) =>
        verdict.Says("incompatible") ? Findings.CpuIncompatible(plan, verdict.Said)
        : !verdict.IsYes ? Findings.CpuNotCompared(plan, verdict.Said)
        : demand.Emulator is null && !verdict.Says("identical") ? Findings.CpuDiffers(plan)
        : null;
}
