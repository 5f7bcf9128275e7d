using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>One VM's way from source to destination: a state machine that only the hosts' answers drive.</summary>
/// <param name="record">The VM, its plan, and how far an earlier life of the run has come with it.</param>
/// <param name="run">The run.</param>
internal sealed class VMMigration(VMMigrationRecord record, RunContext run)
{
    private readonly VMMigrationPlan _plan = record.Plan;
    private readonly RunHost _source = run.Host(record.Plan.Source);
    private readonly RunHost _destination = run.Host(record.Plan.Destination);
    private readonly MigrationFigures _figures = new();
    private readonly DiskCopy _disks = new(record.Plan, run, record.Images);
    private readonly PreCopyControl _control = new(record.Plan, run, record.IsSuspended);
    private MigrationState _state = record.State;
    private string? _id = record.Plan.VMId;
    private string? _jobName = record.Job;
    private DateTimeOffset? _begun = record.BegunAt;
    private DateTimeOffset? _ended;
    // QEMU went on after libvirt had given the job up.
    private bool _outlivesJob;
    private bool _mayHaveStarted = record.Job is not null;
    private bool _journalFailed;

    /// <summary>Runs the migration to its end. Whatever happens becomes a result.</summary>
    public async Task<VMMigrationResult> RunAsync()
    {
        VMMigrationResult result;
        try
        {
            result = await MoveAsync();
        }
        catch (OperationCanceledException) when (run.Leave.IsCancellationRequested)
        {
            result = Open(Failures.MigrationLeft(_plan.Source, _plan.Destination, _plan.VMName, _state.ToString(), run.RunId));
        }
        catch (OperationCanceledException) when (IsUntouched)
        {
            await DiscardImagesAsync();
            result = End(MigrationState.Cancelled, MigrationOutcome.Cancelled, Failures.MigrationCancelled(_plan.Source, _plan.Destination, _plan.VMName));
        }
        catch (MigrationException e) when (IsUntouched)
        {
            await DiscardImagesAsync();
            result = End(MigrationState.Failed, MigrationOutcome.Failed, e);
        }
        catch (MigrationException e)
        {
            result = Open(e.ErrorId == nameof(Failures.PostCopyBroken) ? e : Failures.MigrationUnobserved(_plan.Source, _plan.Destination, _plan.VMName, e));
        }

        run.Listener.OnResult(result);
        return result;
    }

    /// <summary>Whether no job has been started yet, as far as is known.</summary>
    private bool IsUntouched => !_mayHaveStarted && _state is (MigrationState.Planned or MigrationState.Preflight);

    /// <summary>Nothing moves: what was made for it goes again.</summary>
    private async Task DiscardImagesAsync()
    {
        if (_jobName is { } job)
        {
            await _disks.DiscardAsync(job);
        }
    }

    private async Task<VMMigrationResult> MoveAsync()
    {
        MigrationJob? job = _jobName is { } name && (await new MigrationJob(_source.Shell, name).ReadAsync(run.Leave)).Begun
            ? new MigrationJob(_source.Shell, name)
            : null;
        _mayHaveStarted = job is not null;
        if (job is null && IsUntouched)
        {
            run.Stop.ThrowIfCancellationRequested();
            run.RunTimeout.ThrowIfCancellationRequested();
            if (_state == MigrationState.Planned)
            {
                To(MigrationState.Preflight);
            }

            if (await new MigrationAdmission(_plan, run).CheckAsync(_id) is not { } id)
            {
                return End(MigrationState.Done, MigrationOutcome.AlreadyThere, null);
            }

            _id = id;
            run.Stop.ThrowIfCancellationRequested();
            job = await StartAsync();
        }

        // A resumed run can find no mark of a job that had begun: its host was restarted. Then its states alone say what is true.
        job ??= new MigrationJob(_source.Shell, _jobName ?? $"{run.RunId}-{record.Number}");
        await DriveAsync(job);
        VMMigrationResult result = await CleanUpAsync(job);
        if (_state.IsEnd())
        {
            // Where the end is open, whoever takes the run up needs the marks.
            await job.ForgetAsync(run.Leave);
        }

        return result;
    }

