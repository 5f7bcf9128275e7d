using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>Says in the product's words why a connection could not be made.</summary>
internal static class ConnectFailure
{
    public static MigrationException From(Exception cause, HostEndpoint endpoint, Login? login, string tried) => cause switch
    {
        MigrationException known => known,
        AggregateException { InnerException: { } inner } => From(inner, endpoint, login, tried),
        SocketException socket => From(socket, endpoint, tried),
        SshAuthenticationException => Refused(cause, endpoint, login),
        SshConnectionException lost when IsTooManyTries(lost) => Refused(cause, endpoint, login),
        SshOperationTimeoutException or TimeoutException or OperationCanceledException =>
            Failures.HostTimeout(endpoint.HostName, tried, endpoint.ConnectTimeout, cause),
        _ when cause.InnerException is SocketException socket => From(socket, endpoint, tried),
        _ => Failures.HostUnreachable(endpoint.HostName, endpoint.Port, $"it failed while {tried}: {cause.Message}", cause),
    };

    private static MigrationException Refused(Exception cause, HostEndpoint endpoint, Login? login) =>
        Failures.AuthenticationFailed(
            endpoint.HostName, login?.User ?? string.Empty, login?.Tried ?? string.Empty, cause);

    private static MigrationException From(SocketException cause, HostEndpoint endpoint, string tried) =>
        cause.SocketErrorCode switch
        {
            // "Try again" is what the resolver says when no name server answers.
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery =>
                Failures.HostNotFound(endpoint.HostName, cause),
            SocketError.TimedOut => Failures.HostTimeout(endpoint.HostName, tried, endpoint.ConnectTimeout, cause),
            SocketError.ConnectionRefused => Unreachable(cause, endpoint, "nothing listens there (connection refused)."),
            SocketError.HostUnreachable or SocketError.NetworkUnreachable =>
                Unreachable(cause, endpoint, "there is no route to it."),
            SocketError.ConnectionReset => Unreachable(cause, endpoint, $"it closed the connection while {tried}."),
            _ => Unreachable(cause, endpoint, cause.Message),
        };

    private static MigrationException Unreachable(Exception cause, HostEndpoint endpoint, string reason) =>
        Failures.HostUnreachable(endpoint.HostName, endpoint.Port, reason, cause);

    /// <summary>sshd counts each key as a try and hangs up beyond MaxAuthTries instead of refusing once more.</summary>
    private static bool IsTooManyTries(SshConnectionException lost) =>
        lost.DisconnectReason == DisconnectReason.NoMoreAuthenticationMethodsAvailable
        || lost.Message.Contains("Too many authentication failures", StringComparison.OrdinalIgnoreCase);
}
