namespace TrafficMigration;

/// <content>Errors about a VM and its migration.</content>
public static partial class Failures
{
    /// <summary>The host has no such VM.</summary>
    public static MigrationException VMNotFound(string host, string vm) => Make(
        nameof(VMNotFound), FailureKind.NotFound, host, vm, null,
        $"Host '{host}' has no VM '{vm}'. Nothing was changed. Check the name with 'virsh list --all' there.");

    /// <summary>The VM does not run.</summary>
    public static MigrationException VMNotRunning(string host, string vm, string state) => Make(
        nameof(VMNotRunning), FailureKind.InvalidState, host, vm, null,
        $"VM '{vm}' on host '{host}' is not running, it is {state}. Nothing was changed. Only a running VM has traffic and can be migrated live.");

    /// <summary>A VM of this identity is active at the destination already.</summary>
    public static MigrationException VMAlreadyAtDestination(string host, string vm, string state) => Make(
        nameof(VMAlreadyAtDestination), FailureKind.InvalidState, host, vm, null,
        $"VM '{vm}' is at destination '{host}' already: {state}. Nothing was changed. If it was moved by someone else, make a new plan.");

    /// <summary>The migration did not happen; the VM is where it was.</summary>
    public static MigrationException MigrationFailed(string source, string destination, string vm, string technique, string said) => Make(
        nameof(MigrationFailed), FailureKind.Failed, source, vm, null,
        $"VM '{vm}' did not move from '{source}' to '{destination}' ({technique}): {Sentence(said)} It runs at '{source}' as before. Remove the cause and run the plan again.");

    /// <summary>The user stopped the migration; the VM is where it was.</summary>
    public static MigrationException MigrationCancelled(string source, string destination, string vm) => Make(
        nameof(MigrationCancelled), FailureKind.Failed, source, vm, null,
        $"The migration of VM '{vm}' from '{source}' to '{destination}' was cancelled. It runs at '{source}' as before.");

    /// <summary>The migration ended in a state that is neither here nor there.</summary>
    public static MigrationException MigrationStateUnclear(
        string source, string destination, string vm, string sourceState, string destinationState, string said) => Make(
        nameof(MigrationStateUnclear), FailureKind.Failed, source, vm, null,
        $"The migration of VM '{vm}' ended unclear: {Sentence(said)} Now it is {sourceState} at '{source}' and {destinationState} at '{destination}'. Start it nowhere by hand before you have looked at both hosts ('virsh list --all').");

    /// <summary>The host that runs the migration cannot be asked any more.</summary>
    public static MigrationException MigrationUnobserved(string source, string destination, string vm, MigrationException cause) => Make(
        nameof(MigrationUnobserved), FailureKind.Connection, source, vm, cause,
        $"The migration of VM '{vm}' from '{source}' to '{destination}' goes on at the hosts, but cannot be watched: {cause.Message} Look at both hosts ('virsh list --all', 'virsh domjobinfo') before you do anything with this VM.");

    /// <summary>The pre-flight found what would make the migration fail, so it was not begun.</summary>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="findings">What was found and what to do about it, each.</param>
    public static MigrationException PreflightFailed(
        string source, string destination, string vm, IEnumerable<(string Message, string Remedy)> findings) => Make(
        nameof(PreflightFailed), FailureKind.InvalidState, source, vm, null,
        $"The migration of VM '{vm}' from '{source}' to '{destination}' was not begun: {string.Join(' ', findings.Select(f => $"{Sentence(f.Message)} {Sentence(f.Remedy)}"))} It runs on where it was. Test-MigrationPlan shows when all is well.");
}
