using System.Globalization;
using System.Xml.Linq;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>A file of a VM that is to be moved while it stands still.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="IsWritten">Whether the guest writes into it.</param>
/// <param name="Bytes">What it occupies at the source.</param>
internal sealed record InventoryFile(string Path, bool IsWritten, long Bytes);

/// <summary>One VM that is to be moved while it stands still.</summary>
/// <param name="Plan">Its plan.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="Files">The files that have to cross with it; those that both hosts see are not among them.</param>
internal sealed record InventoryVM(VMMigrationPlan Plan, long MemoryBytes, IReadOnlyList<InventoryFile> Files);

/// <summary>What the VMs of a group consist of, and whether both ends can send and take that.</summary>
/// <param name="VMs">The VMs that could be read, in the order of the plans.</param>
/// <param name="ImageFormat">The format of memory images that both libvirts take and that lies in blocks; <see langword="null"/> for libvirt's own.</param>
/// <param name="Findings">What would make the move fail.</param>
internal sealed record OfflineInventory(IReadOnlyList<InventoryVM> VMs, string? ImageFormat, IReadOnlyList<PreflightFinding> Findings)
{
    // A format with each page at a place of its own (QEMU's mapped-ram), so that blocks of two VMs can be the same.
    private const string Sparse = "sparse";

    /// <summary>The checks that only a live migration needs: its ports, and what libvirt does not take along.</summary>
    public static IReadOnlyList<string> LiveOnly { get; } =
    [
        nameof(Preflight.Findings.MigrationPortsClosed), nameof(Preflight.Findings.MigrationPortsPartlyClosed), nameof(Preflight.Findings.MigrationPortsNotTried),
        nameof(Preflight.Findings.MigrationPortsUsedUp), nameof(Preflight.Findings.MigrationAddressNotListened), nameof(Preflight.Findings.MigrationArriving),
        nameof(Preflight.Findings.AutostartLost),
    ];

    /// <summary>Asks the hosts. Nothing is left changed.</summary>
    /// <param name="plans">The VMs' plans, all <see cref="Technique.Offline"/>.</param>
    /// <param name="connect">Opens a connection to a host.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="MigrationException">A host cannot be asked.</exception>
    public static async Task<OfflineInventory> TakeAsync(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, CancellationToken cancellationToken)
    {
        var found = new List<PreflightFinding>();
        var vms = new List<InventoryVM>();
        bool sparse = true;
        foreach (IGrouping<(string, string), VMMigrationPlan> way in plans.GroupBy(p => (p.Source.ToUpperInvariant(), p.Destination.ToUpperInvariant())))
        {
            ICommandChannel source = await connect(way.First().Source, cancellationToken);
            ICommandChannel destination = await connect(way.First().Destination, cancellationToken);
            var domains = new List<(VMMigrationPlan Plan, XElement Live)>();
            foreach (VMMigrationPlan plan in way)
            {
                if (await DefinitionAsync(source, plan, cancellationToken) is { } live)
                {
                    domains.Add((plan, live));
                }
            }

            var pair = new OfflinePair(source, destination, domains, found);
            vms.AddRange(await pair.AskAsync(cancellationToken));
            sparse &= pair.TakesFormats;
        }

        return new OfflineInventory([.. plans.Select(p => vms.FirstOrDefault(v => v.Plan == p)).OfType<InventoryVM>()], sparse ? Sparse : null, [.. found.Distinct()]);
    }

    /// <summary>The findings alone; a host that cannot be asked has its finding elsewhere.</summary>
    public static async Task<IReadOnlyList<PreflightFinding>> CheckAsync(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, CancellationToken cancellationToken)
    {
        try
        {
            return plans.Count == 0 ? [] : (await TakeAsync(plans, connect, cancellationToken)).Findings;
        }
        catch (MigrationException e)
        {
            return [Preflight.Findings.HostFailed(e.HostName ?? plans[0].Source, e)];
        }
    }

    private static async Task<XElement?> DefinitionAsync(ICommandChannel source, VMMigrationPlan plan, CancellationToken cancellationToken)
    {
        CommandResult result = await source.ExecuteAsync(
            $"{DomainQueries.Virsh} dumpxml --domain {ShellText.Quote(plan.VMId ?? plan.VMName)}", cancellationToken);
        if (result.ExitCode != 0)
        {
            // That it is not there, the other checks say.
            return DomainQueries.IsAbsence(result.Error) ? null : throw VirshFailure.From(source.HostName, $"reading the definition of VM '{plan.VMName}'", result);
        }

        try
        {
            return DomainParser.Read(result.Output);
        }
        catch (Exception e) when (e is FormatException or System.Xml.XmlException)
        {
            throw Failures.AnswerNotUnderstood(source.HostName, "the definition of a VM", e.Message);
        }
    }

    /// <summary>The files that a definition names, each once, and what of it cannot be moved so.</summary>
    internal static (IReadOnlyList<(string Path, bool IsWritten)> Files, IReadOnlyList<string> Unfit) FilesOf(XElement domain)
    {
        var files = new List<(string Path, bool IsWritten)>();
        var unfit = new List<string>();
        foreach (XElement disk in PathDemands.Devices(domain, "disk").Where(d => d.Element("source") is not null))
        {
            string name = (string?)disk.Element("target")?.Attribute("dev") ?? "?";
            bool isWritten = (string?)disk.Attribute("device") is null or "disk" or "floppy" or "lun" && disk.Element("readonly") is null;
            if ((string?)disk.Attribute("type") is "network")
            {
                continue; // both ends reach it, or the other checks say so
            }

            if ((string?)disk.Attribute("type") is "file" && (string?)disk.Element("source")?.Attribute("file") is { } path)
            {
                files.Add((path, isWritten));
                files.AddRange(disk.Descendants("backingStore").Select(b => (string?)b.Element("source")?.Attribute("file")).OfType<string>().Select(p => (p, false)));
            }
            else if ((string?)disk.Attribute("type") is not "block")
            {
                unfit.Add($"its disk '{name}' is no file");
            }
        }

        XElement? nvram = domain.Element("os")?.Element("nvram");
        if (((string?)nvram?.Element("source")?.Attribute("file") ?? nvram?.Value.Trim()) is { Length: > 0 } variables)
        {
            files.Add((variables, true));
        }

        if (PathDemands.Devices(domain, "tpm").Any(t => (string?)t.Element("backend")?.Attribute("type") == "emulator"))
        {
            unfit.Add("its emulated TPM keeps its state in a folder of the source");
        }

        unfit.AddRange(files.Where(f => !f.Path.StartsWith('/') || f.Path.Contains('\n', StringComparison.Ordinal))
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"the path '{f.Path}' has a line break, or does not begin with '/'")));
        return ([.. files.GroupBy(f => f.Path).Select(g => (g.Key, g.Any(f => f.IsWritten)))], unfit);
    }
}
