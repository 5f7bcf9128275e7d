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

    /// <summary>Networks, pools and secrets that the VM's definition names.</summary>
    public static IEnumerable<PreflightFinding> Names(VMPassage way)
    {
        HostState there = way.Destination;
        foreach (XElement nic in PathDemands.Devices(way.Guest.Sent, "interface"))
        {
            XElement? source = nic.Element("source");
            if ((string?)nic.Attribute("type") == "network" && (string?)source?.Attribute("network") is { } network && there.Networks?.Contains(network) == false)
            {
                yield return Findings.NetworkMissing(way.Plan, network);
            }

            string? link = (string?)nic.Attribute("type") switch
            {
                "bridge" => (string?)source?.Attribute("bridge"),
                "direct" => (string?)source?.Attribute("dev"),
                _ => null,
            };
            if (link is not null && !there.Links.Contains(link))
            {
                yield return Findings.BridgeMissing(way.Plan, link);
            }
        }

        IEnumerable<XElement> disks = PathDemands.Devices(way.Guest.Sent, "disk");
        foreach (string pool in disks.Select(d => (string?)d.Element("source")?.Attribute("pool")).OfType<string>().Distinct()
            .Where(p => there.Pools?.Contains(p) == false))
        {
            yield return Findings.PoolMissing(way.Plan, pool);
        }

        foreach (string secret in disks.Descendants("secret").Select(s => (string?)s.Attribute("uuid")).OfType<string>().Distinct()
            .Where(s => there.Secrets?.Contains(s) == false))
        {
            yield return Findings.SecretMissing(way.Plan, secret);
        }
    }

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