    private async Task<MigrationJob> StartAsync()
    {
        _jobName = $"{run.RunId}-{record.Number}";
        await _disks.FindAsync(_id!);
        // The name is on the disk before the job exists: whoever resumes finds it, or knows that it was never begun.
        run.Write(new JournalEntry
        {
            Event = run.Event(MigrationEventKind.Decision, $"starts {_plan.Technique} to {_plan.Destination}{_disks.Note}", _plan.Source, _plan.VMName),
            Number = record.Number, Job = _jobName, VMId = _id, Images = _disks.Paths.Count > 0 ? _disks.Paths : null,
        });
        await _disks.MakeAsync(_jobName);
        var job = new MigrationJob(_source.Shell, _jobName);
        _mayHaveStarted = true;
        try
        {
            await job.StartAsync(MigrationOrder.For(_plan, _id!, _disks.Targets, run.Options, _control.MaySwitch), run.Leave);
        }
        catch (MigrationException e) when (e.Kind is not (FailureKind.Connection or FailureKind.Timeout))
        {
            // The host has answered, and refused.
            _mayHaveStarted = false;
            throw;
        }

        return job;
    }

    /// <summary>Looks, and acts on what was seen, until the job has ended.</summary>
    private async Task DriveAsync(MigrationJob job)
    {
        using IDisposable watched = _source.Watch();
        var recovery = new PostCopyRecovery(_plan, run, record.Number);
        // A former life of the run may have got as far as the question where the VM is.
        while (_state != MigrationState.CleaningUp)
        {
            MigrationLook look = await LookAsync(job, recovery);
            MigrationState next = look.Next(_state);
            _outlivesJob |= look.JobHasEnded && next != MigrationState.CleaningUp;
            if (next != _state)
            {
                To(next, look.There is { } there ? $"{look.Here} at {_plan.Source}, {there} at {_plan.Destination}" : $"{look.Here} at {_plan.Source}");
                _begun ??= next == MigrationState.PreCopying ? DateTimeOffset.Now : null;
            }

            run.Traffic?.Report(_plan, _state == MigrationState.CleaningUp ? 0 : _figures.Last?.BytesPerSecond ?? 0);
            run.Listener.OnProgress(new MigrationProgress(_plan, _state, _figures.Last));
            if (_figures.Last is { } now)
            {
                run.Series?.Add(new StreamSample(_plan.VMName, DateTimeOffset.Now, _state, now.BytesTransferred, now.BytesRemaining, now.DirtyBytesPerSecond));
            }

            switch (_state)
            {
                case MigrationState.CleaningUp:
                    _ended = _outlivesJob ? DateTimeOffset.Now : null;
                    await recovery.ForgetAsync();
                    return;
                case MigrationState.PreCopying when look.JobIsActive:
                    await _control.ActAsync(_source, job, _id!, _figures.Last, _begun, record.Number);
                    break;
                case MigrationState.PostCopyPaused when look.IsBroken && await recovery.BeginAsync(_source, _destination, _id!):
                    To(MigrationState.Recovering, "libvirt was asked to take up the post-copy");
                    break;
            }

            if (recovery.IsHopeless)
            {
                throw Failures.PostCopyBroken(_plan.Source, _plan.Destination, _plan.VMName, look.Here.ToString(), look.There?.ToString() ?? "unknown");
            }

            await PauseAsync();
        }
    }

    private async Task<MigrationLook> LookAsync(MigrationJob job, PostCopyRecovery recovery)
    {
        MigrationLook look = await AskAsync();
        if (!look.JobIsActive || look.IsBroken)
        {
            JobMarks marks = await job.ReadAsync(run.Leave);
            if (marks.HasEnded || !marks.Begun)
            {
                // Asked again: the state may be from before the end.
                look = await AskAsync() with { JobHasEnded = true };
            }
        }

        return look.IsBroken
            ? look with { There = await _destination.StateAsync(_id!, run.Leave), RecoveryRuns = await recovery.RunsAsync(_source) }
            : look;

        async Task<MigrationLook> AskAsync()
        {
            IReadOnlyList<IReadOnlyList<string>> answers = await _source.VirshAsync(
                [VirshAnswers.StateCommand(_id!), VirshAnswers.JobCommand(_id!)], run.Leave);
            (bool isActive, JobFigures? current) = VirshAnswers.Job(answers[1]);
            _figures.Observe(current);
            return new MigrationLook(VirshAnswers.State(answers[0], _plan.Source), null, isActive, JobHasEnded: false, RecoveryRuns: false);
        }
    }

