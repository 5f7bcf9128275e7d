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
        $"VM '{vm}' is at destination '{host}' already: {state}. Nothing was changed. If it was moved by someone else, make a new plan. If both are names of one host, choose another destination.");

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
        $"The migration of VM '{vm}' from '{source}' to '{destination}' goes on at the hosts, but cannot be watched: {cause.Message} When the hosts answer again, Resume-TrafficSensitiveMigration finds out what is true.");

    /// <summary>The memory stream of a post-copy is broken, and this libvirt cannot take it up.</summary>
    public static MigrationException PostCopyBroken(string source, string destination, string vm, string sourceState, string destinationState) => Make(
        nameof(PostCopyBroken), FailureKind.Unavailable, source, vm, null,
        $"The memory stream of VM '{vm}' broke in post-copy, and QEMU waits at both ends: it is {sourceState} at '{source}' and {destinationState} at '{destination}'. Nothing is lost, and nothing was tried: the libvirt daemon at '{destination}' would end if it were asked to take the stream up (a defect of libvirt 11.2 and later). Leave both QEMUs alone, put another version of the daemon there, which VMs survive, then 'Resume-TrafficSensitiveMigration'.");

    /// <summary>The user did not wait for the end.</summary>
    public static MigrationException MigrationLeft(string source, string destination, string vm, string state, string runId) => Make(
        nameof(MigrationLeft), FailureKind.Failed, source, vm, null,
        $"The migration of VM '{vm}' from '{source}' to '{destination}' was left while it was {state}; it goes on at the hosts. 'Resume-TrafficSensitiveMigration -Id {runId}' finds out what is true and brings it to its end.");

    /// <summary>The time of the migration was over.</summary>
    public static MigrationException MigrationTimedOut(string source, string destination, string vm, TimeSpan limit) => Make(
        nameof(MigrationTimedOut), FailureKind.Timeout, source, vm, null,
        $"The migration of VM '{vm}' from '{source}' to '{destination}' was cancelled: its time of {Seconds(limit)} s was over. It runs at '{source}' as before. Allow more time, or choose with -TimeoutAction what is to happen.");

    /// <summary>The VM was shut down while it was being moved.</summary>
    public static MigrationException VMStopped(string source, string destination, string vm, string sourceState, string destinationState) => Make(
        nameof(VMStopped), FailureKind.InvalidState, source, vm, null,
        $"VM '{vm}' was shut down, by its owner or by its host, while it moved from '{source}' to '{destination}'. Now it is {sourceState} at '{source}' and {destinationState} at '{destination}'. Start it where it is defined, if it is to run.");

    /// <summary>Half of the VM's memory is gone.</summary>
    public static MigrationException VMMemoryLost(string source, string destination, string vm, string sourceState, string destinationState) => Make(
        nameof(VMMemoryLost), FailureKind.Failed, source, vm, null,
        $"VM '{vm}' was lost in post-copy: its memory was split between '{source}' and '{destination}', and one of its two QEMUs has ended. Now it is {sourceState} at '{source}' and {destinationState} at '{destination}'. It cannot go on: end what is left of it ('virsh destroy'), and start it anew from its disks. Where libvirt says that the VM's state is locked, restart its daemon there first ('systemctl restart libvirtd'; VMs run on).");

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
