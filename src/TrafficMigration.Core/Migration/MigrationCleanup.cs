using System.Runtime.CompilerServices;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>What follows a job: finding out where the VM is, putting its definitions right, and saying how it ended.</summary>
internal sealed class MigrationCleanup(VMMigrationPlan plan, string vmId, RunHost source, RunHost destination, RunPace pace)
{
    private const string PostCopyFailed = "post-copy failed";

    // $1 VM, $2 whether it starts with its host. After a broken connection libvirt leaves the VM without a definition.
    private const string Define =
        """
        export LC_ALL=C
        v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        if ! v dominfo "$1" | grep '^Persistent: *yes' >/dev/null; then
          note=$(mktemp) && v dumpxml --migratable "$1" >"$note" && v define "$note" >/dev/null
          status=$?; rm -f "$note"; [ $status = 0 ] || exit $status
        fi
        [ -z "$2" ] || v autostart "$1" >/dev/null
        """;

    internal const string Undefine =
        """
        export LC_ALL=C
        v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        [ "$(v domstate "$1")" = 'shut off' ] || exit 0
        v undefine "$1" --keep-nvram >/dev/null 2>&1 || v undefine "$1" >/dev/null
        """;

    // What is paused at the source can never go on: the guest itself has ended, at the destination, where it is defined.
    private const string Discard =
        """
        export LC_ALL=C
        v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        [ "$(v domstate "$1" --reason)" = 'paused (post-copy failed)' ] || exit 0
        v destroy "$1" >/dev/null || exit
        v undefine "$1" --keep-nvram >/dev/null 2>&1 || v undefine "$1" >/dev/null
        """;

    /// <summary>
    /// Asks both hosts until exactly one of them runs the VM, or the time for that is over. Of a guest that shut down
    /// in post-copy, what waits at the source is thrown away, so that nobody ever resumes it.
    /// </summary>
    public async Task<(DomainState Here, DomainState There)> SettleAsync(CancellationToken cancellationToken)
    {
        DateTime end = DateTime.UtcNow + pace.Settling;
        while (true)
        {
            DomainState here = await source.StateAsync(vmId, cancellationToken);
            DomainState there = await destination.StateAsync(vmId, cancellationToken);
            if (here.Reason == PostCopyFailed && there is { State: "shut off", Reason: "shutdown" })
            {
                await RunAsync(source, Discard, cancellationToken, vmId);
                return (await source.StateAsync(vmId, cancellationToken), there);
            }

            // "Running (post-copy failed)" is what libvirt says of a guest that waits for memory: that may pass.
            bool settled = (here.IsRunning && !there.IsActive) || (there is { IsRunning: true, Reason: not PostCopyFailed } && !here.IsActive);
            if (settled || DateTime.UtcNow > end)
            {
                return (here, there);
            }

            await Task.Delay(pace.Look, cancellationToken);
        }
    }

    /// <summary>Puts right what libvirt may have left: the definition, its start with the host, a VM that we suspended.</summary>
    /// <returns>What could not be put right, in words.</returns>
    public async IAsyncEnumerable<string> PutRightAsync(
        JobMarks marks, DomainState here, DomainState there, bool isSuspended, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RunHost? place = Place(here, there);
        if (place is null)
        {
            yield break;
        }

        if (isSuspended && (place == source ? here : there).State == "paused")
        {
            IReadOnlyList<string> answer = (await place.VirshAsync([$"resume --domain {ShellText.Quote(vmId)}"], cancellationToken))[0];
            if (VirshAnswers.IsError(answer) && !(await place.StateAsync(vmId, cancellationToken)).IsRunning)
            {
                yield return $"VM '{plan.VMName}' was suspended for its migration and could not be resumed at '{place.Name}': {string.Join(' ', answer)} Resume it there ('virsh resume').";
            }
        }

        if (place == destination && marks.IsPersistent && there.Reason != PostCopyFailed)
        {
            CommandResult defined = await RunAsync(destination, Define, cancellationToken, vmId, marks.StartsWithHost ? "autostart" : "");
            if (defined.ExitCode != 0)
            {
                yield return $"VM '{plan.VMName}' runs at '{destination.Name}', but could not be defined there: {defined.Error.Trim()} Define it ('virsh dumpxml', 'virsh define'), or it is gone when it is shut down.";
                yield break;
            }

            CommandResult undefined = here.State is null ? defined : await RunAsync(source, Undefine, cancellationToken, vmId);
            if (undefined.ExitCode != 0)
            {
                yield return $"VM '{plan.VMName}' runs at '{destination.Name}', and its old definition at '{source.Name}' could not be removed: {undefined.Error.Trim()} Remove it there ('virsh undefine'), so that it is never started twice.";
            }
        }
    }

    private static Task<CommandResult> RunAsync(RunHost host, string script, CancellationToken cancellationToken, params string[] arguments) =>
        host.ExecuteAsync($"sh -c {ShellText.Quote(script)} sh {string.Join(' ', arguments.Select(ShellText.Quote))}", cancellationToken);

    /// <summary>How it ended: the hosts' states decide, not virsh's exit code.</summary>
    /// <returns>The last state, or <see langword="null"/> where the end is open; the outcome; the error, if any.</returns>
    public (MigrationState? End, MigrationOutcome Outcome, MigrationException? Error) Judge(
        JobMarks marks, DomainState here, DomainState there, PreCopyControl control)
    {
        string said = marks.Said.Length > 0 ? marks.Said : "libvirt left no word about it";
        RunHost? place = Place(here, there);
        if ((place == source ? here : there).Reason == PostCopyFailed && place is not null)
        {
            return (
                MigrationState.Failed, MigrationOutcome.Failed,
                Failures.VMMemoryLost(plan.Source, plan.Destination, plan.VMName, here.ToString(), there.ToString()));
        }

        if (place == destination)
        {
            return (MigrationState.Done, MigrationOutcome.Completed, null);
        }

        if (place == source)
        {
            return control switch
            {
                { ExceededLimit: { } limit } => (MigrationState.Cancelled, MigrationOutcome.Cancelled, Failures.MigrationTimedOut(plan.Source, plan.Destination, plan.VMName, limit)),
                { HasStopped: true } => (MigrationState.Cancelled, MigrationOutcome.Cancelled, Failures.MigrationCancelled(plan.Source, plan.Destination, plan.VMName)),
                _ => (MigrationState.Failed, MigrationOutcome.Failed, Failures.MigrationFailed(plan.Source, plan.Destination, plan.VMName, plan.Technique.ToString(), said)),
            };
        }

        return here.IsActive
            ? (null, MigrationOutcome.Unclear, Failures.MigrationStateUnclear(plan.Source, plan.Destination, plan.VMName, here.ToString(), there.ToString(), said))
            : (MigrationState.Failed, MigrationOutcome.Failed, Failures.VMStopped(plan.Source, plan.Destination, plan.VMName, here.ToString(), there.ToString()));
    }

    /// <summary>The one host that has a QEMU for the VM; <see langword="null"/> if both do, or none.</summary>
    private RunHost? Place(DomainState here, DomainState there) => (here.IsActive, there.IsActive) switch
    {
        (true, false) => source,
        (false, true) => destination,
        _ => null,
    };
}
