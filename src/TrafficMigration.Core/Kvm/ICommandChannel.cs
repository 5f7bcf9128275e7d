namespace TrafficMigration.Kvm;

/// <summary>A connection to one host that runs shell commands there.</summary>
/// <remarks>Commands may run at the same time; an implementation queues those beyond what the host accepts.</remarks>
public interface ICommandChannel : IAsyncDisposable
{
    /// <summary>The host's name as the user gave it.</summary>
    string HostName { get; }

    /// <summary>Whether nothing is known that has ended the connection. A host that has fallen silent shows only when it is asked.</summary>
    bool IsConnected { get; }

    /// <summary>Runs a command line in the host's POSIX shell and waits for its end.</summary>
    /// <param name="commandLine">The command line. Every value in it has gone through <see cref="ShellText.Quote"/>.</param>
    /// <param name="cancellationToken">
    /// Stops waiting. The remote process may go on: what must be stopped is stopped by its own means.
    /// </param>
    /// <returns>What the command printed and its exit code; a non-zero code is not an exception.</returns>
    /// <exception cref="MigrationException">
    /// <c>ConnectionLost</c> when the connection ended, <c>HostTimeout</c> when the host did not answer in time,
    /// <c>CommandFailed</c> when the host refused to run one more command at once.
    /// </exception>
    Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken);

    /// <summary>Starts a command that goes on printing until it is stopped, in a session of its own.</summary>
    /// <param name="commandLine">As for <see cref="ExecuteAsync"/>.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <returns>The running command; disposing it ends the session.</returns>
    /// <exception cref="MigrationException">As for <see cref="ExecuteAsync"/>.</exception>
    Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken);
}

/// <summary>A remote command that goes on printing lines and takes lines on its standard input.</summary>
/// <remarks>
/// Disposing closes the command's standard input and output and does not wait for its end: a command made for this
/// ends by itself when its input ends. The same happens when this process is killed or the connection is cut.
/// </remarks>
public interface ICommandStream : IAsyncDisposable
{
    /// <summary>Waits for the next line of standard output.</summary>
    /// <param name="cancellationToken">Stops waiting; the stream stays usable.</param>
    /// <returns>The line without its line break; <see langword="null"/> when the command has ended.</returns>
    /// <exception cref="MigrationException">
    /// <c>ConnectionLost</c>, <c>HostTimeout</c>; <c>AnswerNotUnderstood</c> when a line, or what waits to be read, is too long.
    /// </exception>
    ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken);

    /// <summary>Writes a line to the command's standard input.</summary>
    /// <exception cref="MigrationException"><c>ConnectionLost</c>, <c>HostTimeout</c>.</exception>
    ValueTask WriteLineAsync(string line, CancellationToken cancellationToken);

    /// <summary>
    /// The exit code and what was written to standard error (<see cref="CommandResult.Output"/> is empty), once
    /// <see cref="ReadLineAsync"/> has returned <see langword="null"/>.
    /// </summary>
    Task<CommandResult> Completion { get; }
}

/// <summary>What a remote command left behind.</summary>
/// <param name="ExitCode">Its exit code; 255 if it was ended by a signal.</param>
/// <param name="Output">All that it wrote to standard output.</param>
/// <param name="Error">All that it wrote to standard error.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error);

/// <summary>Opens <see cref="ICommandChannel"/>s.</summary>
public interface IHostConnector
{
    /// <summary>Connects to a host, verifies its key and authenticates.</summary>
    /// <param name="endpoint">The host, how to log in and how long this may take.</param>
    /// <param name="warn">Takes what the user should know and what is no error: settings that are not heeded, a key that was recorded. Any thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MigrationException">
    /// <c>HostNotFound</c>, <c>HostUnreachable</c>, <c>HostTimeout</c>, <c>HostKeyUnknown</c>,
    /// <c>HostKeyMismatch</c>, <c>HostKeyRevoked</c>, <c>HostCertificateInvalid</c>, <c>AuthenticationFailed</c>,
    /// <c>KeyFileUnusable</c>, <c>SshConfigUnusable</c>.
    /// </exception>
    Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint, Action<string> warn, CancellationToken cancellationToken);

    /// <summary>The names of hosts that the user's configuration and recorded host keys give plainly: for completion. In no order; never throws.</summary>
    IEnumerable<string> KnownNames();
}
