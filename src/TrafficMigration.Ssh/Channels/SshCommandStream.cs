using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>A command that goes on printing, in an SSH session of its own.</summary>
/// <remarks>
/// A thread of its own waits for its output: SSH.NET has no event for the output of a command, and its streams block.
/// (Its shells do have one, but a login shell reads what users put into their profiles, takes more of its input than
/// it needs, and tells no exit code.)
/// </remarks>
internal sealed class SshCommandStream : ICommandStream
{
    private const int LongestLine = 16 * 1024 * 1024;
    private const int MostUnread = 4 * LongestLine;
    private const int MostErrors = 64 * 1024;
    private const int BufferSize = 4 * 1024;

    private readonly SshCommand _command;
    private readonly string _hostName;
    private readonly ConnectionEnd _end;
    private readonly LineBuffer _lines = new(LongestLine, MostUnread);
    private readonly TaskCompletionSource<CommandResult> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lazy<Task> _closing;
    // Never disposed: they hold nothing of the operating system, and what was given up may still touch them. The
    // input belongs to the command, which disposes it.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _writing = new(1);
    private readonly MemoryStream _errors = new();
    private Stream? _input;
#pragma warning restore CA2213
    private Func<Exception>? _givenUp;

    private SshCommandStream(SshCommand command, string hostName, ConnectionEnd end)
    {
        _command = command;
        _hostName = hostName;
        _end = end;
        // Waits for the host's consent, and longer if the host does not read.
        _closing = new Lazy<Task>(() => Background.Dispose(_command));
        // Nobody needs to ask for the result.
        _ = _completion.Task.ContinueWith(
            static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public Task<CommandResult> Completion => _completion.Task;

    /// <summary>Starts a command.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="commandLine">What to run.</param>
    /// <param name="hostName">The host's name as the user gave it.</param>
    /// <param name="end">The connection's end.</param>
    /// <param name="signOfLife">Called whenever something comes from the host.</param>
    /// <param name="closed">Called once, when the session is closed, even if it was never opened.</param>
    /// <param name="stop">Gives up starting.</param>
    public static async Task<ICommandStream> StartAsync(
        SshClient client,
        string commandLine,
        string hostName,
        ConnectionEnd end,
        Action signOfLife,
        Action closed,
        CancellationToken stop)
    {
        SshCommandStream stream;
        try
        {
            stop.ThrowIfCancellationRequested();
            stream = new SshCommandStream(client.CreateCommand(commandLine), hostName, end);
        }
        catch
        {
            closed();
            throw;
        }

        Task<Task> opening = Background.Run(() => stream.Open(signOfLife));
        try
        {
            Task running = await opening.WaitAsync(stop);
            _ = stream.FinishAsync(client, running, closed);
            return stream;
        }
        catch
        {
            _ = stream.AbandonAsync(opening, closed);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => _lines.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _givenUp) is not null, this);
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        await _end.GuardAsync(
            async stop =>
            {
                await _writing.WaitAsync(stop);
                // Blocks while the host, or the command, does not read.
                Task<bool> written = Background.Run(() => Write(bytes));
                return await written.WaitAsync(stop);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GiveUp(() => new ObjectDisposedException(nameof(ICommandStream)));
        return ValueTask.CompletedTask;
    }

    private bool Write(byte[] bytes)
    {
        try
        {
            _input?.Write(bytes, 0, bytes.Length);
            return true;
        }
        catch (ObjectDisposedException) when (_closing.IsValueCreated)
        {
            // Not the connection's end, only that of this session.
            return false;
        }
        finally
        {
            _writing.Release();
        }
    }

    private void GiveUp(Func<Exception> cause)
    {
        if (Interlocked.CompareExchange(ref _givenUp, cause, null) is null)
        {
            _lines.Abandon(cause);
            _ = _closing.Value;
        }
    }

    private Task Open(Action signOfLife)
    {
        Task running = _command.ExecuteAsync(CancellationToken.None);
        try
        {
            _input = _command.CreateInputStream();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        return Background.Run(() => Read(running, signOfLife)).Unwrap();
    }

    /// <summary>Reads to the end of the output, however the end came about.</summary>
    private Task Read(Task running, Action signOfLife)
    {
        byte[] buffer = new byte[BufferSize];
        Stream output = _command.OutputStream;
        for (int count; (count = output.Read(buffer)) > 0;)
        {
            signOfLife();
            if (_lines.Append(buffer.AsSpan(0, count)) is { } complaint)
            {
                GiveUp(() => Failures.AnswerNotUnderstood(_hostName, "output", complaint));
            }

            ReadErrors(buffer);
        }

        ReadErrors(buffer);
        return running;
    }

    /// <summary>Takes what is there without waiting, so that complaints of many days do not pile up; the first count.</summary>
    private void ReadErrors(byte[] buffer)
    {
        Stream errors = _command.ExtendedOutputStream;
        while (errors.Length > 0)
        {
            int count = errors.Read(buffer);
            _errors.Write(buffer, 0, (int)Math.Min(count, MostErrors - _errors.Length));
        }
    }

    private async Task FinishAsync(SshClient client, Task running, Action closed)
    {
        try
        {
            CommandResult? result = await _end.GuardAsync(stop => ResultAsync(client, running, stop), CancellationToken.None);
            _completion.SetResult(result ?? throw Volatile.Read(ref _givenUp)!());
            _lines.Complete();
        }
#pragma warning disable CA1031 // Whoever reads gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _completion.SetException(e);
            _lines.Fail(() => e);
        }

        await _closing.Value;
        closed();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns><see langword="null"/> if it was given up here, which says nothing about the connection.</returns>
    private async Task<CommandResult?> ResultAsync(SshClient client, Task running, CancellationToken stop)
    {
        try
        {
            await running.WaitAsync(stop);
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _givenUp) is not null)
        {
            return null;
        }

        if (_command.ExitStatus is null && _command.ExitSignal is null && !client.IsConnected)
        {
            throw new SshConnectionException("The connection ended before the command did.");
        }

        return new CommandResult(_command.ExitStatus ?? 255, string.Empty, Encoding.UTF8.GetString(_errors.ToArray()));
    }

    private async Task AbandonAsync(Task<Task> opening, Action closed)
    {
        // A session that is just being opened is closed only then, or it would be lost on both sides.
        await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _closing.Value;
        if (opening.IsCompletedSuccessfully)
        {
            await (await opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        closed();
    }
}
