using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>What a migration job is told.</summary>
internal sealed record JobOrder
{
    /// <summary>The VM's UUID.</summary>
    public required string VMId { get; init; }

    /// <summary>The destination, by a name that the source resolves.</summary>
    public required string Destination { get; init; }

    /// <summary>The destination's address for the memory stream; <see langword="null"/> to go by its name.</summary>
    public string? Address { get; init; }

    /// <summary>Pre-copy, or post-copy from the start.</summary>
    public required Technique Technique { get; init; }

    /// <summary>Whether a pre-copy may be switched to post-copy later.</summary>
    public bool MaySwitch { get; init; }

    /// <summary>Bandwidth limit of both phases, MiB/s; <see langword="null"/> for none.</summary>
    public long? MebibytesPerSecond { get; init; }

    /// <summary>Longest downtime that QEMU may plan for the last pass of a pre-copy; <see langword="null"/> for its own default.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>Whether QEMU encrypts, and has to find the destination's name in its certificate.</summary>
    public bool IsTls { get; init; }

    /// <summary>Whether memory goes through the connection of the two libvirts.</summary>
    public bool IsTunnelled { get; init; }

    /// <summary>How QEMU compresses the memory.</summary>
    public MemoryCompression Compression { get; init; }

    /// <summary>QEMU's cache of pages that were sent, for XBZRLE, bytes, a power of two; <see langword="null"/> for its default, 64 MiB.</summary>
    public long? XbzrleCacheBytes { get; init; }

    /// <summary>Connections for the memory; more than one, and the compressions by page, only for a pre-copy that may not be switched.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>What becomes of the disks that <see cref="Disks"/> names.</summary>
    public StorageCopy StorageCopy { get; init; }

    /// <summary>Names of the disks that are copied (<c>vda</c>); none where the list is empty.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    /// <summary>Takes up a broken post-copy instead of beginning a migration.</summary>
    public bool Recovers { get; init; }
}

/// <summary>One migration as the source host runs it: started there, detached from us, found again by its name.</summary>
/// <remarks>
/// The source's own shell runs <c>virsh migrate --p2p</c> and leaves its marks in a folder of that name, so neither
/// the end of our connection nor of our process touches a migration, and times are the host's. Every command here may
/// be repeated: a job that was started is not started again, and libvirt refuses what no longer makes sense.
/// </remarks>
/// <param name="source">The source.</param>
/// <param name="name">The job's name, unique for all times; letters, digits and hyphens.</param>
internal sealed class MigrationJob(RemoteShell source, string name)
{
    /// <summary>The job's name.</summary>
    public string Name => name;

    /// <summary>Starts the job, if no job of this name was started before.</summary>
    /// <exception cref="MigrationException">The host's own; then a look at the marks says whether it was started.</exception>
    public Task StartAsync(JobOrder order, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            order.VMId, $"qemu+ssh://{UriHost(order.Destination)}/system", order.IsTunnelled ? "" : $"tcp://{UriHost(order.Address ?? order.Destination)}",
            order.Recovers ? "Recover" : order.Technique.ToString(),
            order.MebibytesPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "", order.MaySwitch ? "switch" : "",
            order.MaxDowntime?.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) ?? "",
            order.IsTls ? order.Destination : "",
            order.Disks.Count == 0 ? "" : order.StorageCopy == StorageCopy.Incremental ? "--copy-storage-inc" : "--copy-storage-all", string.Join(',', order.Disks),
            CompressionFlags(order),
        ];
        return RunAsync("starting the migration", JobScripts.Start, [JobScripts.Run, .. arguments], cancellationToken);
    }

    /// <summary>Reads the marks that the job has left so far.</summary>
    public async Task<JobMarks> ReadAsync(CancellationToken cancellationToken) => JobMarks.Parse(
        source.HostName, await RunAsync("looking at the migration", JobScripts.Read, [], cancellationToken));

    /// <summary>Notes that the job was switched to post-copy, and the figures of that moment.</summary>
    public Task MarkSwitchedAsync(string vmId, CancellationToken cancellationToken) =>
        RunAsync("noting the switch", JobScripts.MarkSwitched, [vmId], cancellationToken);

    /// <summary>Removes the marks.</summary>
    public Task ForgetAsync(CancellationToken cancellationToken) =>
        RunAsync("removing the marks of the migration", JobScripts.Forget, [], cancellationToken);

    private async Task<string> RunAsync(string tried, string script, string[] arguments, CancellationToken cancellationToken)
    {
        string command = $"sh -c {ShellText.Quote(script)} sh {ShellText.Quote(name)} " + string.Join(' ', arguments.Select(ShellText.Quote));
        CommandResult result = await source.ExecuteAsync(command, cancellationToken);
        return result.ExitCode == 0 ? result.Output : throw VirshFailure.From(source.HostName, tried, result);
    }

    /// <summary>virsh's words for compression and connections: our own ones only, which the host's shell may split.</summary>
    private static string CompressionFlags(JobOrder order)
    {
        string connections = FormattableString.Invariant($"--parallel --parallel-connections {order.Connections}");
        return order.Compression switch
        {
            MemoryCompression.Xbzrle => "--compressed --comp-methods xbzrle" + (order.XbzrleCacheBytes is { } cache ? FormattableString.Invariant($" --comp-xbzrle-cache {cache}") : ""),
            MemoryCompression.Zlib => $"{connections} --compressed --comp-methods zlib",
            MemoryCompression.Zstd => $"{connections} --compressed --comp-methods zstd",
            _ => order.Connections > 1 ? connections : "",
        };
    }

    internal static string UriHost(string host) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}
