namespace TrafficMigration.Solving;

/// <summary>Decides which states can still become better than what is known.</summary>
internal abstract class CompletionBound
{
    /// <summary>
    /// Whether states with different numbers of post-copies are kept apart; otherwise lower loads are better whatever
    /// the number is.
    /// </summary>
    public abstract bool CountsPostCopies { get; }

    /// <summary>Whether the core grows to the right next. Asked only where both sides have a VM.</summary>
    public abstract bool GrowsRight(Core core);

    /// <summary>The core has grown.</summary>
    public abstract void Grown(Core core);

    /// <summary>A better choice is known.</summary>
    public abstract void Aim(Incumbent incumbent);

    /// <summary>Many states survive: takes a closer look and removes those that cannot become better.</summary>
    public virtual void Tighten(List<CoreState> states) => states.RemoveAll(s => !MayImprove(s));

    /// <summary>Whether flipping more VMs, all outside the core, can make something better of a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="worstOnly">Whether only a lower worse load counts as better.</param>
    public abstract bool MayImprove(in CoreState state, bool worstOnly = false);

    /// <summary>No completion of the state has a worse load by capacity below this.</summary>
    public abstract double LowerBound(in CoreState state);
}