    /// <summary>Waits for the next look, or for the wish to stop, whichever comes first.</summary>
    private async Task PauseAsync()
    {
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(
            run.Leave, _control.HasStopped ? CancellationToken.None : run.Stop);
        await Task.Delay(_source.LookInterval, wake.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        run.Leave.ThrowIfCancellationRequested();
    }

    private async Task<VMMigrationResult> CleanUpAsync(MigrationJob job)
    {
        JobMarks marks = await job.ReadAsync(run.Leave);
        _figures.Observe(marks);
        var cleanup = new MigrationCleanup(_plan, _id!, _source, _destination, run.Options.Pace);
        (DomainState here, DomainState there) = await cleanup.SettleAsync(run.Leave);
        await foreach (string trouble in cleanup.PutRightAsync(marks, here, there, _control.IsSuspended, run.Leave))
        {
            run.Note(MigrationEventKind.Trouble, trouble, _plan.Destination, _plan.VMName, record.Number);
        }

        (MigrationState? end, MigrationOutcome outcome, MigrationException? error) = cleanup.Judge(marks, here, there, _control);
        // Where the VM was lost, or its end is open, nobody knows which disks hold the truth: both stay.
        long? diskBytes = end == MigrationState.Done ? await _disks.KeepAsync(job.Name)
            : end is not null && here is { IsActive: true, Reason: not "post-copy failed" } && !there.IsActive ? await _disks.DiscardAsync(job.Name)
            : null;
        VMMigrationResult result = _figures.Fill(Result(outcome, error), marks, diskBytes, _begun, _ended);
        return end is { } state ? End(state, result) : result;
    }

    private VMMigrationResult End(MigrationState state, MigrationOutcome outcome, MigrationException? error) =>
        End(state, Result(outcome, error));

    private VMMigrationResult End(MigrationState state, VMMigrationResult result)
    {
        To(state, result.Error?.ErrorId ?? result.Outcome.ToString(), result);
        return result;
    }

    /// <summary>The run ends for this VM without its end having been seen.</summary>
    private VMMigrationResult Open(MigrationException error)
    {
        run.Note(MigrationEventKind.Trouble, error.Message, _plan.Source, _plan.VMName, record.Number);
        return Result(MigrationOutcome.Unclear, error);
    }

    private VMMigrationResult Result(MigrationOutcome outcome, MigrationException? error) => new()
    {
        VMName = _plan.VMName,
        VMId = _id,
        Source = _plan.Source,
        Destination = _plan.Destination,
        Technique = _plan.Technique,
        Outcome = outcome,
        Error = error,
        PredictedDuration = _plan.PredictedDuration,
        PredictedBytes = _plan.PredictedBytes,
        Decisions = _control.Decisions,
        RunId = run.RunId,
    };

    /// <summary>Goes to another state: the journal has it before anything else is done.</summary>
    private void To(MigrationState next, string text = "", VMMigrationResult? result = null)
    {
        if (!next.CanFollow(_state))
        {
            throw new InvalidOperationException($"{next} does not follow {_state}.");
        }

        MigrationEvent happened = run.Event(MigrationEventKind.Transition, text, _plan.Source, _plan.VMName) with { From = _state, To = next };
        bool wasUntouched = IsUntouched;
        try
        {
            run.Write(new JournalEntry
            {
                Event = happened, Number = record.Number, Result = result is null ? null : JournalResult.Of(result),
            });
        }
        catch (MigrationException e) when (!wasUntouched || next.IsEnd())
        {
            // What has begun is brought to its end without a journal, too: the hosts know what is true.
            if (!_journalFailed)
            {
                _journalFailed = true;
                run.Note(MigrationEventKind.Trouble, e.Message, _plan.Source, _plan.VMName);
            }

            run.Listener.OnEvent(happened);
        }

        _state = next;
    }
}
