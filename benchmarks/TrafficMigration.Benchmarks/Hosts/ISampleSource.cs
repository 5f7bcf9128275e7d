using TrafficMigration.Kvm;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>Reads samples from a host's running sampler: the part of the client that the benchmark is about.</summary>
internal interface ISampleSource
{
    /// <summary>Reads until cancelled.</summary>
    /// <param name="stream">The running sampler.</param>
    /// <param name="sampled">Called for each sample.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    Task ReadAsync(ICommandStream stream, Action sampled, CancellationToken cancellationToken);
}

/// <summary>Reads lines and counts those that end a sample: the price of SSH and of splitting lines alone.</summary>
internal sealed class CountingSource : ISampleSource
{
    /// <inheritdoc/>
    public async Task ReadAsync(ICommandStream stream, Action sampled, CancellationToken cancellationToken)
    {
        while (await stream.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("@counted ", StringComparison.Ordinal))
            {
                sampled();
            }
        }
    }
}
