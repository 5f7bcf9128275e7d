using System.Net.Sockets;
using Renci.SshNet.Common;

namespace TrafficMigration.Ssh;

/// <summary>The end of one connection: its cause, in the product's words, and all who must hear of it.</summary>
/// <remarks>Only the first cause counts; what fails afterwards is its echo.</remarks>
/// <param name="hostName">The host's name as the user gave it.</param>
/// <param name="silenceLimit">How long the host may be silent.</param>
// Holds nothing of the operating system, and pending commands still touch it while the connection is being closed.
#pragma warning disable CA1001
internal sealed class ConnectionEnd(string hostName, TimeSpan silenceLimit)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _ended = new();
    private Func<MigrationException>? _failure;

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Token => _ended.Token;

    /// <summary>The host does not answer.</summary>
    public void FallenSilent() => Set(() =>
        Failures.HostTimeout(hostName, "it had commands to finish and was asked for a sign of life", silenceLimit));

    /// <summary>The connection broke.</summary>
    public void Lost(Exception cause) => Set(() => Failures.ConnectionLost(hostName, cause.Message, cause));

    /// <summary>The connection was closed here.</summary>
    public void Closed() => Set(() => Failures.ConnectionLost(hostName, "it was closed on this side."));

    /// <summary>Whether SSH.NET says by this that the connection is gone.</summary>
    public static bool IsLoss(Exception e) =>
        e is SshConnectionException or ObjectDisposedException or SocketException or IOException;

    /// <summary>Runs something that needs the connection and says in the product's words why it failed.</summary>
    /// <param name="work">Takes a token that is cancelled by the caller or by the end of the connection.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Token);
        try
        {
            return await work(stop.Token);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure();
        }
        catch (SshOperationTimeoutException)
        {
            FallenSilent();
            throw Failure();
        }
        catch (Exception e) when (IsLoss(e))
        {
            // The error event may have told the cause already; what the command then says is only its echo.
            Lost(e);
            throw Failure();
        }
        catch (SshException e)
        {
            throw Failures.CommandFailed(hostName, "open another session on its SSH connection", 255, e.Message);
        }
    }

    private MigrationException Failure() => Volatile.Read(ref _failure)!();

    private void Set(Func<MigrationException> cause)
    {
        if (Interlocked.CompareExchange(ref _failure, cause, null) is null)
        {
            // Not on this thread, which may be the one that reads from the host: callers go on from here.
            _ = _ended.CancelAsync();
        }
    }
}
