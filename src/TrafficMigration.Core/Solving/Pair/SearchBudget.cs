namespace TrafficMigration.Solving;

/// <summary>How much work searches may do, counted in states and compared flips; never in time.</summary>
/// <param name="Work">At most so much. A million takes about 0.1 s.</param>
/// <param name="FirstCloserLook">
/// After so much work a search looks for a better incumbent and bound, and again whenever the work has doubled. Most
/// searches end before.
/// </param>
internal sealed record SearchBudget(long Work = 1 << 22, long FirstCloserLook = 1 << 14)
{
    /// <summary>What is left.</summary>
    public long Left { get; set; } = Work;
}
