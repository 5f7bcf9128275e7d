using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;

namespace TrafficMigration.Ssh;

/// <summary>Says in the product's words why a connection could not be made.</summary>
internal static class ConnectFailure
{
    /// <param name="cause">What went wrong.</param>
    /// <param name="target">The host.</param>
    /// <param name="limit">The time that there was.</param>
    /// <param name="login">How the login was to be made, if it has come to that.</param>
    /// <param name="tried">What was being done, in words.</param>
    public static MigrationException From(Exception cause, Target target, TimeSpan limit, Login? login, string tried) => cause switch
    {
        MigrationException known => known,
        AggregateException { InnerException: { } inner } => From(inner, target, limit, login, tried),
        SocketException socket => From(socket, target, limit, tried),
        SshAuthenticationException => Refused(cause, target, login),
        SshConnectionException lost when IsTooManyTries(lost) => Refused(cause, target, login),
        SshOperationTimeoutException or TimeoutException or OperationCanceledException =>
            Failures.HostTimeout(target.HostName, tried, limit, cause),
        _ when cause.InnerException is SocketException socket => From(socket, target, limit, tried),
        _ => Unreachable(cause, target, $"it failed while {tried}: {cause.Message}"),
    };

    private static MigrationException Refused(Exception cause, Target target, Login? login) =>
        Failures.AuthenticationFailed(target.HostName, target.User, login?.Tried ?? string.Empty, cause);

    private static MigrationException From(SocketException cause, Target target, TimeSpan limit, string tried) =>
        cause.SocketErrorCode switch
        {
            // "Try again" is what the resolver says when no name server answers.
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery =>
                Failures.HostNotFound(target.Address, cause),
            SocketError.TimedOut => Failures.HostTimeout(target.HostName, tried, limit, cause),
            SocketError.ConnectionRefused => Unreachable(cause, target, "nothing listens there (connection refused)."),
            SocketError.HostUnreachable or SocketError.NetworkUnreachable =>
                Unreachable(cause, target, "there is no route to it."),
            SocketError.ConnectionReset => Unreachable(cause, target, $"it closed the connection while {tried}."),
            _ => Unreachable(cause, target, cause.Message),
        };

    private static MigrationException Unreachable(Exception cause, Target target, string reason) =>
        Failures.HostUnreachable(target.HostName, target.Port, reason, cause);

    /// <summary>sshd counts each key as a try and hangs up beyond MaxAuthTries instead of refusing once more.</summary>
    private static bool IsTooManyTries(SshConnectionException lost) =>
        lost.DisconnectReason == DisconnectReason.NoMoreAuthenticationMethodsAvailable
        || lost.Message.Contains("Too many authentication failures", StringComparison.OrdinalIgnoreCase);
}
