using System.Collections.Immutable;
using System.Text;
using Renci.SshNet;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>Connects to hosts over SSH and verifies each host's key against OpenSSH's known_hosts files.</summary>
/// <remarks>
/// Logs in with the given key, or else the user's default keys (<c>id_ed25519</c>, <c>id_ecdsa</c>,
/// <c>id_rsa</c> in <c>~/.ssh</c>), then with the credential's password. May be used by several threads at once.
/// </remarks>
public sealed class SshHostConnector : IHostConnector
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);

    private readonly ImmutableArray<string> _knownHostsPaths;
    private readonly string _defaultKeyDirectory;

    /// <summary>Makes a connector with the current user's keys and known hosts, and those of the machine.</summary>
    public SshHostConnector()
        : this(
            [Path.Combine(UserDirectory, "known_hosts"), "/etc/ssh/ssh_known_hosts"],
            UserDirectory)
    {
    }

    internal SshHostConnector(IEnumerable<string> knownHostsPaths, string defaultKeyDirectory)
    {
        _knownHostsPaths = [.. knownHostsPaths];
        _defaultKeyDirectory = defaultKeyDirectory;
    }

    private static string UserDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");

    /// <summary>Connects to a host, verifies its key and logs in, all within the endpoint's time.</summary>
    /// <param name="endpoint">The host, how to log in and how long this may take.</param>
    /// <param name="cancellationToken">Gives up; what was begun is ended in the background.</param>
    /// <exception cref="MigrationException">
    /// <c>HostNotFound</c>, <c>HostUnreachable</c>, <c>HostTimeout</c>, <c>HostKeyUnknown</c>,
    /// <c>HostKeyMismatch</c>, <c>HostKeyRevoked</c>, <c>AuthenticationFailed</c>, <c>KeyFileUnusable</c>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var attempt = new Attempt(endpoint);

        // Files are read and keys decrypted in there too, so that a caller that starts many at once never waits.
        Task<SshClient> connecting = Task.Run(() => ConnectAsync(attempt, cancellationToken), CancellationToken.None);
        try
        {
            SshClient client = await connecting.WaitAsync(endpoint.ConnectTimeout, cancellationToken);
            return new SshCommandChannel(client, endpoint.HostName, endpoint.ConnectTimeout);
        }
        catch (Exception e)
        {
            _ = AbandonAsync(connecting);
            cancellationToken.ThrowIfCancellationRequested();
            throw attempt.Translate(e);
        }
    }

    /// <summary>
    /// Leaves an attempt to itself: SSH.NET waits for the key exchange and the login without looking at the token.
    /// </summary>
    private static async Task AbandonAsync(Task<SshClient> connecting)
    {
        await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (connecting.IsCompletedSuccessfully)
        {
            await Background.Dispose(await connecting);
        }
    }

    private async Task<SshClient> ConnectAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        HostEndpoint endpoint = attempt.Endpoint;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(endpoint.ConnectTimeout);
        using var login = Login.Prepare(endpoint, _defaultKeyDirectory);
        var check = new HostKeyCheck(
            KnownHosts.Load(_knownHostsPaths), _knownHostsPaths, endpoint.HostName, endpoint.Port);
        attempt.Begin(login, check);

        // SSH.NET resolves the name asynchronously, under the token, and tries each address.
        var client = new SshClient(new ConnectionInfo(
            endpoint.HostName, endpoint.Port, login.User, [.. login.Methods])
        {
            Timeout = endpoint.ConnectTimeout,
            Encoding = Encoding.UTF8,
        });
        try
        {
            client.KeepAliveInterval = KeepAliveInterval;
            client.ServerIdentificationReceived += (_, _) => attempt.HasBanner = true;
            check.Attach(client);
            await client.ConnectAsync(deadline.Token);
            return client;
        }
        catch
        {
            _ = Background.Dispose(client);
            throw;
        }
    }

    /// <summary>What is known about a connection while it is being made; read when it fails.</summary>
    private sealed class Attempt(HostEndpoint endpoint)
    {
        private volatile Login? _login;
        private volatile HostKeyCheck? _check;
        private volatile bool _hasBanner;

        public HostEndpoint Endpoint => endpoint;

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

        public void Begin(Login ways, HostKeyCheck keys)
        {
            _login = ways;
            _check = keys;
        }

        public MigrationException Translate(Exception cause) =>
            _check?.Refusal ?? ConnectFailure.From(cause, endpoint, _login, Doing);
    }
}
