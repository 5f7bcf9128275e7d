namespace TrafficMigration.Ssh;

/// <summary>
/// Notices a host that has fallen silent while commands are pending there. TCP and SSH's keep-alive both take a
/// frozen host for a slow one; only an answer of the host tells the two apart.
/// </summary>
/// <remarks>Runs only while something is watched, and asks nothing of a host that finishes commands by itself.</remarks>
/// <param name="interval">Time between two looks.</param>
/// <param name="limit">How long the host may take to answer the probe.</param>
/// <param name="probe">Asks the host something cheap; ends when the host has answered, whatever it said.</param>
/// <param name="fallenSilent">Called, at most once, when the host has not answered in time.</param>
internal sealed class Heartbeat(TimeSpan interval, TimeSpan limit, Func<Task> probe, Action fallenSilent)
    : IDisposable
{
    private readonly object gate = new();
    private int pending;
    private long finished;
    private PeriodicTimer? running;

    /// <summary>Runs a command of the host and watches the host meanwhile.</summary>
    public async Task<T> WatchAsync<T>(Func<Task<T>> command)
    {
        Enter();
        try
        {
            T result = await command();
            Interlocked.Increment(ref finished);
            return result;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Stops watching, whatever is still pending.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            // Ends the loop that waits for its ticks.
            running?.Dispose();
            running = null;
        }
    }

    private void Enter()
    {
        lock (gate)
        {
            if (pending++ == 0)
            {
                running = new PeriodicTimer(interval);
                _ = BeatAsync(running);
            }
        }
    }

    private void Leave()
    {
        lock (gate)
        {
            if (--pending == 0)
            {
                Dispose();
            }
        }
    }

    private async Task BeatAsync(PeriodicTimer timer)
    {
        long seen = Interlocked.Read(ref finished);
        while (await timer.WaitForNextTickAsync())
        {
            long now = Interlocked.Read(ref finished);
            if (now == seen && !await AnswersAsync() && IsSilentSince(seen, timer))
            {
                fallenSilent();
                return;
            }

            seen = now;
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await probe().WaitAsync(limit);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Whether what this loop watches is still pending, and no command has ended since.</summary>
    private bool IsSilentSince(long count, PeriodicTimer timer)
    {
        lock (gate)
        {
            return running == timer && Interlocked.Read(ref finished) == count;
        }
    }
}
