using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>One VM's way from source to destination.</summary>
internal sealed class VMMigration(VMMigrationPlan plan, HostConnections connections, Action<MigrationProgress> onProgress)
{
    private static readonly TimeSpan ObservationInterval = TimeSpan.FromSeconds(1);

    // How long both hosts may disagree with a clean exit code before we call it unclear: libvirt tidies up meanwhile.
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(15);

    private JobFigures? _lastFigures;

    /// <summary>Runs the migration to its end. Whatever happens becomes a result.</summary>
    public async Task<VMMigrationResult> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Report(MigrationPhase.Checking);
            ICommandChannel source = await connections.GetAsync(plan.Source, cancellationToken);
            ICommandChannel destination = await connections.GetAsync(plan.Destination, cancellationToken);
            string id = await CheckAsync(source, destination, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            return await MigrateAsync(source, destination, id, cancellationToken);
        }
        catch (MigrationException e)
        {
            return Result(MigrationOutcome.Failed, e);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Result(
                MigrationOutcome.Cancelled, Failures.MigrationCancelled(plan.Source, plan.Destination, plan.VMName));
        }
    }

    /// <summary>What the plan assumed is looked at again: it may be older than the truth.</summary>
    private async Task<string> CheckAsync(
        ICommandChannel source, ICommandChannel destination, CancellationToken cancellationToken)
    {
        string id = plan.VMId ?? await DomainQueries.IdAsync(source, plan.VMName, cancellationToken);
        DomainState there = await DomainQueries.StateAsync(destination, id, cancellationToken);
        if (there.IsActive)
        {
            throw Failures.VMAlreadyAtDestination(plan.Destination, plan.VMName, there.ToString());
        }

        DomainState here = await DomainQueries.StateAsync(source, id, cancellationToken);
        if (here.State is null)
        {
            throw Failures.VMNotFound(plan.Source, plan.VMName);
        }

        return here.IsRunning ? id : throw Failures.VMNotRunning(plan.Source, plan.VMName, here.ToString());
    }

    private async Task<VMMigrationResult> MigrateAsync(
        ICommandChannel source, ICommandChannel destination, string id, CancellationToken cancellationToken)
    {
        MigrationJob? job = null;
        try
        {
            // Not cancelled from here on: whoever stops waiting for a start does not know whether it happened.
            job = await MigrationJob.StartAsync(
                source, id, plan.Destination, plan.MigrationAddress, plan.Technique, plan.SwitchesToPostCopy,
                plan.BandwidthLimitBitsPerSecond / VMMigrationPlan.BandwidthStep, CancellationToken.None);
            JobObservation last = await WatchAsync(job, cancellationToken);
            Report(MigrationPhase.Verifying);
            (DomainState here, DomainState there) = await SettleAsync(source, destination, id);
            VMMigrationResult result = Judge(last, here, there, cancellationToken.IsCancellationRequested);
            await job.ForgetAsync(CancellationToken.None);
            return result;
        }
        catch (MigrationException e) when (job is not null || e.Kind is FailureKind.Connection or FailureKind.Timeout)
        {
            // The migration belongs to the hosts and goes on without us.
            return Result(
                MigrationOutcome.Unclear, Failures.MigrationUnobserved(plan.Source, plan.Destination, plan.VMName, e));
        }
    }

    /// <summary>Looks until the job has ended. Cancelling aborts a pre-copy and then waits like everyone else.</summary>
    private async Task<JobObservation> WatchAsync(MigrationJob job, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ObservationInterval);
        var convergence = new ConvergenceWatch();
        bool aborted = false;
        while (true)
        {
            JobObservation seen = await job.ObserveAsync(CancellationToken.None);
            _lastFigures = seen.Final ?? seen.Current ?? _lastFigures;
            if (seen.ExitCode is not null)
            {
                return seen;
            }

            Report(seen.Switched ? MigrationPhase.PostCopying : MigrationPhase.PreCopying);
            if (cancellationToken.IsCancellationRequested)
            {
                // Tried again at each look: at first there may be no job yet that could be aborted.
                aborted = aborted || (!seen.Switched && await job.AbortAsync(CancellationToken.None));
                await NextLookAsync(timer, CancellationToken.None);
            }
            else
            {
                if (plan.SwitchesToPostCopy && !seen.Switched && seen.Current is { } figures && convergence.Stalls(figures))
                {
                    await job.SwitchAsync(CancellationToken.None);
                }

                await NextLookAsync(timer, cancellationToken);
            }
        }
    }

    /// <summary>Waits for the next look, or for the wish to cancel, whichever comes first.</summary>
    private static async Task NextLookAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Handled by the caller's next turn.
        }
    }

    /// <summary>Asks both hosts until exactly one of them runs the VM, or the time for that is over.</summary>
    private static async Task<(DomainState Here, DomainState There)> SettleAsync(
        ICommandChannel source, ICommandChannel destination, string id)
    {
        using var limit = new CancellationTokenSource(SettlingTime);
        using var timer = new PeriodicTimer(ObservationInterval);
        while (true)
        {
            DomainState here = await DomainQueries.StateAsync(source, id, CancellationToken.None);
            DomainState there = await DomainQueries.StateAsync(destination, id, CancellationToken.None);
            bool settled = (here.IsRunning && !there.IsActive) || (there.IsRunning && !here.IsActive);
            if (settled || limit.IsCancellationRequested)
            {
                return (here, there);
            }

            await NextLookAsync(timer, limit.Token);
        }
    }

    /// <summary>The hosts' states decide, not virsh's exit code: a lost connection makes virsh fail while QEMU finishes.</summary>
    private VMMigrationResult Judge(JobObservation last, DomainState here, DomainState there, bool cancelled)
    {
        (MigrationOutcome outcome, MigrationException? error) = (here, there) switch
        {
            ({ IsActive: false }, { IsRunning: true }) => (MigrationOutcome.Completed, null),
            ({ IsRunning: true }, { IsActive: false }) when cancelled => (
                MigrationOutcome.Cancelled, Failures.MigrationCancelled(plan.Source, plan.Destination, plan.VMName)),
            ({ IsRunning: true }, { IsActive: false }) => (
                MigrationOutcome.Failed,
                Failures.MigrationFailed(plan.Source, plan.Destination, plan.VMName, plan.Technique.ToString(), last.Said)),
            _ => (
                MigrationOutcome.Unclear,
                Failures.MigrationStateUnclear(
                    plan.Source, plan.Destination, plan.VMName, here.ToString(), there.ToString(), last.Said)),
        };
        bool moved = outcome == MigrationOutcome.Completed;
        return Result(outcome, error) with
        {
            TechniqueUsed = moved ? (last.Switched ? Technique.PostCopy : Technique.PreCopy) : null,
            StartTime = last.Started,
            TotalTime = last.Ended - last.Started,
            Downtime = moved ? _lastFigures?.Downtime : null,
            BytesTransferred = _lastFigures?.BytesTransferred,
        };
    }

    private VMMigrationResult Result(MigrationOutcome outcome, MigrationException? error) => new()
    {
        VMName = plan.VMName,
        VMId = plan.VMId,
        Source = plan.Source,
        Destination = plan.Destination,
        Technique = plan.Technique,
        Outcome = outcome,
        Error = error,
    };

    private void Report(MigrationPhase phase) => onProgress(new MigrationProgress(plan, phase, _lastFigures));
}
