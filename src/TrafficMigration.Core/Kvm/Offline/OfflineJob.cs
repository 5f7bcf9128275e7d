using System.Globalization;

namespace TrafficMigration.Kvm.Offline;

/// <summary>What has become of one file of a group.</summary>
/// <param name="Item">Its number in the group.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="FilledBytes">What of it is not zeros, in whole blocks.</param>
/// <param name="WantedBytes">What the destination did not have, in whole blocks.</param>
/// <param name="SentBytes">What crossed for it, compressed, hashes included.</param>
internal sealed record SentFile(int Item, long Bytes, long FilledBytes, long WantedBytes, long SentBytes);

/// <summary>What a job of an offline migration has left on its host so far.</summary>
internal sealed record OfflineMarks
{
    private const long BlockBytes = 65536;

    /// <summary>Whether such a job was ever begun there.</summary>
    public bool Begun { get; init; }

    /// <summary>Whether the job is over.</summary>
    public bool HasEnded { get; init; }

    /// <summary>How it ended; <see langword="null"/> while it runs, and where it was killed.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What it said.</summary>
    public string Said { get; init; } = "";

    /// <summary>The files that have crossed.</summary>
    public IReadOnlyList<SentFile> Sent { get; init; } = [];

    /// <summary>Reads what <see cref="OfflineScripts.Read"/> printed.</summary>
    /// <exception cref="MigrationException"><c>AnswerNotUnderstood</c>.</exception>
    public static OfflineMarks Parse(string host, string answer)
    {
        Dictionary<string, List<string>> sections = JobMarks.Sections(answer);
        IReadOnlyList<string> Lines(string section) => sections.GetValueOrDefault(section) ?? [];
        try
        {
            return new OfflineMarks
            {
                Begun = sections.ContainsKey("begun"),
                HasEnded = sections.ContainsKey("exit") || sections.ContainsKey("dead"),
                ExitCode = Lines("exit") is [var code, ..] ? int.Parse(code, CultureInfo.InvariantCulture) : null,
                Said = string.Join(' ', Lines("said")),
                Sent = [.. Lines("sent").Select(File)],
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw Failures.AnswerNotUnderstood(host, "the state of an offline migration", e.Message);
        }
    }

    private static SentFile File(string line)
    {
        long[] figures = [.. line.Split(' ').Select(f => long.Parse(f, CultureInfo.InvariantCulture))];
        return figures is [var item, var bytes, var filled, var wanted, var sent]
            ? new SentFile((int)item, bytes, filled * BlockBytes, wanted * BlockBytes, sent)
            : throw new FormatException($"'{line}' is no account of a file.");
    }
}

/// <summary>One step as a host runs it: started there, detached from us, found again by its name.</summary>
/// <param name="host">The host.</param>
/// <param name="name">The job's name, unique for all times; letters, digits and hyphens.</param>
internal sealed class OfflineJob(RemoteShell host, string name)
{
    /// <summary>Starts the job, if no job of this name was started before.</summary>
    /// <exception cref="MigrationException">The host's own; then the marks say whether it was started.</exception>
    public Task StartAsync(string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        RunAsync("starting a step of the offline migration", JobScripts.Start, [script, .. arguments], cancellationToken);

    /// <summary>Reads the marks that the job has left so far.</summary>
    public async Task<OfflineMarks> ReadAsync(CancellationToken cancellationToken) => OfflineMarks.Parse(
        host.HostName, await RunAsync("looking at a step of the offline migration", OfflineScripts.Read, [], cancellationToken));

    /// <summary>Keeps the job from being started, if it has not been.</summary>
    public Task BarAsync(CancellationToken cancellationToken) =>
        RunAsync("giving up a step of the offline migration", OfflineScripts.Bar, [], cancellationToken);

    /// <summary>Ends the job and all that it started.</summary>
    public Task KillAsync(CancellationToken cancellationToken) =>
        RunAsync("ending a step of the offline migration", OfflineScripts.Kill, [], cancellationToken);

    /// <summary>Removes the marks.</summary>
    public Task ForgetAsync(CancellationToken cancellationToken) =>
        RunAsync("removing the marks of the offline migration", JobScripts.Forget, [], cancellationToken);

    private async Task<string> RunAsync(string tried, string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        CommandResult result = await host.ExecuteAsync(ShellText.Script(script, [name, .. arguments]), cancellationToken);
        return result.ExitCode == 0 ? result.Output : throw VirshFailure.From(host.HostName, tried, result);
    }
}
