using System.Collections.Immutable;
using System.Text;
using Renci.SshNet;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>Connects to hosts over SSH as the user's OpenSSH is set up, and verifies each host's key.</summary>
/// <remarks>
/// ssh_config, known_hosts and the agent are read anew at each connection. Login: the given key, or else the agent's
/// keys and ssh_config's or the default ones (<c>id_ed25519</c>, <c>id_ecdsa</c>, <c>id_rsa</c> in <c>~/.ssh</c>),
/// then the credential's password. May be used by several threads at once.
/// </remarks>
public sealed class SshHostConnector : IHostConnector
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);

    // ssh_config may name years, and timers cannot.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly object _recording = new();
    private readonly ImmutableArray<string> _knownHostsPaths;
    private readonly string _defaultKeyDirectory;
    private readonly SshConfig _config;
    private readonly string? _agent;

    /// <summary>Makes a connector with the current user's configuration, keys and known hosts, and those of the machine.</summary>
    public SshHostConnector()
        : this(
            [Path.Combine(UserDirectory, "known_hosts"), "/etc/ssh/ssh_known_hosts"],
            UserDirectory,
            SshConfig.OfUser(HomeDirectory),
            SshAgent.EnvironmentAddress)
    {
    }

    internal SshHostConnector(IEnumerable<string> knownHostsPaths, string defaultKeyDirectory, SshConfig? config = null, string? agent = null)
    {
        _knownHostsPaths = [.. knownHostsPaths];
        _defaultKeyDirectory = defaultKeyDirectory;
        _config = config ?? SshConfig.Empty;
        _agent = agent;
    }

    private static string HomeDirectory => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string UserDirectory => Path.Combine(HomeDirectory, ".ssh");

    /// <summary>Connects to a host, verifies its key and logs in, all within the endpoint's time, or that of ssh_config.</summary>
    /// <param name="endpoint">The host, how to log in and how long this may take.</param>
    /// <param name="warn">Takes what is not heeded of ssh_config, and which keys were recorded; called on any thread.</param>
    /// <param name="cancellationToken">Gives up; what was begun is ended in the background.</param>
    /// <exception cref="MigrationException">
    /// <c>HostNameInvalid</c>, <c>HostNotFound</c>, <c>HostUnreachable</c>, <c>HostTimeout</c>, <c>HostKeyUnknown</c>,
    /// <c>HostKeyMismatch</c>, <c>HostKeyRevoked</c>, <c>HostCertificateInvalid</c>, <c>AuthenticationFailed</c>,
    /// <c>KeyFileUnusable</c>, <c>SshConfigUnusable</c>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint, Action<string> warn, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var attempt = new ConnectAttempt(endpoint);

        // Files are read and keys decrypted elsewhere too, so that a caller that starts many at once never waits.
        Task<SshCommandChannel>? connecting = null;
        try
        {
            ImmutableArray<Target> way = await Task.Run(() => Target.WayTo(endpoint, _config), CancellationToken.None)
                .WaitAsync(attempt.Limit, cancellationToken);
            attempt.Limit = Limit(endpoint, way[^1].Settings);
            connecting = Task.Run(() => ConnectAsync(attempt, way, warn, cancellationToken), CancellationToken.None);
            return await connecting.WaitAsync(attempt.Limit, cancellationToken);
        }
        catch (Exception e)
        {
            if (connecting is not null)
            {
                _ = AbandonAsync(connecting);
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw attempt.Translate(e);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> KnownNames() => _config.HostNames().Concat(KnownHosts.Load(_knownHostsPaths).PlainNames());

    /// <summary>
    /// Leaves an attempt to itself: SSH.NET waits for the key exchange and the login without looking at the token.
    /// </summary>
    private static async Task AbandonAsync(Task<SshCommandChannel> connecting)
    {
        await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (connecting.IsCompletedSuccessfully)
        {
            await (await connecting).DisposeAsync();
        }
    }

    /// <summary>The time for the whole way. ssh_config may well say <c>none</c>; we would then wait for a host for ever.</summary>
    private static TimeSpan Limit(HostEndpoint endpoint, HostSettings settings) =>
        endpoint.ConnectTimeout
        ?? (settings.ConnectTimeout is { } configured && configured > TimeSpan.Zero ? Least(configured, LongestTimer)
            : HostEndpoint.UsualTimeout);

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task<SshCommandChannel> ConnectAsync(
        ConnectAttempt attempt, ImmutableArray<Target> way, Action<string> warn, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(attempt.Limit);
        JumpPath? path = null;
#pragma warning disable CA2000 // each owns the one before it, and what is returned owns them all
        try
        {
            for (int i = 0; i + 1 < way.Length; i++)
            {
                path = new JumpPath(await ConnectAsync(attempt, way[i], path, warn, deadline.Token), way[i], path, way[i + 1]);
            }

            // ssh_config's time is for connecting alone, and often short; a busy host must not count as lost by it.
            return new SshCommandChannel(
                await ConnectAsync(attempt, way[^1], path, warn, deadline.Token), path, attempt.Endpoint.HostName,
                attempt.Endpoint.ConnectTimeout ?? HostEndpoint.UsualTimeout);
        }
        catch
        {
            if (path is not null)
            {
                _ = Background.Dispose(path);
            }

            throw;
        }
#pragma warning restore CA2000
    }

    private async Task<SshClient> ConnectAsync(ConnectAttempt attempt, Target target, JumpPath? path, Action<string> warn, CancellationToken cancellationToken)
    {
        foreach (string text in target.Settings.Warnings)
        {
            warn(text + ".");
        }

        attempt.Begin(target, path);
        using var login = Login.Prepare(target, _defaultKeyDirectory, Agent(target.Settings));
        ImmutableArray<string> knownHosts = KnownHostsPaths(target.Settings);
        var check = new HostKeyCheck(KnownHosts.Load(knownHosts), knownHosts, target);
        attempt.Begin(login, check);

#pragma warning disable CA2000 // it is returned, or disposed where disposing waits for nobody
        // SSH.NET resolves the name asynchronously, under the token, and tries each address.
        var client = new SshClient(new ConnectionInfo(
            path is null ? target.Address : "127.0.0.1", path?.Port ?? target.Port, login.User, [.. login.Methods])
        {
            Timeout = attempt.Limit,
            Encoding = Encoding.UTF8,
        });
#pragma warning restore CA2000
        try
        {
            client.KeepAliveInterval = target.Settings.ServerAliveInterval is { } interval && interval > TimeSpan.Zero ? Least(interval, LongestTimer) : KeepAliveInterval;
            client.ServerIdentificationReceived += (_, _) => attempt.HasBanner = true;
            check.Attach(client);
            await client.ConnectAsync(cancellationToken);
            if (check.NewKey is { } key)
            {
                Record(knownHosts[0], target, key, warn);
            }

            return client;
        }
        catch
        {
            _ = Background.Dispose(client);
            throw;
        }
    }

    private SshAgent? Agent(HostSettings settings) => settings.IdentityAgent switch
    {
        "none" => null,
        { } address => new SshAgent(address),
        null => _agent is null ? null : new SshAgent(_agent),
    };

    /// <summary>The user's files first: new keys go into the first one.</summary>
    private ImmutableArray<string> KnownHostsPaths(HostSettings settings) =>
        settings.UserKnownHostsFiles.IsEmpty && settings.GlobalKnownHostsFiles.IsEmpty ? _knownHostsPaths
        : [.. settings.UserKnownHostsFiles.IsEmpty ? _knownHostsPaths[..1] : settings.UserKnownHostsFiles,
           .. settings.GlobalKnownHostsFiles.IsEmpty ? _knownHostsPaths[1..] : settings.GlobalKnownHostsFiles];

    private void Record(string path, Target target, byte[] key, Action<string> warn)
    {
        string what = $"the key of host '{target.HostName}' ({KnownHost.TypeOf(key)} {HostKeyCheck.Fingerprint(key)})";
        try
        {
            lock (_recording)
            {
                HostKeyRecorder.Record(path, target, key);
            }

            warn($"Recorded in '{path}': {what}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"Not recorded in '{path}' ({e.Message}): {what}. It was accepted for this connection only.");
        }
    }
}
