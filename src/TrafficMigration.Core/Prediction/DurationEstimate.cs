using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Prediction;

/// <summary>First-order estimate of how long a parallel run takes, before any dirtying of memory.</summary>
internal static class DurationEstimate
{
    /// <summary>
    /// The time that all VMs' memory needs through the slower of the two links, when the migrations get what the
    /// contending traffic leaves, but never less than half: TCP shares a full link between flows, it does not yield.
    /// </summary>
    /// <returns><see langword="null"/> unless every VM's memory and at least one link speed are known.</returns>
    public static TimeSpan? OfParallelRun(IReadOnlyList<VMTrafficRate> vms, params LinkContention[] links)
    {
        LinkContention[] known = [.. links.Where(l => l.LinkBitsPerSecond > 0)];
        if (known.Length == 0 || vms.Any(v => v.MemoryBytes is null))
        {
            return null;
        }

        double bits = vms.Sum(v => 8.0 * v.MemoryBytes!.Value);
        double rate = known.Min(l =>
            Math.Max(l.LinkBitsPerSecond!.Value - l.ContentionBitsPerSecond, l.LinkBitsPerSecond.Value / 2.0));
        return TimeSpan.FromSeconds(Math.Round(bits / rate, 1));
    }
}
