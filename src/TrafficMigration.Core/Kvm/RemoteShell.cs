namespace TrafficMigration.Kvm;

/// <summary>Runs a command line on a host: a channel's way, or that of something which mends its channel.</summary>
/// <param name="HostName">The host's name as the user gave it.</param>
/// <param name="ExecuteAsync">Runs a command line, as <see cref="ICommandChannel.ExecuteAsync"/> does.</param>
internal sealed record RemoteShell(string HostName, Func<string, CancellationToken, Task<CommandResult>> ExecuteAsync);
