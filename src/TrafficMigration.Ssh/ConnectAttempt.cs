using System.Net.Sockets;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>What is known about a connection while it is being made; read when it fails.</summary>
internal sealed class ConnectAttempt(HostEndpoint endpoint)
{
    private volatile Target? _target;
    private volatile JumpPath? _path;
    private volatile Login? _login;
    private volatile HostKeyCheck? _check;
    private volatile bool _hasBanner;

    /// <summary>What was asked for.</summary>
    public HostEndpoint Endpoint => endpoint;

    /// <summary>The time that there is.</summary>
    public TimeSpan Limit { get; set; } = endpoint.ConnectTimeout ?? HostEndpoint.UsualTimeout;

    /// <summary>Whether the server has said that it speaks SSH.</summary>
    public bool HasBanner
    {
        set => _hasBanner = value;
    }

    private string Doing => this switch
    {
        { _check: null } => "reading the user's keys",
        { _check.IsTrusted: true } => "logging in",
        { _hasBanner: true } => "exchanging keys",
        _ => "connecting and waiting for the server's greeting",
    };

    /// <summary>Turns to a host: the one that was asked for, or one on the way to it.</summary>
    public void Begin(Target target, JumpPath? path)
    {
        _check = null;
        _login = null;
        _hasBanner = false;
        _path = path;
        _target = target;
    }

    /// <summary>Is about to connect to it.</summary>
    public void Begin(Login ways, HostKeyCheck keys)
    {
        _login = ways;
        _check = keys;
    }

    /// <summary>Says in the product's words why the connection failed.</summary>
    public MigrationException Translate(Exception cause)
    {
        if (_target is not { } target)
        {
            return cause as MigrationException
                ?? Failures.HostTimeout(endpoint.HostName, "reading the SSH configuration", Limit, cause);
        }

        MigrationException failure = _check?.Refusal
            ?? (_path is { } path && !_hasBanner && cause is SshException or SocketException
                ? Failures.HostUnreachable(target.HostName, target.Port, path.WhyNot, cause)
                : ConnectFailure.From(cause, target, Limit, _login, Doing));
        return target.HostName == endpoint.HostName ? failure : Failures.OnTheWay(endpoint.HostName, target.HostName, failure);
    }
}
