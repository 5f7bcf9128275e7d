using System.Security.Cryptography;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;
using TrafficMigration.Traffic;

namespace TrafficMigration.Migration;

/// <summary>The disks of one VM that are copied with it: which they are, and their images at the destination.</summary>
/// <param name="plan">The VM's plan.</param>
/// <param name="run">The run.</param>
/// <param name="known">Images that an earlier life of the run has made, or was about to make.</param>
internal sealed class DiskCopy(VMMigrationPlan plan, RunContext run, IReadOnlyList<string> known)
{
    private const string Settings = """quiet settings sed -n '/^[[:space:]]*shared_filesystems[[:space:]]*=/,/\]/p' /etc/libvirt/qemu.conf""";

    private IReadOnlyList<DiskImage> _images = [];
    private IReadOnlyList<string> _paths = known;

    /// <summary>Paths of the images at the destination.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Names of the disks that are copied, as <c>--migrate-disks</c> takes them.</summary>
    public IReadOnlyList<string> Targets => [.. _images.Select(i => i.Target)];

    /// <summary>For the journal: which images are made; empty where none are.</summary>
    public string Note => _images.Count == 0 ? "" : $", with its disks ({plan.StorageCopy}), for which it makes {Names()} there";

    /// <summary>Asks the source which disks are its own alone. Disks that other hosts reach are never copied.</summary>
    /// <param name="vmId">The VM's UUID.</param>
    /// <exception cref="MigrationException"><c>DiskNotCopyable</c>, <c>AnswerNotUnderstood</c>, <c>CommandFailed</c>, and the host's own.</exception>
    public async Task FindAsync(string vmId)
    {
        if (plan.StorageCopy == StorageCopy.None)
        {
            return;
        }

        ICommandChannel source = await run.Host(plan.Source).ConnectAsync(run.Leave);
        string id = ShellText.Quote(vmId);
        string nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        CommandResult answer = await source.ExecuteAsync(
            HostAnswer.Script(nonce, $"part definition v dumpxml --domain {id}\npart figures v domstats --block --raw {id}\n{Settings}"), run.Leave);
        IReadOnlyList<DiskFacts> disks;
        IReadOnlyDictionary<string, BlockFigures> figures;
        QemuSettings settings;
        try
        {
            var parts = new HostAnswer(answer.Output, nonce);
            AnswerPart definition = parts.One("definition");
            if (definition.ExitCode != 0)
            {
                throw VirshFailure.From(plan.Source, "reading the disks of a VM", new CommandResult(definition.ExitCode, "", definition.Text));
            }

            disks = DiskParser.Writable(definition.Documents("domain").Single());
            figures = DiskParser.Figures(parts.One("figures").Lines.Select(l => l.Trim().Split('=', 2)).Where(p => p.Length == 2).DistinctBy(p => p[0])
                .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal));
            settings = QemuSettings.Parse(parts.One("settings").Text);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or System.Xml.XmlException)
        {
            throw Failures.AnswerNotUnderstood(plan.Source, "the disks of a VM", e.Message);
        }

        IReadOnlyDictionary<DiskFacts, DiskPlace> places = await StorageQueries.LocateAsync(source, disks, run.Leave);
        _images = [.. disks.Where(d => places[d].Storage == DiskStorage.Local && !settings.IsShared(d.Source!)).Select(d => Image(d, figures))];
        _paths = [.. _images.Select(i => i.Path)];
    }

    /// <summary>Makes the images at the destination.</summary>
    /// <exception cref="MigrationException"><c>ImageExists</c>, <c>ImageNotMade</c>, and the host's own; nothing of ours is left then, if the host can be asked.</exception>
    public async Task MakeAsync(string job)
    {
        if (_images.Count == 0)
        {
            return;
        }

        CommandResult made = await Images(job).MakeAsync(_images, run.Leave);
        if (made.ExitCode != 0)
        {
            string said = made.Error.Trim();
            throw made.ExitCode == DiskImages.Exists
                ? Failures.ImageExists(plan.Source, plan.Destination, plan.VMName, said)
                : Failures.ImageNotMade(plan.Source, plan.Destination, plan.VMName, said);
        }
    }

    /// <summary>The VM runs at the destination: its images are its own now.</summary>
    /// <returns>What they take up, bytes: what was sent of them; <see langword="null"/> where there are none, or it is not known.</returns>
    public Task<long?> KeepAsync(string job) => SettleAsync(
        () => Images(job).KeepAsync(_paths, run.Leave), $"The images of VM '{plan.VMName}' at '{plan.Destination}' still have a second name that ends in '.trafficmigration-{job}'; remove it there ({Names()})");

    /// <summary>The VM has stayed at the source: images that we have made at the destination are removed.</summary>
    /// <returns>As <see cref="KeepAsync"/>.</returns>
    public Task<long?> DiscardAsync(string job) => SettleAsync(
        () => Images(job).DiscardAsync(_paths, run.Leave), $"The images that were made for VM '{plan.VMName}' at '{plan.Destination}' could not be removed; it does not use them, remove them there ({Names()})");

    private async Task<long?> SettleAsync(Func<Task<CommandResult>> settle, string trouble)
    {
        if (_paths.Count == 0)
        {
            return null;
        }

        try
        {
            CommandResult result = await settle();
            if (result.ExitCode != 0)
            {
                run.Note(MigrationEventKind.Trouble, $"{trouble}: {result.Error.Trim()}", plan.Destination, plan.VMName);
            }

            long?[] sizes = [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(StorageQueries.Allocated)];
            return sizes.Length == _paths.Count && sizes.All(s => s is not null) ? sizes.Sum() : null;
        }
        catch (MigrationException e)
        {
            run.Note(MigrationEventKind.Trouble, $"{trouble}: {e.Message}", plan.Destination, plan.VMName);
            return null;
        }
    }

    private DiskImages Images(string job) => new(run.Host(plan.Destination).Shell, job);

    private DiskImage Image(DiskFacts disk, IReadOnlyDictionary<string, BlockFigures> figures)
    {
        string? obstacle = disk.Obstacle ?? (figures.ContainsKey(disk.Source!) ? null : "libvirt does not tell its size");
        BackingFile? backing = plan.StorageCopy == StorageCopy.Incremental && disk.Backing is [var nearest, ..] ? nearest : null;
        obstacle ??= backing is { Format: null } ? $"the format of its backing file '{backing.Path}' is not told" : null;
        return obstacle is null
            ? new DiskImage(disk.Target, disk.Source!, disk.Format!, figures[disk.Source!].CapacityBytes, backing)
            : throw Failures.DiskNotCopyable(plan.Source, plan.Destination, plan.VMName, disk.Target, disk.Source!, obstacle);
    }

    private string Names() => string.Join(", ", _paths.Select(p => $"'{p}'"));
}
