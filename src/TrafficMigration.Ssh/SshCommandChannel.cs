using System.Net.Sockets;
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
    private readonly TimeSpan _silenceLimit;
    private readonly Heartbeat _heartbeat;
    // Never disposed: pending commands still touch both while the channel is being disposed, and neither holds
    // anything of the operating system.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _slots = new(MaxCommands);
    private readonly CancellationTokenSource _ended = new();
#pragma warning restore CA2213
    private Func<MigrationException>? _failure;
    private int _disposed;

    /// <summary>Takes over a connected client.</summary>
    public SshCommandChannel(SshClient client, string hostName, TimeSpan silenceLimit)
    {
        _client = client;
        _silenceLimit = silenceLimit;
        HostName = hostName;
        TimeSpan interval = silenceLimit / 2;
        _heartbeat = new Heartbeat(
            interval < LongestInterval ? interval : LongestInterval, silenceLimit, ProbeAsync, () => End(Silent));
        client.ErrorOccurred += (_, e) => End(() => Lost(e.Exception));
    }

    /// <inheritdoc/>
    public string HostName { get; }

    /// <inheritdoc/>
    public async Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
        try
        {
            await _slots.WaitAsync(stop.Token);
            try
            {
                return await _heartbeat.WatchAsync(() => RunAsync(commandLine, stop.Token));
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Volatile.Read(ref _failure)!();
        }
        catch (SshOperationTimeoutException)
        {
            End(Silent);
            throw Silent();
        }
        catch (Exception e) when (IsLoss(e))
        {
            // The error event may have told the cause already; what the command then says is only its echo.
            End(() => Lost(e));
            throw Volatile.Read(ref _failure)!();
        }
        catch (SshException e)
        {
            throw Failures.CommandFailed(HostName, "open another session on its SSH connection", 255, e.Message);
        }
    }

    /// <summary>Disconnects; pending commands fail. Never throws, and waits no longer than two seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        End(() => Failures.ConnectionLost(HostName, "it was closed on this side."));
        // Saying goodbye blocks while the host does not read.
        await Task.WhenAny(Background.Dispose(_client), Task.Delay(DisconnectLimit, CancellationToken.None));
        _heartbeat.Dispose();
    }

    private static bool IsLoss(Exception e) =>
        e is SshConnectionException or ObjectDisposedException or SocketException or IOException;

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
            await RunAsync("true", _ended.Token);
        }
        catch (SshOperationTimeoutException)
        {
            End(Silent);
        }
        catch (Exception e) when (IsLoss(e))
        {
            End(() => Lost(e));
        }
        catch (SshException)
        {
            // A host that refuses one more session has answered.
        }
    }

    /// <summary>Fails everything that is pending and all that comes later. Only the first cause counts.</summary>
    private void End(Func<MigrationException> cause)
    {
        if (Interlocked.CompareExchange(ref _failure, cause, null) is null)
        {
            // Not on this thread, which may be the one that reads from the host: callers go on from here.
            _ = _ended.CancelAsync();
        }
    }

    private MigrationException Silent() =>
        Failures.HostTimeout(HostName, "it had commands to finish and was asked for a sign of life", _silenceLimit);

    private MigrationException Lost(Exception cause) => Failures.ConnectionLost(HostName, cause.Message, cause);
}
