namespace TrafficMigration;

/// <content>Errors of VMs that are moved as a group while they stand still.</content>
public static partial class Failures
{
    /// <summary>A run is live or offline.</summary>
    public static MigrationException TechniquesMixed(string offline, string live) => Make(
        nameof(TechniquesMixed), FailureKind.InvalidInput, null, offline, null,
        $"VM '{offline}' is planned offline and VM '{live}' live, and one run does only one of the two: a group that moves offline moves together or not at all. Nothing was moved. Start them in two runs.");

    /// <summary>One step for one VM failed; the group goes back.</summary>
    /// <param name="host">Where.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="what">The step, as a phrase that begins with a verb's present participle.</param>
    /// <param name="said">What the host said.</param>
    public static MigrationException OfflineStepFailed(string host, string vm, string what, string said) => Make(
        nameof(OfflineStepFailed), FailureKind.Failed, host, vm, null, $"{what} failed: {Sentence(said)}");

    /// <summary>The group did not move because of this VM.</summary>
    public static MigrationException OfflineMoveFailed(string source, string destination, string vm, string said) => Make(
        nameof(OfflineMoveFailed), FailureKind.Failed, source, vm, null,
        $"VM '{vm}' did not move from '{source}' to '{destination}' (Offline): {Sentence(said)} All VMs of its group are at their sources again as they were before, with their memory. Remove the cause and run the plan again.");

    /// <summary>The group did not move because of another VM, or of a host.</summary>
    public static MigrationException OfflineGroupStayed(string source, string destination, string vm, string why) => Make(
        nameof(OfflineGroupStayed), FailureKind.Failed, source, vm, null,
        $"VM '{vm}' did not move from '{source}' to '{destination}': its group moves together or not at all, and {Sentence(why)} It is at '{source}' as before.");

    /// <summary>The group goes back, and this VM is not what it was yet.</summary>
    public static MigrationException OfflineNotBack(string source, string destination, string vm, string said, string folder, string runId) => Make(
        nameof(OfflineNotBack), FailureKind.InvalidState, source, vm, null,
        $"VM '{vm}' did not move from '{source}' to '{destination}', and is not back either: {Sentence(said)} Nothing is lost: its disk images are at '{source}', its memory, if it was saved, in '{folder}' there. Remove the cause, then 'Resume-TrafficSensitiveMigration -Id {runId}' tries again.");

    /// <summary>The group is at the destination, and this VM does not go on.</summary>
    public static MigrationException OfflineNotResumed(string source, string destination, string vm, string said, string runId) => Make(
        nameof(OfflineNotResumed), FailureKind.InvalidState, destination, vm, null,
        $"VM '{vm}' was moved from '{source}' to '{destination}' with its group, and does not go on there: {Sentence(said)} Remove the cause, then 'Resume-TrafficSensitiveMigration -Id {runId}' tries again. Do not start it at '{source}'.");

    /// <summary>The hosts cannot be asked any more.</summary>
    public static MigrationException OfflineUnobserved(string source, string destination, string vm, string state, string runId, MigrationException cause) => Make(
        nameof(OfflineUnobserved), FailureKind.Connection, source, vm, cause,
        $"The offline move of VM '{vm}' from '{source}' to '{destination}' is not finished, it is {state}: {cause.Message} Start it nowhere by hand. When the hosts answer again, 'Resume-TrafficSensitiveMigration -Id {runId}' brings its group to the one end or the other.");

    /// <summary>A parameter makes no sense for VMs that are moved offline.</summary>
    public static MigrationException OfflineParameterInvalid(string parameter, string problem) => Make(
        nameof(OfflineParameterInvalid), FailureKind.InvalidInput, null, null, null,
        $"{parameter} cannot be used with an offline plan: {Sentence(problem)} Nothing was changed. Leave it out.");
}
