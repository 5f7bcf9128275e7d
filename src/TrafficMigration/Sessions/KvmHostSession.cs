using System.Management.Automation.Runspaces;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>An open SSH connection to a KVM host, which the module's cmdlets use instead of connecting anew. Shown like a PSSession.</summary>
public sealed class KvmHostSession
{
    private readonly object _gate = new();
    private readonly HostEndpoint _endpoint;
    private ICommandChannel _channel;
    private bool _taken;
    private bool _closed;

    internal KvmHostSession(int id, string name, HostEndpoint endpoint, ICommandChannel channel)
    {
        Id = id;
        Name = name;
        _endpoint = endpoint;
        _channel = channel;
    }

    /// <summary>The session's number, unique in its PowerShell session.</summary>
    public int Id { get; }

    /// <summary>The session's name.</summary>
    public string Name { get; }

    /// <summary>The host, as it was named.</summary>
    public string HostName => _endpoint.HostName;

    /// <summary>The login name that was asked for; empty where ssh_config or the system gave it.</summary>
    public string? UserName => _endpoint.UserName ?? _endpoint.Credential?.UserName;

    /// <summary>Opened; Broken if the connection was lost: the next cmdlet that needs it connects again; Closed for good.</summary>
    public RunspaceState State
    {
        get
        {
            lock (_gate)
            {
                return _closed ? RunspaceState.Closed : _channel.IsConnected ? RunspaceState.Opened : RunspaceState.Broken;
            }
        }
    }

    /// <summary>Available; Busy while a cmdlet uses the connection: another one connects by itself meanwhile.</summary>
    public RunspaceAvailability Availability
    {
        get
        {
            lock (_gate)
            {
                return _closed ? RunspaceAvailability.None : _taken ? RunspaceAvailability.Busy : RunspaceAvailability.Available;
            }
        }
    }

    /// <summary>How the host was reached, for connections beside this one. Holds the user's secret: never shown.</summary>
    internal HostEndpoint Endpoint => _endpoint;

    /// <summary>Whether the session is for a host, and logged in as somebody who asks now would be.</summary>
    internal bool Serves(HostEndpoint asked) =>
        State != RunspaceState.Closed
        && string.Equals(HostName, asked.HostName, StringComparison.OrdinalIgnoreCase)
        && (asked.UserName is null || asked.UserName == UserName)
        && (asked.Port is null || asked.Port == _endpoint.Port)
        && (asked.KeyFilePath is null || asked.KeyFilePath == _endpoint.KeyFilePath)
        && (asked.Credential is null
            || (asked.Credential.UserName == _endpoint.Credential?.UserName && asked.Credential.Password == _endpoint.Credential?.Password));

    /// <summary>Takes the connection for one cmdlet, until what is returned is disposed; <see langword="null"/> if it is in use.</summary>
    /// <param name="reconnect">Connects again, if the connection was lost.</param>
    internal async Task<ICommandChannel?> TakeAsync(Func<HostEndpoint, Task<ICommandChannel>> reconnect)
    {
        lock (_gate)
        {
            if (_taken || _closed)
            {
                return null;
            }

            _taken = true;
        }

        try
        {
            if (!_channel.IsConnected)
            {
                await _channel.DisposeAsync();
                _channel = await reconnect(_endpoint);
            }

            return new Loan(this, _channel);
        }
        catch
        {
            await GiveBackAsync();
            throw;
        }
    }

    /// <summary>Closes the connection; if it is in use, when it no longer is.</summary>
    internal async ValueTask CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            if (_taken)
            {
                return;
            }
        }

        await _channel.DisposeAsync();
    }

    private async ValueTask GiveBackAsync()
    {
        bool closed;
        lock (_gate)
        {
            _taken = false;
            closed = _closed;
        }

        if (closed)
        {
            await _channel.DisposeAsync();
        }
    }

    /// <summary>The connection in one cmdlet's hands.</summary>
    private sealed class Loan(KvmHostSession session, ICommandChannel channel) : ICommandChannel
    {
        private int _returned;

        public string HostName => channel.HostName;

        public bool IsConnected => channel.IsConnected;

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _returned) != 0, this);
            return channel.ExecuteAsync(commandLine, cancellationToken);
        }

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _returned) != 0, this);
            return channel.StartAsync(commandLine, cancellationToken);
        }

        public ValueTask DisposeAsync() =>
            Interlocked.Exchange(ref _returned, 1) == 0 ? session.GiveBackAsync() : ValueTask.CompletedTask;
    }
}
