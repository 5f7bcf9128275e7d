using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>One virsh that stays on a host and is asked again and again.</summary>
/// <remarks>
/// A virsh of its own for every question costs the host some 45 ms of processor time, a question to one that runs
/// about 1 ms (measured, libvirt 11.3): a hundred looks at a migration must not cost what a migration costs. virsh
/// reads commands from its standard input and, when libvirtd was restarted, connects again by itself.
/// Questions are answered one after another; each waits at most <see cref="AnswerLimit"/>.
/// </remarks>
internal sealed class VirshSession : IAsyncDisposable
{
    /// <summary>How long libvirt may take for one answer; a libvirtd that hangs gives none.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(15);

    // Not quiet, or `echo` would end no line. No history: what we ask is not what the user typed.
    private const string Command =
        "command -v virsh >/dev/null || exit 127; XDG_CACHE_HOME=/dev/null INPUTRC=/dev/null TERM=dumb LC_ALL=C exec virsh -c \"${TM_CONNECT_URI:-qemu:///system}\" 2>&1";

    private readonly ICommandStream _stream;
    private readonly string _host;
    // Never disposed: those who wait for their turn find the session broken, and it holds nothing of the operating system.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _turn = new(1);
#pragma warning restore CA2213
    private long _questions;
    private bool _broken;

    private VirshSession(ICommandStream stream, string host)
    {
        _stream = stream;
        _host = host;
    }

    /// <summary>Starts virsh on a host.</summary>
    /// <exception cref="MigrationException">The channel's own.</exception>
    public static async Task<VirshSession> StartAsync(ICommandChannel channel, CancellationToken cancellationToken) =>
        new(await channel.StartAsync(Command, cancellationToken), channel.HostName);

    /// <summary>Asks virsh.</summary>
    /// <param name="commands">virsh commands; every value in them has gone through <see cref="ShellText.Quote"/>, whose quotes virsh reads as the shell does.</param>
    /// <param name="cancellationToken">Stops waiting; the session cannot be used after that.</param>
    /// <returns>What each command printed, in order; errors are lines that begin with <c>error:</c>.</returns>
    /// <exception cref="MigrationException">
    /// <c>LibvirtUnavailable</c> when libvirtd does not run or answer, <c>LibvirtMissing</c>,
    /// <c>LibvirtAccessDenied</c>, and the channel's own. After any of them the session is of no more use.
    /// </exception>
    public async Task<IReadOnlyList<IReadOnlyList<string>>> AskAsync(IReadOnlyList<string> commands, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            if (_broken)
            {
                throw Failures.LibvirtUnavailable(_host, "an earlier question to it got no answer");
            }

            _broken = true; // until the whole answer is there
            string number = (++_questions).ToString(CultureInfo.InvariantCulture);
            // The mark is written in two pieces, so that the command's own echo is not taken for it.
            string mark = $"echo '@''{number}'; ";
            await _stream.WriteLineAsync(mark + string.Concat(commands.Select(c => $"{c}; {mark}")).TrimEnd(' ', ';'), limit.Token);
            var answers = new List<IReadOnlyList<string>>();
            _ = await ReadToAsync("@" + number, limit.Token);
            while (answers.Count < commands.Count)
            {
                answers.Add(await ReadToAsync("@" + number, limit.Token));
            }

            _broken = false;
            return answers;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failures.LibvirtUnavailable(_host, "virsh got no answer from it within 15 s");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<IReadOnlyList<string>> ReadToAsync(string mark, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (true)
        {
            string line = await _stream.ReadLineAsync(cancellationToken) ?? throw await EndedAsync(lines, cancellationToken);
            if (line == mark)
            {
                return lines;
            }

            if (line.StartsWith("error: Failed to reconnect", StringComparison.Ordinal))
            {
                // The next line has the reason; the rest of this session is of no use.
                string? reason = await _stream.ReadLineAsync(cancellationToken);
                throw Failures.LibvirtUnavailable(_host, reason ?? line);
            }

            if (line.Length > 0 && !IsChatter(line))
            {
                lines.Add(line);
            }
        }
    }

    private static bool IsChatter(string line) =>
        line.StartsWith("error: Reconnected", StringComparison.Ordinal) || line.StartsWith("error: Disconnected", StringComparison.Ordinal);

    /// <summary>virsh ended: libvirtd is down, or the user may not use it, or there is no virsh.</summary>
    private async Task<MigrationException> EndedAsync(List<string> said, CancellationToken cancellationToken)
    {
        CommandResult end = await _stream.Completion.WaitAsync(cancellationToken);
        return VirshFailure.From(_host, "asking libvirt", new CommandResult(end.ExitCode == 0 ? 1 : end.ExitCode, "", string.Join('\n', said)));
    }
}
