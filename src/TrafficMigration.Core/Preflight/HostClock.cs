namespace TrafficMigration.Preflight;

/// <summary>How far a host's clock is from ours.</summary>
/// <param name="Skew">The host's time less ours.</param>
/// <param name="Uncertainty">By how much that may be wrong: half of the round trip.</param>
internal sealed record HostClock(TimeSpan Skew, TimeSpan Uncertainty)
{
    // Less than this harms nobody, and more is no longer a matter of measuring.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The host read its clock when it began and when it ended; what our own time between question and answer exceeds
    /// that is the round trip, and the beginning lies anywhere in it.
    /// </summary>
    public static HostClock Of((DateTimeOffset Began, DateTimeOffset Ended) host, DateTimeOffset asked, TimeSpan waited)
    {
        TimeSpan half = (waited - (host.Ended - host.Began)) / 2;
        half = half < TimeSpan.Zero ? TimeSpan.Zero : half;
        return new HostClock(host.Began - (asked + half), half);
    }

    /// <summary>The skew that two hosts have for certain and that matters; <see langword="null"/> for none.</summary>
    public static TimeSpan? Between(HostClock one, HostClock other)
    {
        TimeSpan skew = other.Skew - one.Skew;
        return skew.Duration() - (one.Uncertainty + other.Uncertainty) > Tolerance ? skew : null;
    }

    /// <summary>The skew to our own clock that is certain and matters; <see langword="null"/> for none.</summary>
    public TimeSpan? Significant => Between(new HostClock(TimeSpan.Zero, TimeSpan.Zero), this);
}
