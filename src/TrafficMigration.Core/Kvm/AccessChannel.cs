namespace TrafficMigration.Kvm;

/// <summary>A channel to a host on which virsh is used in another way than by the login user with <c>qemu:///system</c>.</summary>
public sealed class AccessChannel : ICommandChannel
{
    private readonly ICommandChannel _channel;
    private readonly string? _connectUri;
    private readonly bool _sudo;

    private AccessChannel(ICommandChannel channel, string? connectUri, bool sudo)
    {
        _channel = channel;
        _connectUri = connectUri;
        _sudo = sudo;
    }

    /// <inheritdoc/>
    public string HostName => _channel.HostName;

    /// <inheritdoc/>
    public bool IsConnected => _channel.IsConnected;

    /// <summary>Gives the channel as the endpoint wants it used: itself, if in no special way. Takes it over.</summary>
    /// <exception cref="MigrationException"><c>SudoRefused</c> if sudo wants a password, or the user may not use it; the channel is closed then.</exception>
    public static async Task<ICommandChannel> OpenAsync(ICommandChannel channel, HostEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.ConnectUri is null && !endpoint.Sudo)
        {
            return channel;
        }

        var access = new AccessChannel(channel, endpoint.ConnectUri, endpoint.Sudo);
        if (!endpoint.Sudo)
        {
            return access;
        }

        try
        {
            CommandResult result = await channel.ExecuteAsync(access.Wrapped("true"), cancellationToken);
            return result.ExitCode == 0 ? access
                : throw Failures.SudoRefused(channel.HostName, result.Error.Trim().Length > 0 ? result.Error : result.Output);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
        _channel.ExecuteAsync(Wrapped(commandLine), cancellationToken);

    /// <inheritdoc/>
    public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) =>
        _channel.StartAsync(Wrapped(commandLine), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    /// <remarks>Every script of this room asks virsh by the variable; -n: sudo must not wait for a password that nobody can type.</remarks>
    private string Wrapped(string commandLine)
    {
        string command = _connectUri is null ? commandLine : $"export TM_CONNECT_URI={ShellText.Quote(_connectUri)}; {commandLine}";
        return _sudo ? $"exec sudo -n -- sh -c {ShellText.Quote(command)}" : command;
    }
}
