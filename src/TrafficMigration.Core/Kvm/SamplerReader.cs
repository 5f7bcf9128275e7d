namespace TrafficMigration.Kvm;

/// <summary>Reads what <see cref="SamplerScript"/> prints: facts and samples, in the order in which they come.</summary>
/// <param name="stream">The running script.</param>
/// <param name="host">The host's name, for errors.</param>
internal sealed class SamplerReader(ICommandStream stream, string host)
{
    // A host with thousands of VMs prints some hundred thousand lines of facts.
    private const int MostLines = 5_000_000;

    /// <summary>Waits for what comes next.</summary>
    /// <exception cref="MigrationException">
    /// <c>AnswerNotUnderstood</c>; <c>CommandFailed</c> when the script ended; the stream's own.
    /// </exception>
    public async Task<HostReport> ReadAsync(CancellationToken cancellationToken)
    {
        var block = new List<string>();
        while (await stream.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line == "@end")
            {
                return Parse(host, block);
            }

            // A login script may greet before the first block begins.
            if (block.Count > 0 || line == "@facts" || line.StartsWith("@sample ", StringComparison.Ordinal))
            {
                block.Add(line);
            }

            if (block.Count > MostLines)
            {
                throw Failures.AnswerNotUnderstood(host, "a traffic sample", "it does not end");
            }
        }

        CommandResult end = await stream.Completion.WaitAsync(cancellationToken);
        throw Failures.CommandFailed(
            host, "sample its traffic", end.ExitCode, end.Error.Trim().Length > 0 ? end.Error : "the sampler ended by itself");
    }

    /// <summary>Asks the script for more; see <see cref="SamplerScript"/>.</summary>
    public ValueTask AskAsync(string what, CancellationToken cancellationToken) => stream.WriteLineAsync(what, cancellationToken);

    /// <summary>Parses one block, without its <c>@end</c>.</summary>
    /// <exception cref="MigrationException"><c>AnswerNotUnderstood</c>, naming the host and what is wrong.</exception>
    internal static HostReport Parse(string host, IReadOnlyList<string> block)
    {
        try
        {
            return block.Count == 0 ? throw new FormatException("it is empty")
                : block[0] == "@facts" ? FactsParser.Parse(block)
                : SampleParser.Parse(block);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Failures.AnswerNotUnderstood(host, "a traffic sample", e.Message);
        }
    }
}
