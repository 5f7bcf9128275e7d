using System.Management.Automation;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that connects to hosts over SSH; its parameters are those of PowerShell's own SSH remoting.</summary>
public abstract class HostCmdlet : CancellableCmdlet
{
    private readonly Lazy<IHostConnector> _connector = new(SshLoadContext.CreateConnector);
    private bool _isVerbose;

    /// <summary>Login name on the hosts; by default the credential's, then the current user's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>Private key file; by default the user's own keys in ~/.ssh.</summary>
    [Parameter]
    [Alias("IdentityFilePath")]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>TCP port of the hosts' SSH servers.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int Port { get; set; } = 22;

    /// <summary>User name and password, or the passphrase of the key file.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest time, in seconds, for connecting to a host, and that a host may stay silent.</summary>
    [Parameter]
    [ValidateRange(1, 3600)]
    public int ConnectTimeout { get; set; } = 10;

    /// <summary>Connects to a host. May be called from any thread while <see cref="CancellableCmdlet.RunAsync"/> runs.</summary>
    protected private Task<ICommandChannel> ConnectAsync(string hostName, CancellationToken cancellationToken) =>
        ConnectAsync(hostName, text => Post(() => WriteVerbose(text)), cancellationToken);

    /// <summary>Connects to a host and shows what is said to it, if the user wants to see that.</summary>
    protected private async Task<ICommandChannel> ConnectAsync(string hostName, Action<string> trace, CancellationToken cancellationToken)
    {
        var endpoint = new HostEndpoint
        {
            HostName = hostName,
            Port = Port,
            UserName = UserName,
            KeyFilePath = KeyFilePath,
            Credential = Credential == PSCredential.Empty ? null : Credential?.GetNetworkCredential(),
            ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeout),
        };
        ICommandChannel channel = await _connector.Value.ConnectAsync(endpoint, cancellationToken);
#pragma warning disable CA2000 // it is returned
        return _isVerbose ? new TracedChannel(channel, trace) : channel;
#pragma warning restore CA2000
    }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _isVerbose = MyInvocation.BoundParameters.TryGetValue("Verbose", out object? verbose)
            ? verbose is SwitchParameter { IsPresent: true }
            : GetVariableValue("VerbosePreference") is ActionPreference and not ActionPreference.SilentlyContinue;
        // A relative path means PowerShell's location, not the process' working directory.
        if (KeyFilePath is not null)
        {
            KeyFilePath = GetUnresolvedProviderPathFromPSPath(KeyFilePath);
        }
    }
}
