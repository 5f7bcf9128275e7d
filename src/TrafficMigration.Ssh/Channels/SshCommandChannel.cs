using Renci.SshNet;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>One SSH connection on which commands run, each in a session of its own.</summary>
internal sealed class SshCommandChannel : ICommandChannel
{
    /// <summary>sshd allows 10 sessions a connection unless told otherwise; the probe needs one beside these.</summary>
    private const int MaxCommands = 8;

    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DisconnectLimit = TimeSpan.FromSeconds(2);

    private readonly SshClient _client;
    private readonly JumpPath? _path;
    private readonly ConnectionEnd _end;
    private readonly Heartbeat _heartbeat;
    // Never disposed: pending commands still touch it while the channel is being disposed, and it holds nothing of
    // the operating system.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _slots = new(MaxCommands);
#pragma warning restore CA2213
    private int _disposed;

    /// <summary>Takes over a connected client, and the way that it goes through other hosts, if it does.</summary>
    public SshCommandChannel(SshClient client, JumpPath? path, string hostName, TimeSpan silenceLimit)
    {
        _client = client;
        _path = path;
        HostName = hostName;
        _end = new ConnectionEnd(hostName, silenceLimit);
        TimeSpan interval = silenceLimit / 2;
        _heartbeat = new Heartbeat(
            interval < LongestInterval ? interval : LongestInterval, silenceLimit, ProbeAsync, _end.FallenSilent);
        client.ErrorOccurred += (_, e) => _end.Lost(e.Exception);
    }

    /// <inheritdoc/>
    public string HostName { get; }

    /// <inheritdoc/>
    public bool IsConnected => !_end.Token.IsCancellationRequested && _client.IsConnected;

    /// <inheritdoc/>
    public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return _end.GuardAsync(
            async stop =>
            {
                await _slots.WaitAsync(stop);
                try
                {
                    return await _heartbeat.WatchAsync(() => RunAsync(commandLine, stop));
                }
                finally
                {
                    _slots.Release();
                }
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return _end.GuardAsync(
            async stop =>
            {
                await _slots.WaitAsync(stop);
                IDisposable watch = _heartbeat.Watch();
                // The stream gives both back when its session is closed, which is after it was disposed.
                return await SshCommandStream.StartAsync(
                    _client, commandLine, HostName, _end, _heartbeat.SignOfLife, Ended, stop);

                void Ended()
                {
                    watch.Dispose();
                    _slots.Release();
                }
            },
            cancellationToken);
    }

    /// <summary>Disconnects; pending commands fail. Never throws, and waits no longer than two seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _end.Closed();
        // Saying goodbye blocks while the host does not read.
        Task closing = _path is null ? Background.Dispose(_client) : CloseAsync(_client, _path);
        await Task.WhenAny(closing, Task.Delay(DisconnectLimit, CancellationToken.None));
        _heartbeat.Dispose();
    }

    private static async Task CloseAsync(SshClient client, JumpPath path)
    {
        await Background.Dispose(client);
        await Background.Dispose(path);
    }

    private async Task<CommandResult> RunAsync(string commandLine, CancellationToken stop)
    {
        // A place may come free just because everything is being cancelled: nothing is to be started then.
        stop.ThrowIfCancellationRequested();
        SshCommand command = _client.CreateCommand(commandLine);
        // Opening the session blocks until the host has answered. The token is not given to SSH.NET: its
        // cancellation makes whoever cancels wait half a second for each command.
        Task<Task> opening = Background.Run(() => command.ExecuteAsync(CancellationToken.None));
        Task running = opening.Unwrap();
        try
        {
            await running.WaitAsync(stop);
            if (command.ExitStatus is null && command.ExitSignal is null && !_client.IsConnected)
            {
                throw new SshConnectionException("The connection ended before the command did.");
            }

            return new CommandResult(command.ExitStatus ?? 255, command.Result, command.Error);
        }
        finally
        {
            _ = CloseAsync(command, opening, running);
        }
    }

    private static async Task CloseAsync(SshCommand command, Task opening, Task running)
    {
        if (running.IsCompletedSuccessfully)
        {
            command.Dispose();
            return;
        }

        // Given up: a session that is just being opened is closed only then, or it would be lost on both sides.
        await opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Waits for the host's consent.
        await Background.Dispose(command);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ProbeAsync()
    {
        try
        {
            await RunAsync("true", _end.Token);
        }
        catch (SshOperationTimeoutException)
        {
            _end.FallenSilent();
        }
        catch (Exception e) when (ConnectionEnd.IsLoss(e))
        {
            _end.Lost(e);
        }
        catch (SshException)
        {
            // A host that refuses one more session has answered.
        }
    }
}
