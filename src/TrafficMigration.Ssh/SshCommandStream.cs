#pragma warning disable CA2000, CA1849
using System.Runtime.CompilerServices;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>A command that goes on printing, in an SSH session of its own.</summary>
internal sealed class SshCommandStream : ICommandStream
{
    private const int LongestLine = 16 * 1024 * 1024;
    private const int MostUnread = 4 * LongestLine;

    private readonly SshCommand _command;
    private readonly string _hostName;
    private readonly ConnectionEnd _end;
    private readonly LineBuffer _lines = new(LongestLine, MostUnread);
    private readonly TaskCompletionSource<CommandResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task> _closing;
    // Never disposed: it holds nothing of the operating system, and a write that was given up may still release it.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _writing = new(1);
#pragma warning restore CA2213
#pragma warning disable CA2213
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
        bool hooked = Environment.GetEnvironmentVariable("TM_HOOK") == "1";
        if (hooked)
        {
            SetOutput(_command, new Sink(this, signOfLife));
        }

        Task running = _command.ExecuteAsync(CancellationToken.None);
        try
        {
            _input = _command.CreateInputStream();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        if (!hooked)
        {
            Task pump = Background.Run(() =>
            {
                byte[] buffer = new byte[16 * 1024];
                for (int n; (n = _command.OutputStream.Read(buffer, 0, buffer.Length)) > 0;)
                {
                    signOfLife();
                    Take(buffer.AsSpan(0, n));
                }

                return running;
            }).Unwrap();
            return pump;
        }

        return running;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (_lines.Append(bytes) is { } complaint)
        {
            GiveUp(() => Failures.AnswerNotUnderstood(_hostName, "output", complaint));
        }
    }

    private async Task FinishAsync(SshClient client, Task running, Action closed)
    {
        try
        {
            CommandResult result = await _end.GuardAsync(stop => ResultAsync(client, running, stop), CancellationToken.None);
            _lines.Complete();
            _completion.SetResult(result);
        }
#pragma warning disable CA1031 // Whoever reads gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _lines.Fail(() => e);
            _completion.SetException(e);
        }

        await _closing.Value;
        closed();
    }

    private async Task<CommandResult> ResultAsync(SshClient client, Task running, CancellationToken stop)
    {
        try
        {
            await running.WaitAsync(stop);
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _givenUp) is not null)
        {
        }

        return Volatile.Read(ref _givenUp) is { } cause
            ? throw cause()
            : _command.ExitStatus is null && _command.ExitSignal is null && !client.IsConnected
            ? throw new SshConnectionException("The connection ended before the command did.")
            : new CommandResult(_command.ExitStatus ?? 255, string.Empty, _command.Error);
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

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_OutputStream")]
    private static extern void SetOutput(SshCommand command, Stream stream);

    private sealed class Sink(SshCommandStream owner, Action signOfLife) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            signOfLife();
            owner.Take(buffer.AsSpan(offset, count));
        }
    }
}
