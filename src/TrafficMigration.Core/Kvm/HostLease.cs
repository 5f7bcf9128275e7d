namespace TrafficMigration.Kvm;

/// <summary>A host taken for one run: while it is held, no other run gets it.</summary>
/// <remarks>
/// Two runs on one host would each plan with a link that the other one fills. The lease is held by a process on the host
/// itself, so that it counts whichever machine the other run comes from, and ends with the connection.
/// </remarks>
internal sealed class HostLease : IAsyncDisposable
{
    // The host gives the lease up after 30 s without one.
    private static readonly TimeSpan SignOfLifeInterval = TimeSpan.FromSeconds(8);

    private readonly ICommandStream _stream;
    private readonly CancellationTokenSource _released = new();
    private readonly Task _living;

    private HostLease(ICommandStream stream)
    {
        _stream = stream;
        _living = LiveAsync();
    }

    /// <summary>Ends when the lease is lost: with its connection, for one.</summary>
    public Task Ended => _living;

    /// <summary>Takes a host.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="runId">The run; if the host is held by a former life of the same run, this waits until that is over.</param>
    /// <param name="owner">Who runs it: shown to whoever is refused.</param>
    /// <param name="life">Tells this process' lease from one of a former life of the run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MigrationException"><c>HostBusy</c>, <c>HostHasMigrations</c>, and the channel's own.</exception>
    public static async Task<HostLease> AcquireAsync(
        ICommandChannel channel, string runId, string owner, string life, CancellationToken cancellationToken)
    {
        ICommandStream stream = await channel.StartAsync(
            $"exec sh -c {ShellText.Quote(JobScripts.Lease)} sh {ShellText.Quote(runId)} {ShellText.Quote(owner)} {ShellText.Quote(life)}", cancellationToken);
        try
        {
            string? answer = await stream.ReadLineAsync(cancellationToken);
            return answer switch
            {
                "held" => new HostLease(stream),
                { } busy when busy.StartsWith("busy ", StringComparison.Ordinal) => throw Failures.HostBusy(channel.HostName, busy["busy ".Length..]),
                { } left when left.StartsWith("left ", StringComparison.Ordinal) => throw Failures.HostHasMigrations(channel.HostName, left["left ".Length..]),
                _ => throw VirshFailure.From(channel.HostName, "reserving the host for this run", await stream.Completion.WaitAsync(cancellationToken)),
            };
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives the host back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _released.CancelAsync();
        await _living;
        await _stream.DisposeAsync();
        _released.Dispose();
    }

    private async Task LiveAsync()
    {
        using var timer = new PeriodicTimer(SignOfLifeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_released.Token))
            {
                await _stream.WriteLineAsync("here", _released.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MigrationException)
        {
            // Released, or lost.
        }
    }
}
