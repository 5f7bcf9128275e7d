using TrafficMigration.Kvm;

namespace TrafficMigration.Migration;

/// <summary>What one look at a migration showed.</summary>
/// <param name="Here">The VM at the source.</param>
/// <param name="There">The VM at the destination; <see langword="null"/> where it was not asked.</param>
/// <param name="JobIsActive">Whether libvirt has a job for the VM at the source.</param>
/// <param name="JobHasEnded">Whether the job that we started there is over.</param>
/// <param name="RecoveryRuns">Whether an attempt to take up a broken post-copy is still running.</param>
internal sealed record MigrationLook(DomainState Here, DomainState? There, bool JobIsActive, bool JobHasEnded, bool RecoveryRuns)
{
    // libvirt's words for virDomainPausedReason and virDomainRunningReason, as virsh prints them.
    private const string PostCopy = "post-copy";
    private const string PostCopyFailed = "post-copy failed";

    /// <summary>Whether the memory is split and libvirt has given up the stream.</summary>
    public bool IsBroken => Here.Reason == PostCopyFailed;

    /// <summary>Whether the VM's QEMU has ended at the destination, as far as that was asked.</summary>
    public bool IsGoneThere => There is { IsActive: false };

    /// <summary>The state that the hosts' answers mean, coming from another.</summary>
    public MigrationState Next(MigrationState state)
    {
        if (!Here.IsActive)
        {
            return MigrationState.CleaningUp;
        }

        if (IsBroken)
        {
            return IsGoneThere ? MigrationState.CleaningUp : RecoveryRuns ? MigrationState.Recovering : MigrationState.PostCopyPaused;
        }

        if (Here.Reason == PostCopy)
        {
            return MigrationState.PostCopying;
        }

        if (JobIsActive || !JobHasEnded)
        {
            // There is no way back from post-copy: libvirt has a moment without a reason at its end.
            return state.IsPostCopy() ? state : MigrationState.PreCopying;
        }

        return MigrationState.CleaningUp;
    }
}
