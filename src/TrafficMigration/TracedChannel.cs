using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>A channel that shows what is said to the host: for -Verbose. Commands hold no secrets.</summary>
/// <param name="channel">The channel.</param>
/// <param name="trace">Takes a line or more of text, from any thread.</param>
internal sealed class TracedChannel(ICommandChannel channel, Action<string> trace) : ICommandChannel
{
    public string HostName => channel.HostName;

    public bool IsConnected => channel.IsConnected;

    public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
    {
        trace($"{HostName}: {commandLine}");
        return channel.ExecuteAsync(commandLine, cancellationToken);
    }

    public async Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
    {
        trace($"{HostName}: {commandLine}");
        return new TracedStream(await channel.StartAsync(commandLine, cancellationToken), HostName, trace);
    }

    public ValueTask DisposeAsync() => channel.DisposeAsync();

    private sealed class TracedStream(ICommandStream stream, string host, Action<string> trace) : ICommandStream
    {
        public Task<CommandResult> Completion => stream.Completion;

        public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => stream.ReadLineAsync(cancellationToken);

        public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
        {
            trace($"{host}> {line}");
            return stream.WriteLineAsync(line, cancellationToken);
        }

        public ValueTask DisposeAsync() => stream.DisposeAsync();
    }
}
