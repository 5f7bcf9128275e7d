using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <summary>When each migration of a decision starts, and how fast it may go.</summary>
/// <param name="Order">Indices of the site's VMs in the order in which they start.</param>
/// <param name="LimitsBitsPerSecond">One limit a VM, in the site's order; <see langword="null"/> for none.</param>
/// <param name="Budget">How many may run at once.</param>
internal sealed record Schedule(int[] Order, long?[] LimitsBitsPerSecond, MigrationBudget Budget)
{
    /// <summary>Each VM's stage, from 1, in the site's order: it starts when all of lower stages have ended; <see langword="null"/> for none.</summary>
    public int?[] Stages { get; init; } = new int?[Order.Length];

    /// <summary>By name, without limits.</summary>
    public static Schedule ByName(int count, MigrationBudget budget) => new([.. Enumerable.Range(0, count)], new long?[count], budget);
}
