using TrafficMigration.Prediction;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>What the rest of a running pre-copy comes to if it goes on, and if it is switched to post-copy now.</summary>
/// <remarks>
/// The model is the plan's (docs/planning.md): links are shared max-min fairly, passes are those of <see cref="PreCopy"/>.
/// A post-copy sends what the pass has not sent yet and what was dirtied since it began.
/// </remarks>
internal sealed record SwitchForecast
{
    // A stream this near to what the links would give it is held by the links; one further off by something else (a
    // processor, a limit), which a switch does not change. Not below 1 / margin, or a slow host would look like contention.
    private const double HeldByLinks = 0.8;

    private const double PageBytes = 4096;

    /// <summary>The pass that runs, from 1.</summary>
    public required long Pass { get; init; }

    /// <summary>What a post-copy has to send, bytes.</summary>
    public required double RestBytes { get; init; }

    /// <summary>How fast the guest dirties memory, bytes/s.</summary>
    public required double DirtyBytesPerSecond { get; init; }

    /// <summary>How fast memory is sent in pre-copy, bytes/s.</summary>
    public required double PreCopyBytesPerSecond { get; init; }

    /// <summary>How fast it would be sent in post-copy, bytes/s.</summary>
    public required double PostCopyBytesPerSecond { get; init; }

    /// <summary>How long the rest takes in pre-copy, s; infinite where it does not end.</summary>
    public required double PreCopySeconds { get; init; }

    /// <summary>How long the rest takes in post-copy, s.</summary>
    public required double PostCopySeconds { get; init; }

    /// <summary>What the VM would want to send and cannot in pre-copy, bit/s.</summary>
    public required double PreCopyLossBitsPerSecond { get; init; }

    /// <summary>What would be sent to the VM and cannot be in post-copy, bit/s.</summary>
    public required double PostCopyLossBitsPerSecond { get; init; }

    /// <summary>Whether a pass has won nothing, and the next is not short enough to be the last.</summary>
    public required bool Stalls { get; init; }

    /// <summary>Whether the pass that runs is the last by the model.</summary>
    public required bool EndsWithThisPass { get; init; }

    /// <summary>
    /// By how much traffic alone prolongs the pre-copy: how many times longer it takes than it would if its memory met
    /// what a post-copy's meets, or how many times slower its memory flows, whichever is more. 1 where traffic is not known.
    /// </summary>
    /// <remarks>
    /// Pre-copy against pre-copy: passes that are sent again make any pre-copy longer than a post-copy, on a quiet link, too,
    /// and are no reason to give up its safety.
    /// </remarks>
    public required double Contention { get; init; }

    /// <summary>Forecasts.</summary>
    /// <param name="at">Where the pre-copy is; its rate is known.</param>
    /// <param name="traffic">The traffic around it; <see langword="null"/> where not known.</param>
    /// <param name="rules">What it is judged by.</param>
    public static SwitchForecast Of(PreCopyProgress at, LiveTraffic? traffic, SwitchRules rules)
    {
        double dirty = at.DirtyBytesPerSecond ?? rules.DirtyBytesPerSecond ?? 0;
        (double preCopy, double postCopy, double txLoss, double rxLoss) = Rates(at.BytesPerSecond, traffic, rules);
        double rest = Math.Min(at.TotalBytes, at.LeftBytes + (dirty * at.PassSeconds));
        double enough = Math.Max(PageBytes, preCopy * rules.DowntimeLimit.TotalSeconds);
        double preCopySeconds = PreCopySecondsAt(preCopy, at, dirty, rules);
        double uncontendedSeconds = PreCopySecondsAt(postCopy, at, dirty, rules);
        return new SwitchForecast
        {
            Pass = at.Pass,
            RestBytes = rest,
            DirtyBytesPerSecond = dirty,
            PreCopyBytesPerSecond = preCopy,
            PostCopyBytesPerSecond = postCopy,
            PreCopySeconds = preCopySeconds,
            PostCopySeconds = rest / postCopy,
            PreCopyLossBitsPerSecond = txLoss,
            PostCopyLossBitsPerSecond = rxLoss,
            Stalls = at.Stalls && at.PassBytes > enough,
            EndsWithThisPass = Math.Min(at.TotalBytes, dirty * (at.PassSeconds + (at.LeftBytes / preCopy))) <= enough,
            Contention = traffic is null ? 1
                : Math.Max(postCopy / preCopy, uncontendedSeconds is > 0 and < double.PositiveInfinity ? preCopySeconds / uncontendedSeconds : 1),
        };
    }

    private static (double PreCopy, double PostCopy, double TxLoss, double RxLoss) Rates(double measured, LiveTraffic? traffic, SwitchRules rules)
    {
        if (traffic is null)
        {
            return (measured, measured, 0, 0);
        }

        LinkShares before = LinkShares.Of(traffic, Technique.PreCopy, rules.BandwidthLimitBitsPerSecond);
        LinkShares after = LinkShares.Of(traffic, Technique.PostCopy, rules.BandwidthLimitBitsPerSecond);
        double held = measured / before.MemoryBytesPerSecond;
        // What real flows fall short of the model now, they fall short of it afterwards, too.
        double postCopy = held >= HeldByLinks || traffic.IsSourceFull
            ? Math.Min(1, held) * after.MemoryBytesPerSecond
            : Math.Min(measured, after.MemoryBytesPerSecond);
        return (
            Math.Min(measured, before.MemoryBytesPerSecond), double.IsNormal(postCopy) ? postCopy : measured,
            Math.Max(0, traffic.TxWantedBitsPerSecond - before.VMBitsPerSecond), Math.Max(0, traffic.RxBitsPerSecond - after.VMBitsPerSecond));
    }

    /// <summary>How long the pre-copy takes to its end at this rate, its stop included; infinite for never.</summary>
    private static double PreCopySecondsAt(double rate, PreCopyProgress at, double dirty, SwitchRules rules)
    {
        double left = Math.Max(PageBytes, at.LeftBytes);
        double total = Math.Max(left, at.TotalBytes);
        var preCopy = new PreCopy(new ScenarioMigration
        {
            Source = 0, Destination = 1, Technique = Technique.PreCopy, MemoryBytes = (long)total,
            DirtyBytesPerSecond = (long)dirty, DowntimeLimit = rules.DowntimeLimit,
        });
        // Into the middle of a pass: what it has left, and how long pages have been dirtied for the next. The size that it
        // began with does not matter any more, so that of a first pass does.
        double seconds = Math.Max(at.PassSeconds, 1e-6);
        preCopy.Advance((total - left) / seconds, seconds);
        return preCopy.Forecast(rate) is { } end ? end.Seconds + (end.Rest / rate) : double.PositiveInfinity;
    }
}
