using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>VMs' rates, completed by what their memory holds.</summary>
/// <param name="VirtualMachines">The rates in their order; those of VMs that could not be looked at are as they were.</param>
/// <param name="Warnings">Why VMs could not be looked at, a sentence a reason.</param>
public sealed record ContentMeasurement(IReadOnlyList<VMTrafficRate> VirtualMachines, IReadOnlyList<string> Warnings)
{
    /// <summary>Later rates of the same VMs, completed by what was seen then; a VM that was not looked at stays as it is.</summary>
    public IReadOnlyList<VMTrafficRate> Repeated(IReadOnlyList<VMTrafficRate> later)
    {
        var seen = VirtualMachines.Where(v => v.VMId is not null).ToDictionary(v => v.VMId!, StringComparer.Ordinal);
        return
        [
            .. later.Select(v => v.VMId is { } id && seen.TryGetValue(id, out VMTrafficRate? known)
                ? v with
                {
                    ZeroMemoryShare = known.ZeroMemoryShare,
                    CompressedMemoryShare = known.CompressedMemoryShare,
                    DuplicateMemoryShare = known.DuplicateMemoryShare,
                    DuplicateMemoryBytes = known.DuplicateMemoryBytes,
                    ChangedPageShare = known.ChangedPageShare,
                    // libvirt's is less exact, but newer.
                    DirtyBytesPerSecond = v.DirtyBytesPerSecond ?? known.DirtyBytesPerSecond,
                }
                : v),
        ];
    }
}

/// <summary>Looks at a sample of VMs' memory on their host: zeros, what compression and differences would make of it, and what it has twice.</summary>
public static class ContentProbe
{
    /// <summary>Looks once. A VM that cannot be looked at is a warning, no error.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="vms">Rates of VMs that run there.</param>
    /// <param name="cancellationToken">Stops waiting; the host ends its look by itself, and leaves nothing.</param>
    /// <exception cref="MigrationException"><c>CommandFailed</c>, <c>AnswerNotUnderstood</c>, and the channel's own.</exception>
    public static async Task<ContentMeasurement> LookAsync(
        ICommandChannel channel, IReadOnlyList<VMTrafficRate> vms, CancellationToken cancellationToken)
    {
        string[] ids = [.. vms.Select(v => v.VMId).OfType<string>().Where(id => Guid.TryParseExact(id, "D", out _))];
        if (ids.Length == 0)
        {
            return new ContentMeasurement(vms, []);
        }

        const string Tried = "look at its VMs' memory";
        CommandResult result = await channel.ExecuteAsync(ContentScript.For(ids), cancellationToken);
        if (result.ExitCode != 0)
        {
            throw Failures.CommandFailed(channel.HostName, Tried, result.ExitCode, result.Error);
        }

        try
        {
            return Complete(channel.HostName, vms, ContentParser.Parse(result.Output, ids));
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Failures.AnswerNotUnderstood(channel.HostName, "a look at its VMs' memory", e.Message);
        }
    }

    /// <summary>Puts what was seen into the rates.</summary>
    internal static ContentMeasurement Complete(string host, IReadOnlyList<VMTrafficRate> vms, ContentSample sample)
    {
        IReadOnlyDictionary<string, ContentFigures> figures = ContentEstimator.Estimate(sample);
        return new ContentMeasurement(
            [.. vms.Select(v => v.VMId is { } id && figures.TryGetValue(id, out ContentFigures seen) ? With(v, seen) : v)],
            [
                .. vms.Where(v => v.VMId is not null && sample.Refusals.ContainsKey(v.VMId))
                    .GroupBy(v => sample.Refusals[v.VMId!], v => $"'{PlainText.OneLine(v.VMName)}'", StringComparer.Ordinal)
                    .Select(g => $"{host}: the memory of VM {string.Join(", ", g)} was not looked at: {Why(g.Key)} What it would tell is left empty."),
            ]);
    }

    private static VMTrafficRate With(VMTrafficRate vm, ContentFigures seen) => vm with
    {
        // A balloon takes memory away from the guest; what it took is not there and holds nothing.
        ZeroMemoryShare = vm.MemoryBytes > 0 ? Share(1 - (seen.FilledBytes / vm.MemoryBytes.Value)) : null,
        CompressedMemoryShare = Share(seen.CompressedShare),
        DuplicateMemoryShare = Share(seen.DuplicateShare),
        DuplicateMemoryBytes = seen.DuplicateShare is { } duplicate ? (long)(duplicate * seen.FilledBytes) : null,
        ChangedPageShare = Share(seen.ChangedShare),
        // QEMU looks at 512 pages of each GiB, here are up to 16384 of a VM: this is the better one of two.
        DirtyBytesPerSecond = seen.DirtyBytesPerSecond is { } dirty ? (long)dirty : vm.DirtyBytesPerSecond,
    };

    private static double? Share(double? share) => share is { } known ? Math.Round(Math.Clamp(known, 0, 1), 3) : null;

    private static string Why(string reason) => reason switch
    {
        ContentParser.Denied => "reading the memory of QEMU's process takes root on the host. Log in as root, or use -Sudo.",
        ContentParser.NoProcess => "its QEMU process was not found; it may have stopped just now, or /proc hides other users' processes from you (log in as root, or use -Sudo).",
        ContentParser.NoLayout => "the mappings of its QEMU process do not tell which of them are the guest's memory.",
        ContentParser.NoPlace => "the host has no tmpfs at /dev/shm or /run that you may write to, and a guest's memory is put on no disk.",
        ContentParser.NoSize => "libvirt does not tell how much memory it has; it may have stopped just now.",
        _ => "the host does not say why.",
    };
}
