using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration.Offline;

/// <summary>One VM of a group: where it is on its way, and the steps that its hosts run for it.</summary>
/// <param name="record">The VM, its plan, and how far an earlier life of the run has come with it.</param>
/// <param name="run">The run.</param>
internal sealed class OfflineVM(VMMigrationRecord record, RunContext run)
{
    /// <summary>Its number in the run.</summary>
    public int Number => record.Number;

    /// <summary>Its plan.</summary>
    public VMMigrationPlan Plan => record.Plan;

    /// <summary>libvirt's UUID.</summary>
    public string? Id { get; set; } = record.Plan.VMId;

    /// <summary>Where it is on its way.</summary>
    public MigrationState State { get; private set; } = record.State;

    /// <summary>The host that it leaves.</summary>
    public RunHost Source { get; } = run.Host(record.Plan.Source);

    /// <summary>The host that it goes to.</summary>
    public RunHost Destination { get; } = run.Host(record.Plan.Destination);

    /// <summary>Since when it stands still.</summary>
    public DateTimeOffset? StoppedAt { get; private set; } = record.BegunAt;

    /// <summary>When it was told to go on, at the destination.</summary>
    public DateTimeOffset? ResumedAt { get; private set; } = record.ResumedAt;

    /// <summary>What becomes of its memory.</summary>
    public OfflineMemory Memory => record.Plan.OfflineMemory ?? OfflineMemory.Save;

    /// <summary>Its memory is saved or its guest shut down, at the source.</summary>
    public OfflineJob Save => Job(Source, "save");

    /// <summary>It comes to be at the destination, standing still.</summary>
    public OfflineJob Load => Job(Destination, "load");

    /// <summary>It is at the source what it was before.</summary>
    public OfflineJob Back => Job(Source, "back");

    /// <summary>Runs a step to its end.</summary>
    /// <param name="host">Where.</param>
    /// <param name="job">The step.</param>
    /// <param name="script">Its script.</param>
    /// <param name="arguments">What follows the folder of the run.</param>
    /// <param name="isRepeated">Whether a step that has failed, in an earlier life of the run, is tried again.</param>
    /// <param name="cancellationToken">Stops waiting; the host goes on.</param>
    public async Task<OfflineMarks> RunAsync(
        RunHost host, OfflineJob job, string script, IReadOnlyList<string> arguments, bool isRepeated, CancellationToken cancellationToken)
    {
        if (isRepeated && await job.ReadAsync(cancellationToken) is { HasEnded: true, ExitCode: not 0 })
        {
            await job.ForgetAsync(cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        // Not given up half-way: whoever undoes must know whether it was begun.
        await job.StartAsync(script, [OfflineCargo.Folder(run.RunId), .. arguments], run.Leave);
        return await WaitAsync(host, job, cancellationToken);
    }

    /// <summary>Waits for the end of a step, or until nobody is at it any more.</summary>
    public async Task<OfflineMarks> WaitAsync(RunHost host, OfflineJob job, CancellationToken cancellationToken)
    {
        using IDisposable watched = host.Watch();
        while (true)
        {
            OfflineMarks marks = await job.ReadAsync(cancellationToken);
            if (marks.HasEnded || !marks.Begun)
            {
                return marks;
            }

            run.Listener.OnProgress(new MigrationProgress(Plan, State, null));
            await Task.Delay(host.LookInterval, cancellationToken);
        }
    }

    /// <summary>Goes to another state: the journal has it before anything else is done.</summary>
    /// <param name="next">The state.</param>
    /// <param name="text">Why, in a few words.</param>
    /// <param name="result">Of an end: what became of the VM.</param>
    /// <param name="must">Whether it is not done where the journal cannot be written.</param>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>.</exception>
    public void To(MigrationState next, string text = "", VMMigrationResult? result = null, bool must = false)
    {
        if (next == State)
        {
            return;
        }

        if (!next.CanFollow(State))
        {
            throw new InvalidOperationException($"{next} does not follow {State}.");
        }

        MigrationEvent happened = run.Event(MigrationEventKind.Transition, text, Plan.Source, Plan.VMName) with { From = State, To = next };
        Write(new JournalEntry { Event = happened, Number = Number, VMId = Id, Result = result is null ? null : JournalResult.Of(result) }, must);
        State = next;
        StoppedAt ??= next == MigrationState.Saving ? happened.Time : null;
        run.Listener.OnProgress(new MigrationProgress(Plan, next, null));
    }

    /// <summary>Writes down that it is told to go on next: from then on it may have run at the destination.</summary>
    public void Resumes()
    {
        MigrationEvent happened = run.Event(MigrationEventKind.Decision, $"goes on at {Plan.Destination}", Plan.Destination, Plan.VMName);
        ResumedAt ??= happened.Time;
        Write(new JournalEntry { Event = happened, Number = Number, Resumed = true }, must: false);
    }

    private void Write(JournalEntry entry, bool must)
    {
        try
        {
            run.Write(entry);
        }
        catch (MigrationException e) when (!must)
        {
            // What has begun is brought to its end without a journal, too.
            run.Note(MigrationEventKind.Trouble, e.Message, Plan.Source, Plan.VMName);
            run.Listener.OnEvent(entry.Event);
        }
    }

    private OfflineJob Job(RunHost host, string step) => new(host.Shell, $"{run.RunId}-{Number}-{step}");
}
