using System.Collections.Concurrent;
using System.Management.Automation;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>
/// A cmdlet that connects to hosts over SSH; its parameters are those of PowerShell's own SSH remoting. What they do
/// not say is taken from an open session of the host, then from the user's ssh_config.
/// </summary>
public abstract class HostCmdlet : CancellableCmdlet
{
    private readonly Lazy<IHostConnector> _connector = new(SshLoadContext.CreateConnector);
    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);
    private SessionTable _sessions = null!;
    private bool _isVerbose;

    /// <summary>Login name on the hosts; by default the credential's, then ssh_config's, then the current user's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>Private key file; by default the agent's keys and those of ssh_config or ~/.ssh.</summary>
    [Parameter]
    [Alias("IdentityFilePath")]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>TCP port of the hosts' SSH servers; by default ssh_config's, then 22.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>
    /// What is done with a host whose key is in no known_hosts file: Never refuses it, New records the key there. By
    /// default as ssh_config's StrictHostKeyChecking says, then Never. A key that contradicts a recorded one is always
    /// refused.
    /// </summary>
    [Parameter]
    public HostKeyAcceptance? AcceptHostKey { get; set; }

    /// <summary>User name and password, or the passphrase of the key file.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The hosts' libvirt, as virsh on the host names it; by default qemu:///system.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConnectUri { get; set; }

    /// <summary>Run what is said to the hosts as root, by sudo without a password; for users who are not in the group libvirt.</summary>
    [Parameter]
    public SwitchParameter Sudo { get; set; }

    /// <summary>
    /// Longest time, in seconds, for connecting to a host, and that a host may stay silent; by default ssh_config's
    /// ConnectTimeout for connecting, and 10 otherwise.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 3600)]
    public int? ConnectTimeout { get; set; }

    /// <summary>The open sessions.</summary>
    protected private SessionTable Sessions => _sessions;

    /// <summary>Connects to a host. May be called from any thread while <see cref="CancellableCmdlet.RunAsync"/> runs.</summary>
    protected private Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint, CancellationToken cancellationToken) =>
        ConnectAsync(endpoint, text => Post(() => WriteVerbose(text)), text => Post(() => WriteWarning(text)), cancellationToken);

    /// <summary>Gives the connection of an open session, or else a new one, and shows what is said to the host, if the user wants to see that.</summary>
    /// <param name="endpoint">The host.</param>
    /// <param name="trace">Takes what is said; any thread.</param>
    /// <param name="warn">Takes what the user should know, each once a call; any thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    protected private async Task<ICommandChannel> ConnectAsync(
        HostEndpoint endpoint, Action<string> trace, Action<string> warn, CancellationToken cancellationToken)
    {
        ICommandChannel? channel = null;
        foreach (KvmHostSession session in Sessions.For(endpoint))
        {
            // One that is in use still says how to log in.
            endpoint = session.Endpoint with
            {
                ConnectTimeout = endpoint.ConnectTimeout ?? session.Endpoint.ConnectTimeout,
                ConnectUri = endpoint.ConnectUri ?? session.Endpoint.ConnectUri,
                Sudo = endpoint.Sudo || session.Endpoint.Sudo,
            };
            channel = await session.TakeAsync(again => ConnectNewAsync(again, warn, cancellationToken));
            if (channel is not null)
            {
                break;
            }
        }

        channel ??= await ConnectNewAsync(endpoint, warn, cancellationToken);
        channel = await AccessChannel.OpenAsync(channel, endpoint, cancellationToken);
#pragma warning disable CA2000 // it is returned
        return _isVerbose ? new TracedChannel(channel, trace) : channel;
#pragma warning restore CA2000
    }

    /// <summary>Makes a new connection, whatever sessions are open.</summary>
    protected private Task<ICommandChannel> ConnectNewAsync(HostEndpoint endpoint, CancellationToken cancellationToken) =>
        ConnectNewAsync(endpoint, text => Post(() => WriteWarning(text)), cancellationToken);

    /// <summary>How to reach a host that the user named as SSH remoting does: what the name says outweighs the parameters.</summary>
    /// <exception cref="MigrationException"><c>HostNameInvalid</c>.</exception>
    protected private HostEndpoint Asked(string named)
    {
        var (host, user, port) = HostAddress.Parse(named);
        HostEndpoint endpoint = Endpoint(host);
        return endpoint with { UserName = user ?? endpoint.UserName, Port = port ?? endpoint.Port };
    }

    /// <summary>How to reach a host by its plain name, as the parameters say.</summary>
    protected private HostEndpoint Endpoint(string hostName) => new()
    {
        HostName = hostName,
        Port = Port,
        UserName = UserName,
        KeyFilePath = KeyFilePath,
        AcceptHostKey = AcceptHostKey,
        ConnectUri = ConnectUri,
        Sudo = Sudo,
        Credential = Credential == PSCredential.Empty ? null : Credential?.GetNetworkCredential(),
        ConnectTimeout = ConnectTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
    };

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _sessions = SessionTable.Of(MyInvocation.MyCommand.Module);
        _isVerbose = MyInvocation.BoundParameters.TryGetValue("Verbose", out object? verbose)
            ? verbose is SwitchParameter { IsPresent: true }
            : GetVariableValue("VerbosePreference") is ActionPreference and not ActionPreference.SilentlyContinue;
        if (ConnectUri is not null && !Uri.TryCreate(ConnectUri, UriKind.Absolute, out _))
        {
            Terminating(() => throw Failures.ConnectUriInvalid(ConnectUri));
        }

        // A relative path means PowerShell's location, not the process' working directory.
        if (KeyFilePath is not null)
        {
            KeyFilePath = GetUnresolvedProviderPathFromPSPath(KeyFilePath);
        }
    }

    private Task<ICommandChannel> ConnectNewAsync(HostEndpoint endpoint, Action<string> warn, CancellationToken cancellationToken) =>
        _connector.Value.ConnectAsync(
            endpoint,
            text =>
            {
                // What is not heeded is said once a call, however many hosts it concerns.
                if (_warned.TryAdd(text, true))
                {
                    warn(text);
                }
            },
            cancellationToken);
}
