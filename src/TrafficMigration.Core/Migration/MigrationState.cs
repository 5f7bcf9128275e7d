namespace TrafficMigration.Migration;

/// <summary>Where one VM's migration is. <see cref="MigrationStates"/> has the allowed transitions.</summary>
public enum MigrationState
{
    /// <summary>Its turn has not come.</summary>
    Planned,

    /// <summary>Both hosts are being looked at; nothing has been changed.</summary>
    Preflight,

    /// <summary>Memory flows, the VM runs at the source. Can be cancelled.</summary>
    PreCopying,

    /// <summary>The VM runs at the destination, memory follows. No way back.</summary>
    PostCopying,

    /// <summary>The memory stream broke in post-copy: the VM waits at both ends.</summary>
    PostCopyPaused,

    /// <summary>libvirt was asked to take up the broken post-copy.</summary>
    Recovering,

    /// <summary>Of an offline move: its memory is saved, or its guest shuts down, at the source. Can be undone.</summary>
    Saving,

    /// <summary>Of an offline move: memory and disk images cross, the VM stands still. Can be undone.</summary>
    Copying,

    /// <summary>Of an offline move: it comes to be at the destination and stands still there. Can be undone.</summary>
    Loading,

    /// <summary>Of an offline move: the whole group is at the destination, and its VMs go on there. No way back.</summary>
    Resuming,

    /// <summary>Of an offline move: the group goes back to what it was at the source.</summary>
    Undoing,

    /// <summary>The job has ended: both hosts are asked what is true, and definitions are put right.</summary>
    CleaningUp,

    /// <summary>The VM runs at the destination, and only there.</summary>
    Done,

    /// <summary>The VM did not move, or it is known to have been lost.</summary>
    Failed,

    /// <summary>Stopped by the user or a timeout; the VM is where it was.</summary>
    Cancelled,
}

/// <summary>The one table of what may follow what.</summary>
public static class MigrationStates
{
    /// <summary>Each state with those that may follow it; none follows an end.</summary>
    public static IReadOnlyDictionary<MigrationState, MigrationState[]> Transitions { get; } = new Dictionary<MigrationState, MigrationState[]>
    {
        [MigrationState.Planned] = [MigrationState.Preflight, MigrationState.Failed, MigrationState.Cancelled],
        [MigrationState.Preflight] =
            // Done: it was there already. The others than PreCopying: a resumed run finds how far a job has come meanwhile.
            [MigrationState.PreCopying, MigrationState.PostCopying, MigrationState.PostCopyPaused, MigrationState.CleaningUp,
            MigrationState.Saving, MigrationState.Undoing, MigrationState.Done, MigrationState.Failed, MigrationState.Cancelled],
        [MigrationState.PreCopying] = [MigrationState.PostCopying, MigrationState.PostCopyPaused, MigrationState.CleaningUp],
        [MigrationState.PostCopying] = [MigrationState.PostCopyPaused, MigrationState.CleaningUp],
        [MigrationState.PostCopyPaused] = [MigrationState.PostCopying, MigrationState.Recovering, MigrationState.CleaningUp],
        [MigrationState.Recovering] = [MigrationState.PostCopying, MigrationState.PostCopyPaused, MigrationState.CleaningUp],
        [MigrationState.CleaningUp] = [MigrationState.Done, MigrationState.Failed, MigrationState.Cancelled],
        [MigrationState.Saving] = [MigrationState.Copying, MigrationState.Undoing],
        [MigrationState.Copying] = [MigrationState.Loading, MigrationState.Undoing],
        [MigrationState.Loading] = [MigrationState.Resuming, MigrationState.Undoing],
        [MigrationState.Resuming] = [MigrationState.Done, MigrationState.Failed],
        [MigrationState.Undoing] = [MigrationState.Failed, MigrationState.Cancelled],
        [MigrationState.Done] = [],
        [MigrationState.Failed] = [],
        [MigrationState.Cancelled] = [],
    };

    /// <summary>Whether one may follow the other.</summary>
    public static bool CanFollow(this MigrationState next, MigrationState state) => Transitions[state].Contains(next);

    /// <summary>Whether nothing follows.</summary>
    public static bool IsEnd(this MigrationState state) => Transitions[state].Length == 0;

    /// <summary>Whether the VM's memory is split between the hosts, so that nothing may be cancelled.</summary>
    public static bool IsPostCopy(this MigrationState state) =>
        state is MigrationState.PostCopying or MigrationState.PostCopyPaused or MigrationState.Recovering;
}
