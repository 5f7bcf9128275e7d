using TrafficMigration.Kvm;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>Advises when a running pre-copy should become a post-copy: where the model says that this pays by a margin.</summary>
/// <remarks>
/// <para>
/// The model is the plan's (docs/planning.md): a link is shared evenly between what wants it (max-min fairness), so the
/// memory stream gets what the others leave, and at least its even share. In pre-copy it shares the source's outgoing
/// direction with what the VM sends, in post-copy the destination's incoming one with what the VM receives. The rest of
/// a pre-copy is what is to go over the rate less the dirty rate (the sum of its further passes: Clark et al., NSDI 2005,
/// section 3); that of a post-copy is what is to go over its rate.
/// </para>
/// <para>
/// Post-copy is no way back, so doubt decides for pre-copy: an advantage of at least <see cref="Margin"/>, more than
/// <see cref="WorthwhileSeconds"/> won, seen for <see cref="HoldTime"/> without a break.
/// </para>
/// </remarks>
internal sealed class SwitchAdviser
{
    /// <summary>By how much pre-copy must be slower. The model is within some 15 % of what was measured in the lab; 1.25 is clear of that.</summary>
    public const double Margin = 1.25;

    /// <summary>A switch costs the guest a pause and page faults: for less than this it is not worth it.</summary>
    public const double WorthwhileSeconds = 3;

    /// <summary>A burst of traffic shorter than this decides nothing.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(5);

    private readonly ConvergenceWatch _convergence = new();
    private DateTimeOffset? _since;
    private bool _stalls;
    private bool _hasAdvised;
    private bool _hasTold;

    /// <summary>Takes a look at a pre-copy; says something when there is something to say.</summary>
    /// <param name="figures">The job's figures.</param>
    /// <param name="traffic">The traffic around it; <see langword="null"/> where it is not known.</param>
    /// <param name="now">When.</param>
    /// <returns>A switch, at most once; or that one is near, once each time; else <see langword="null"/>.</returns>
    public SwitchDecision? Look(JobFigures figures, LiveTraffic? traffic, DateTimeOffset now)
    {
        _stalls |= _convergence.Stalls(figures);
        if (_hasAdvised || figures.BytesPerSecond is not > 0)
        {
            return null;
        }

        SwitchDecision weighed = Weigh(figures, traffic, _stalls);
        if (!weighed.Switches)
        {
            (_since, _hasTold) = (null, false);
            return null;
        }

        _since ??= now;
        // A pass that won nothing has taken its time already.
        if (_stalls || now - _since >= HoldTime)
        {
            _hasAdvised = true;
            return weighed;
        }

        if (_hasTold)
        {
            return null;
        }

        _hasTold = true;
        return weighed with { Switches = false };
    }

    /// <summary>The comparison alone, without memory of earlier ones.</summary>
    /// <param name="figures">The job's figures, with its rate.</param>
    /// <param name="traffic">The traffic around it.</param>
    /// <param name="stalls">Whether a pass has won nothing.</param>
    internal static SwitchDecision Weigh(JobFigures figures, LiveTraffic? traffic, bool stalls)
    {
        double rate = figures.BytesPerSecond!.Value;
        double dirty = figures.DirtyBytesPerSecond ?? 0;
        double left = figures.BytesRemaining;
        // The first pass has not shown yet what the later ones will be like.
        bool loses = stalls || (figures.Iteration >= 3 && dirty >= rate);
        double preCopy = dirty >= rate ? double.PositiveInfinity : left / (rate - dirty);
        double postCopy = left / rate;
        if (traffic is not null)
        {
            double before = Share(traffic.LinkBitsPerSecond, traffic.TxBitsPerSecond + traffic.SourceOtherTxBitsPerSecond, traffic.StreamsOut);
            double after = Share(traffic.LinkBitsPerSecond, traffic.RxBitsPerSecond + traffic.DestinationOtherRxBitsPerSecond, traffic.StreamsIn);
            // What a processor or a limit takes away from the share now, it takes away afterwards, too.
            double usable = Math.Min(1, rate * 8 / before);
            postCopy = left * 8 / (after * usable);
        }

        bool contends = traffic is not null && figures.Iteration < 3 && preCopy >= Margin * postCopy && preCopy - postCopy > WorthwhileSeconds
            && traffic.TxBitsPerSecond + traffic.SourceOtherTxBitsPerSecond > traffic.RxBitsPerSecond + traffic.DestinationOtherRxBitsPerSecond;
        return new SwitchDecision(
            loses || contends, loses ? SwitchCause.NoConvergence : SwitchCause.Contention, loses ? double.PositiveInfinity : preCopy, postCopy,
            figures.BytesRemaining, figures.DirtyBytesPerSecond ?? 0,
            traffic?.TxBitsPerSecond + traffic?.SourceOtherTxBitsPerSecond, traffic?.RxBitsPerSecond + traffic?.DestinationOtherRxBitsPerSecond);
    }

    /// <summary>What one memory stream gets of a link, bit/s: what others leave, and at least its even share among the streams and one other.</summary>
    private static double Share(double link, double others, int streams) =>
        Math.Max(link / (streams + 1), (link - Math.Min(others, link)) / streams);
}
