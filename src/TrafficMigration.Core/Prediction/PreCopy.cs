namespace TrafficMigration.Prediction;

/// <summary>How a pre-copy's passes end, if the rate stays as it is.</summary>
/// <param name="Seconds">From now.</param>
/// <param name="Bytes">Sent until then.</param>
/// <param name="Rest">What is dirty then, bytes.</param>
/// <param name="ToPostCopy">Whether it does not converge, and the rest is for post-copy.</param>
internal readonly record struct PreCopyEnd(double Seconds, double Bytes, double Rest, bool ToPostCopy);

/// <summary>The passes of one pre-copy over a VM's memory while the VM runs.</summary>
/// <remarks>
/// <para>
/// The first pass sends all memory, each further one what got dirty during the one before: Clark et al., Live Migration of
/// Virtual Machines, NSDI 2005, section 3; QEMU's documentation of its migration framework. A pass of t seconds leaves
/// min(working set, dirty rate * t). Passes end when what one leaves fits into the downtime limit at the current rate, or is
/// less than a page. At a constant rate above the dirty rate the passes are a geometric series, so their end is in closed form.
/// </para>
/// <para>A pre-copy that is to switch does so when a pass from the second on leaves no less than the one before.</para>
/// </remarks>
internal sealed class PreCopy
{
    private const double PageBytes = 4096;

    // Passes that differ by less are alike: a pre-copy that neither grows nor shrinks is not followed pass by pass.
    private const double Alike = 1e-6;

    private readonly double _dirtyRate;
    private readonly double _workingSet;
    private readonly double _downtimeLimit;
    private readonly bool _switches;
    private bool _first = true;
    private double _pass;
    private double _left;
    private double _seconds;

    /// <summary>Before the first byte.</summary>
    public PreCopy(ScenarioMigration migration)
    {
        _dirtyRate = migration.DirtyBytesPerSecond;
        _workingSet = Math.Min(migration.WorkingSetBytes ?? long.MaxValue, migration.MemoryBytes);
        _downtimeLimit = migration.DowntimeLimit.TotalSeconds;
        _switches = migration.SwitchesToPostCopy;
        _pass = _left = migration.MemoryBytes;
    }

    /// <summary>When the passes end at this rate, bytes per second; <see langword="null"/> for never.</summary>
    public PreCopyEnd? Forecast(double rate)
    {
        if (rate <= 0 && _left > 0)
        {
            return null;
        }

        double seconds = SecondsFor(_left, rate);
        double leaves = Dirtied(_seconds + seconds);
        double enough = Math.Max(PageBytes, _downtimeLimit > 0 ? rate * _downtimeLimit : 0);
        if (leaves <= enough)
        {
            return new PreCopyEnd(seconds, _left, leaves, ToPostCopy: false);
        }

        if (_switches && !_first && leaves >= _pass)
        {
            return new PreCopyEnd(seconds, _left, leaves, ToPostCopy: true);
        }

        double ratio = _dirtyRate / rate;
        if (ratio >= 1)
        {
            return _switches
                ? new PreCopyEnd(seconds + (leaves / rate), _left + leaves, Dirtied(leaves / rate), ToPostCopy: true)
                : null;
        }

        double shrunk = Math.Pow(ratio, Math.Ceiling(Math.Log(enough / leaves) / Math.Log(ratio)));
        double sent = leaves * (1 - shrunk) / (1 - ratio);
        return new PreCopyEnd(seconds + (sent / rate), _left + sent, leaves * shrunk, ToPostCopy: false);
    }

    /// <summary>Goes on at this rate, bytes per second, for a time before the end that <see cref="Forecast"/> foretells.</summary>
    public void Advance(double rate, double seconds)
    {
        while (SecondsFor(_left, rate) is double toEnd && toEnd <= seconds)
        {
            seconds -= toEnd;
            double next = Dirtied(_seconds + toEnd);
            if (Math.Abs(next - _pass) <= Alike * _pass && Math.Abs(Dirtied(next / rate) - next) <= Alike * next)
            {
                seconds %= next / rate;
            }

            (_first, _pass, _left, _seconds) = (false, next, next, 0);
        }

        _left -= rate * seconds;
        _seconds += seconds;
    }

    private static double SecondsFor(double bytes, double rate) =>
        bytes <= 0 ? 0 : rate > 0 ? bytes / rate : double.PositiveInfinity;

    private double Dirtied(double seconds) => Math.Min(_workingSet, _dirtyRate * seconds);
}
