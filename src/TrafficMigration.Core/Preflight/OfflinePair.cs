using System.Globalization;
using System.Xml.Linq;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>One source and one destination, and the VMs between them that are to be moved while they stand still.</summary>
/// <param name="source">The source.</param>
/// <param name="destination">The destination.</param>
/// <param name="vms">The VMs with their definitions.</param>
/// <param name="found">Takes what is found.</param>
internal sealed class OfflinePair(
    ICommandChannel source, ICommandChannel destination, IReadOnlyList<(VMMigrationPlan Plan, XElement Live)> vms, List<PreflightFinding> found)
{
    private const long DiskBlock = 512;

    // Devices' state, and the definition at the head of an image.
    private const long ImageMargin = 64L << 20;

    private readonly Dictionary<string, (long Free, long Needed)> _room = new(StringComparer.Ordinal);

    /// <summary>Whether both libvirts let the format of memory images be chosen.</summary>
    public bool TakesFormats { get; private set; }

    /// <summary>Asks both ends.</summary>
    /// <exception cref="MigrationException">A host cannot be asked.</exception>
    public async Task<IReadOnlyList<InventoryVM>> AskAsync(CancellationToken cancellationToken)
    {
        if (vms.Count == 0)
        {
            return [];
        }

        VMMigrationPlan first = vms[0].Plan;
        var files = vms.Select(v => OfflineInventory.FilesOf(v.Live)).ToList();
        for (int i = 0; i < vms.Count; i++)
        {
            found.AddRange(files[i].Unfit.Select(why => Findings.OfflineUnfit(vms[i].Plan, why)));
        }

        string[] paths = [.. files.SelectMany(f => f.Files).Select(f => f.Path).Where(p => !p.Contains('\n', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];
        string[] here = await LinesAsync(source, InventoryScripts.Source, [OfflineScripts.Folder, first.Destination, first.MigrationAddress ?? "", .. paths], cancellationToken);
        string[][] own = [.. FileLines(here).Select(l => l.Split(' ', 3))];
        string[] there;
        try
        {
            there = await LinesAsync(
                destination, InventoryScripts.Destination, [OfflineScripts.Folder, .. paths.SelectMany((p, i) => (string[])[p, own[i][2]])], cancellationToken);
        }
        finally
        {
            string[] made = [.. own.Select(o => o[2]).Where(n => n != "-")];
            await source.ExecuteAsync(ShellText.Script(InventoryScripts.Clear, made), CancellationToken.None);
        }

        Problems(here, source.HostName);
        Problems(there, destination.HostName);
        TakesFormats = here.Contains("formats") && there.Contains("formats");
        string[][] other = [.. FileLines(there).Select(l => l.Split(' ', 4))];
        long memory = vms.Where(v => v.Plan.OfflineMemory != OfflineMemory.Shutdown).Sum(v => Memory(v.Live) + ImageMargin);
        Room(here, memory, source.HostName);
        var result = new List<InventoryVM>();
        var counted = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < vms.Count; i++)
        {
            var crossing = new List<InventoryFile>();
            foreach ((string path, bool isWritten) in files[i].Files)
            {
                int at = Array.IndexOf(paths, path);
                if (at < 0 || other[at][0] == "shared")
                {
                    continue;
                }

                if (own[at][0] == "-")
                {
                    found.Add(Findings.OfflineUnfit(vms[i].Plan, $"'{path}' is no file at '{source.HostName}'"));
                    continue;
                }

                long bytes = long.Parse(own[at][1], CultureInfo.InvariantCulture) * DiskBlock;
                bool isThere = other[at][1] == "there";
                if (isThere && isWritten && !vms[i].Plan.ReplacesDiskImages)
                {
                    found.Add(Findings.DiskImageExists(vms[i].Plan, path));
                }

                crossing.Add(new InventoryFile(path, isWritten, bytes));
                if (counted.Add(path) && (!isThere || isWritten))
                {
                    Count(other[at][2..], bytes);
                }
            }

            result.Add(new InventoryVM(vms[i].Plan, Memory(vms[i].Live), crossing));
        }

        Count(there.First(l => l.StartsWith("room ", StringComparison.Ordinal)).Split(' ')[1..], memory);
        foreach ((string place, (long free, long needed)) in _room.Where(r => r.Value.Needed > r.Value.Free))
        {
            found.Add(Findings.OfflineRoomMissing(destination.HostName, place, needed, free));
        }

        return result;
    }

    private static IEnumerable<string> FileLines(string[] lines) =>
        lines.Where(l => l.StartsWith("file ", StringComparison.Ordinal)).Select(l => l["file ".Length..]);

    private static long Memory(XElement live) => long.Parse((string?)live.Element("memory") ?? "0", CultureInfo.InvariantCulture) * 1024;

    private void Count(string[] room, long bytes)
    {
        (long free, long needed) = _room.GetValueOrDefault(room[1], (long.Parse(room[0], CultureInfo.InvariantCulture), 0));
        _room[room[1]] = (free, needed + bytes);
    }

    private void Room(string[] lines, long needed, string host)
    {
        string[] room = lines.First(l => l.StartsWith("room ", StringComparison.Ordinal)).Split(' ');
        long free = long.Parse(room[1], CultureInfo.InvariantCulture);
        if (needed > free)
        {
            found.Add(Findings.OfflineRoomMissing(host, room[2], needed, free));
        }
    }

    private void Problems(string[] lines, string host) => found.AddRange(lines.Where(l => l.StartsWith("problem ", StringComparison.Ordinal))
        .Select(l => Findings.OfflineNotPossible(host, l["problem ".Length..])));

    private static async Task<string[]> LinesAsync(ICommandChannel host, string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandResult result = await host.ExecuteAsync(ShellText.Script(script, arguments), cancellationToken);
        return result.ExitCode == 0
            ? [.. result.Output.Split('\n').Where(l => l.Length > 0)]
            : throw VirshFailure.From(host.HostName, "looking at what is to cross", result);
    }
}
