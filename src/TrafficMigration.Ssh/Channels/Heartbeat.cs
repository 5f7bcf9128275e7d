namespace TrafficMigration.Ssh;

/// <summary>
/// Notices a host that has fallen silent while commands are pending there. TCP and SSH's keep-alive both take a
/// frozen host for a slow one; only an answer of the host tells the two apart.
/// </summary>
/// <remarks>
/// Runs only while something is watched, and asks nothing of a host that shows by itself that it lives: it finishes
/// commands, or prints.
/// </remarks>
/// <param name="interval">Time between two looks.</param>
/// <param name="limit">How long the host may take to answer the probe.</param>
/// <param name="probe">Asks the host something cheap; ends when the host has answered, whatever it said.</param>
/// <param name="fallenSilent">Called, at most once, when the host has not answered in time.</param>
internal sealed class Heartbeat(TimeSpan interval, TimeSpan limit, Func<Task> probe, Action fallenSilent)
    : IDisposable
{
    /// <summary>
    /// How many looks are left out while no command is pending: a probe is a session and a process, and hundreds of
    /// hosts may be quiet between two samples for an hour.
    /// </summary>
    private const int LooksToWatch = 6;

    private readonly object _gate = new();
    private int _pending;
    private int _watched;
    private long _signs;
    private PeriodicTimer? _running;

    /// <summary>Runs a command of the host and watches the host meanwhile.</summary>
    public async Task<T> WatchAsync<T>(Func<Task<T>> command)
    {
        Enter();
        try
        {
            T result = await command();
            SignOfLife();
            return result;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Watches the host, six times less often than while a command is pending, until the result is disposed.</summary>
    public IDisposable Watch()
    {
        lock (_gate)
        {
            _watched++;
            Enter();
        }

        return new Watching(this);
    }

    /// <summary>Notes that something came from the host.</summary>
    public void SignOfLife() => Interlocked.Increment(ref _signs);

    /// <summary>Stops watching, whatever is still pending.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            // Ends the loop that waits for its ticks.
            _running?.Dispose();
            _running = null;
        }
    }

    private void Enter()
    {
        lock (_gate)
        {
            if (_pending++ == 0)
            {
                _running = new PeriodicTimer(interval);
                _ = BeatAsync(_running);
            }
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_pending == 0)
            {
                Dispose();
            }
        }
    }

    private async Task BeatAsync(PeriodicTimer timer)
    {
        long seen = Interlocked.Read(ref _signs);
        int ticks = 0;
        while (await timer.WaitForNextTickAsync())
        {
            if (++ticks < LooksToWatch && IsOnlyWatching())
            {
                continue;
            }

            ticks = 0;
            long now = Interlocked.Read(ref _signs);
            if (now == seen && !await AnswersAsync() && IsSilentSince(seen, timer))
            {
                fallenSilent();
                return;
            }

            seen = now;
        }
    }

    private bool IsOnlyWatching()
    {
        lock (_gate)
        {
            return _pending == _watched;
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

    /// <summary>Whether what this loop watches is still pending, and no sign of life has come since.</summary>
    private bool IsSilentSince(long count, PeriodicTimer timer)
    {
        lock (_gate)
        {
            return _running == timer && Interlocked.Read(ref _signs) == count;
        }
    }

    private sealed class Watching(Heartbeat heartbeat) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                lock (heartbeat._gate)
                {
                    heartbeat._watched--;
                    heartbeat.Leave();
                }
            }
        }
    }
}
