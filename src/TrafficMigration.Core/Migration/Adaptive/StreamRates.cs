namespace TrafficMigration.Migration.Adaptive;

/// <summary>The rate of one memory stream over the last minute, from looks at its job. For use by several threads.</summary>
/// <remarks>
/// An uplink's rate is a mean over a window. What a stream was part of it is the mean over the same window: with the
/// newest rate alone, a stream that has just ended would look like traffic of others until the window has passed.
/// </remarks>
internal sealed class StreamRates
{
    // Longer than any window of counters.
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly object _lock = new();
    private readonly List<(DateTimeOffset From, long BytesPerSecond)> _steps = [];

    /// <summary>The newest rate, bytes/s; 0 where there is none.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
            {
                return _steps.Count > 0 ? _steps[^1].BytesPerSecond : 0;
            }
        }
    }

    /// <summary>Takes a rate, bytes/s, that holds from now on.</summary>
    public void Add(DateTimeOffset now, long bytesPerSecond)
    {
        lock (_lock)
        {
            // After the wall clock was set back, what lies in the future is not true any more.
            _steps.RemoveAll(s => s.From >= now);
            _steps.Add((now, bytesPerSecond));
            while (_steps.Count > 1 && now - _steps[1].From > Kept)
            {
                _steps.RemoveAt(0);
            }
        }
    }

    /// <summary>The mean over a time, bytes/s. Before the first rate there was no stream.</summary>
    public double Mean(DateTimeOffset from, DateTimeOffset to)
    {
        if (to <= from)
        {
            return Last;
        }

        lock (_lock)
        {
            double bytes = 0;
            for (int i = 0; i < _steps.Count; i++)
            {
                DateTimeOffset begin = _steps[i].From > from ? _steps[i].From : from;
                DateTimeOffset end = i + 1 < _steps.Count && _steps[i + 1].From < to ? _steps[i + 1].From : to;
                bytes += end > begin ? (end - begin).TotalSeconds * _steps[i].BytesPerSecond : 0;
            }

            return bytes / (to - from).TotalSeconds;
        }
    }
}
