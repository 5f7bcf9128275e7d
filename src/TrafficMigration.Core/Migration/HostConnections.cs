using System.Collections.Concurrent;
using TrafficMigration.Kvm;

namespace TrafficMigration.Migration;

/// <summary>One connection a host for the length of a run, opened at first use and shared by all its migrations.</summary>
/// <param name="connect">Opens a connection.</param>
internal sealed class HostConnections(Func<string, CancellationToken, Task<ICommandChannel>> connect) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<ICommandChannel>>> _channels = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The connection to a host. A host that cannot be reached fails each time with the same error.</summary>
    public Task<ICommandChannel> GetAsync(string host, CancellationToken cancellationToken) =>
        _channels.GetOrAdd(host, h => new Lazy<Task<ICommandChannel>>(() => connect(h, cancellationToken))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (Task<ICommandChannel> opened in _channels.Values.Where(c => c.IsValueCreated).Select(c => c.Value))
        {
            if (opened.IsCompletedSuccessfully)
            {
                await (await opened).DisposeAsync();
            }
        }
    }
}
