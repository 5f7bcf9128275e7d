namespace TrafficMigration;

/// <content>Errors about a run as a whole: its journal, and the hosts that it takes.</content>
public static partial class Failures
{
    /// <summary>Another run has the host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="holder">The run's id, and who drives it since when.</param>
    public static MigrationException HostBusy(string host, string holder) => Make(
        nameof(HostBusy), FailureKind.Busy, host, null, null,
        $"Host '{host}' is taken by another run: {Sentence(holder)} Two runs at once would fill each other's links. Nothing was changed there. Wait for its end, or end it where it runs with Stop-TrafficSensitiveMigration.");

    /// <summary>A run whose process is gone has migrations on the host that still go on.</summary>
    public static MigrationException HostHasMigrations(string host, string runId) => Make(
        nameof(HostHasMigrations), FailureKind.Busy, host, null, null,
        $"On host '{host}' migrations of run {runId} go on, though nobody watches them. Nothing was changed. Take that run up where it was begun ('Resume-TrafficSensitiveMigration -Id {runId}'), or wait for their end ('virsh domjobinfo' there).");

    /// <summary>The journal cannot be written.</summary>
    public static MigrationException JournalUnwritable(string path, Exception cause) => Make(
        nameof(JournalUnwritable), FailureKind.Unavailable, null, null, cause,
        $"The journal '{path}' cannot be written: {Sentence(cause.Message)} Without it nobody could take the run up again, so no migration is begun. Make room, or name another folder with -JournalPath.");

    /// <summary>A journal holds something that is none.</summary>
    public static MigrationException JournalDamaged(string path, Exception cause) => Make(
        nameof(JournalDamaged), FailureKind.InvalidAnswer, null, null, cause,
        $"The journal '{path}' is damaged: {Sentence(cause.Message)} Nothing was changed. Look at the hosts with 'virsh list --all', then move the file away.");

    /// <summary>A parameter of a run makes no sense.</summary>
    public static MigrationException RunParameterInvalid(string parameter, string problem) => Make(
        nameof(RunParameterInvalid), FailureKind.InvalidInput, null, null, null,
        $"{parameter} cannot be used: {Sentence(problem)} Nothing was moved. Correct the parameter.");

    /// <summary>There is no such run.</summary>
    public static MigrationException RunNotFound(string id, string folder) => Make(
        nameof(RunNotFound), FailureKind.NotFound, null, null, null,
        $"There is no run '{id}' in '{folder}'. Nothing was changed. Get-TrafficSensitiveMigration lists the runs; -JournalPath names another folder.");

    /// <summary>No run can be taken up again.</summary>
    public static MigrationException NothingToResume(string folder) => Make(
        nameof(NothingToResume), FailureKind.NotFound, null, null, null,
        $"No interrupted run is in '{folder}': there is nothing to take up. Get-TrafficSensitiveMigration lists the runs; -JournalPath names another folder.");

    /// <summary>A process drives the run.</summary>
    public static MigrationException RunIsDriven(string id, Exception? cause = null) => Make(
        nameof(RunIsDriven), FailureKind.Busy, null, null, cause,
        $"Run {id} is driven by another process. Nothing was changed. Wait for its end, or end it with 'Stop-TrafficSensitiveMigration -Id {id}'.");

    /// <summary>The run has ended.</summary>
    public static MigrationException RunHasEnded(string id) => Make(
        nameof(RunHasEnded), FailureKind.InvalidState, null, null, null,
        $"Run {id} has ended: there is nothing to take up or to stop. 'Get-TrafficSensitiveMigration -Id {id}' has its results.");

    /// <summary>A run whose VMs are to come home has not ended.</summary>
    public static MigrationException RunNotEnded(string id, bool isRunning) => Make(
        nameof(RunNotEnded), FailureKind.InvalidState, null, null, null,
        $"Run {id} {(isRunning ? "goes on" : "was interrupted")}: where its VMs are is not settled. {NothingPlanned} {(isRunning ? "Wait for its end" : $"Take it up first with 'Resume-TrafficSensitiveMigration -Id {id}'")}, then plan the way home.");

    /// <summary>A VM that is to come home is not where it was moved to, nor at home.</summary>
    public static MigrationException ReturningVMMissing(string vm, string current, string home) => Make(
        nameof(ReturningVMMissing), FailureKind.NotFound, current, vm, null,
        $"VM '{vm}' does not run on host '{current}', where it was moved to, nor at home on '{home}'. It is not in the plan. Look for it with 'virsh list --all' on the hosts; if somebody moved it on, plan its way with Get-VMTrafficRate there.");

    /// <summary>No VM is left to be brought home.</summary>
    public static MigrationException NobodyToReturn() => Make(
        nameof(NobodyToReturn), FailureKind.NotFound, null, null, null,
        $"No VM is to be brought home: the runs that came in moved none that is still away. {NothingPlanned} Get-TrafficSensitiveMigration lists the runs and their VMs.");
}
