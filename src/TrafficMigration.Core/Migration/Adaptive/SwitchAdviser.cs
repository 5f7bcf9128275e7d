using TrafficMigration.Kvm;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>Advises when one running pre-copy should become a post-copy.</summary>
/// <remarks>
/// <para>
/// It does for one of two reasons, seen in two looks <see cref="HoldTime"/> or more apart without a clear no between them.
/// Contention: traffic alone makes the pre-copy longer by <see cref="SwitchThreshold.Begin"/>'s margin than it would be
/// if it met the post-copy's traffic, and the switch costs the VM no more traffic than it frees. No convergence: from the second pass
/// on, a pass leaves no less than the one before, or memory is dirtied as fast as it is sent.
/// </para>
/// <para>
/// Post-copy has no way back, so doubt decides for pre-copy. For contention the first pass is the best time to switch: both
/// techniques have to send all memory once, and nothing that was sent is thrown away but what was dirtied since. Convergence
/// is not judged in it: only its end shows how much it leaves.
/// </para>
/// </remarks>
/// <param name="rules">What the pre-copy is judged by; the defaults where not given.</param>
internal sealed class SwitchAdviser(SwitchRules? rules = null)
{
    /// <summary>A burst of traffic shorter than this decides nothing; about a window of <see cref="TrafficWatch"/>.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(5);

    private readonly SwitchRules _rules = rules ?? new SwitchRules();
    private readonly PassTracker _passes = new();
    private SwitchState _state;

    /// <summary>Takes a look at a pre-copy.</summary>
    /// <param name="figures">The job's figures.</param>
    /// <param name="traffic">The traffic around it; <see langword="null"/> where it is not known: then only convergence is judged.</param>
    /// <param name="now">When.</param>
    /// <returns>A look that decided otherwise than the one before, or the switch, at most once; else <see langword="null"/>.</returns>
    public SwitchDecision? Look(JobFigures figures, LiveTraffic? traffic, DateTimeOffset now)
    {
        PreCopyProgress at = _passes.Observe(figures, now);
        if (!_rules.MayAdapt || at.BytesPerSecond <= 0)
        {
            return null;
        }

        SwitchForecast forecast = SwitchForecast.Of(at, traffic, _rules);
        SwitchState before = _state;
        _state = Decide(before, forecast, now);
        return before == _state ? null : Report(_state, before, forecast, traffic, now);
    }

    /// <summary>The decision alone: what a look makes of the state that the looks before have left.</summary>
    internal static SwitchState Decide(SwitchState before, SwitchForecast forecast, DateTimeOffset now)
    {
        SwitchCause? cause = SwitchThreshold.Begin.Pays(forecast);
        return before switch
        {
            { HasSwitched: true } => before,
            { Since: null } => cause is null ? before : new SwitchState(now, cause),
            _ when SwitchThreshold.Keep.Pays(forecast) is null => default,
            _ when cause is not null && now - before.Since >= HoldTime => new SwitchState(before.Since, cause, HasSwitched: true),
            _ => before,
        };
    }

    private static SwitchDecision Report(SwitchState state, SwitchState before, SwitchForecast forecast, LiveTraffic? traffic, DateTimeOffset now) => new()
    {
        Time = now,
        Switches = state.HasSwitched,
        Pays = state.Since is not null,
        Cause = state.Cause ?? before.Cause!.Value,
        BytesRemaining = (long)forecast.RestBytes,
        DirtyBytesPerSecond = (long)forecast.DirtyBytesPerSecond,
        PreCopyBitsPerSecond = (long)(forecast.PreCopyBytesPerSecond * 8),
        PostCopyBitsPerSecond = (long)(forecast.PostCopyBytesPerSecond * 8),
        PreCopyRemaining = state.Cause == SwitchCause.NoConvergence ? null : Time(forecast.PreCopySeconds),
        PostCopyRemaining = Time(forecast.PostCopySeconds) ?? TimeSpan.MaxValue,
        PreCopyLossBitsPerSecond = (long)forecast.PreCopyLossBitsPerSecond,
        PostCopyLossBitsPerSecond = (long)forecast.PostCopyLossBitsPerSecond,
        TxBitsPerSecond = traffic?.TxBitsPerSecond,
        RxBitsPerSecond = traffic?.RxBitsPerSecond,
        SourceOtherTxBitsPerSecond = traffic?.SourceOtherTxBitsPerSecond,
        DestinationOtherRxBitsPerSecond = traffic?.DestinationOtherRxBitsPerSecond,
    };

    private static TimeSpan? Time(double seconds) => seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
}

/// <summary>What the looks so far have left.</summary>
/// <param name="Since">When the first of the looks was that say, without a clear no between them, that post-copy pays; <see langword="null"/> for none.</param>
/// <param name="Cause">Why it pays.</param>
/// <param name="HasSwitched">Whether the switch was advised: it never is again.</param>
internal readonly record struct SwitchState(DateTimeOffset? Since, SwitchCause? Cause, bool HasSwitched = false);

/// <summary>From where on post-copy pays.</summary>
/// <param name="Contention">By how much traffic alone must prolong the pre-copy.</param>
/// <param name="DirtyShare">How fast memory must be dirtied, as a part of how fast it is sent.</param>
/// <param name="WonSeconds">How much sooner the post-copy must end, s: a switch costs the guest a pause and page faults.</param>
internal readonly record struct SwitchThreshold(double Contention, double DirtyShare, double WonSeconds)
{
    // Of the VM's loss, as a part of the rate at which memory flows: below this it is rounding.
    private const double Negligible = 0.01;

    /// <summary>
    /// To begin with. Runs of the demo in the lab took 7 to 15 % longer than predicted: 1.25 is clear of that. Memory that is
    /// dirtied at 98 % of its rate is dirtied as fast as it is sent, within what counting pages is worth.
    /// </summary>
    public static SwitchThreshold Begin => new(1.25, 0.98, 3);

    /// <summary>To go on with: noise about the first threshold makes no new decision with every look.</summary>
    public static SwitchThreshold Keep => new(1.1, 0.9, 2);

    /// <summary>Why post-copy pays; <see langword="null"/> where it does not.</summary>
    public SwitchCause? Pays(SwitchForecast forecast)
    {
        bool isDirtiedAsFast = !forecast.EndsWithThisPass && forecast.DirtyBytesPerSecond >= DirtyShare * forecast.PreCopyBytesPerSecond;
        if (forecast.Pass >= 2 && (forecast.Stalls || isDirtiedAsFast))
        {
            return SwitchCause.NoConvergence;
        }

        double negligible = Negligible * forecast.PostCopyBytesPerSecond * 8;
        double allowedBits = (forecast.PreCopyLossBitsPerSecond * forecast.PreCopySeconds) + (negligible * forecast.PostCopySeconds);
        bool isGentle = forecast.PostCopyLossBitsPerSecond <= negligible || forecast.PostCopyLossBitsPerSecond * forecast.PostCopySeconds <= allowedBits;
        return forecast.Contention >= Contention && forecast.PreCopySeconds - forecast.PostCopySeconds >= WonSeconds && isGentle
            ? SwitchCause.Contention
            : null;
    }
}
