using System.Threading.Channels;
using TrafficMigration.Kvm;

namespace TrafficMigration.Tests;

/// <summary>A command that runs on a played host: each line that it is told is answered at once.</summary>
/// <param name="answer">The lines that answer one.</param>
internal sealed class PlayedStream(Func<string, IEnumerable<string>> answer) : ICommandStream
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public Task<CommandResult> Completion => Task.FromResult(new CommandResult(0, "", ""));

    public void Print(string line) => _lines.Writer.TryWrite(line);

    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => await _lines.Reader.ReadAsync(cancellationToken);

    public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        foreach (string text in answer(line))
        {
            Print(text);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
