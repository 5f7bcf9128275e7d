namespace TrafficMigration.Solving;

/// <summary>No assignment was found that obeys every constraint.</summary>
#pragma warning disable CA1064 // Never leaves this assembly: the planner says it in the operator's words.
internal sealed class NoAssignmentException : Exception
#pragma warning restore CA1064
{
    /// <summary>Makes one.</summary>
    /// <param name="isProven">Whether there is none.</param>
    public NoAssignmentException(bool isProven)
        : base(isProven ? "No assignment obeys every constraint." : "No assignment was found that obeys every constraint.") =>
        IsProven = isProven;

    /// <summary>Whether it is proven that there is none; otherwise the search ended before it found one.</summary>
    public bool IsProven { get; }
}
