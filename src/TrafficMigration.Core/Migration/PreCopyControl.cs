using TrafficMigration.Kvm;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>What is done about a pre-copy while it runs: it is cancelled, suspended, or switched to post-copy, and why.</summary>
/// <param name="plan">The VM's plan.</param>
/// <param name="run">The run.</param>
/// <param name="isSuspended">Whether an earlier life of the run has suspended the VM.</param>
internal sealed class PreCopyControl(VMMigrationPlan plan, RunContext run, bool isSuspended)
{
    private readonly List<string> _decisions = [];
    private readonly SwitchAdviser _adviser = new(SwitchRules.For(plan, plan.SwitchesToPostCopy || MayAdapt(plan, run.Options)) with
    {
        BandwidthLimitBitsPerSecond = run.Options.BandwidthLimitBitsPerSecond ?? plan.BandwidthLimitBitsPerSecond,
        // QEMU's own default (migrate parameter downtime-limit).
        DowntimeLimit = run.Options.MaxDowntime ?? TimeSpan.FromMilliseconds(300),
    });
    private SwitchDecision? _due;
    private bool _isSwitched;

    /// <summary>Whether libvirt has to be prepared for a switch to post-copy.</summary>
    public bool MaySwitch => plan.Technique == Technique.PreCopy && (plan.SwitchesToPostCopy || MayAdapt(plan, run.Options) || MaySwitchAtTimeout);

    private bool MaySwitchAtTimeout => (run.Options.Timeout ?? run.Options.RunTimeout) is not null
        && run.Options is { TimeoutAction: TimeoutAction.PostCopy, Transport: not MemoryTransport.Tunnelled } && plan.Rate.PostCopyCapable != false;

    /// <summary>Whether a pre-copy may be adapted to the traffic: the VM can be post-copied, and nobody had chosen pre-copy for it.</summary>
    public static bool MayAdapt(VMMigrationPlan plan, RunOptions options) =>
        options.Adaptive && plan is { Technique: Technique.PreCopy, UsesChannels: false } && plan.Rate.PostCopyCapable == true && (plan.Avoids.Length > 0 || plan.SwitchesToPostCopy);

    /// <summary>Whether libvirt has accepted to cancel the pre-copy.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>The limit whose end cancelled the pre-copy; <see langword="null"/> if none did.</summary>
    public TimeSpan? ExceededLimit { get; private set; }

    /// <summary>Whether we have suspended the VM.</summary>
    public bool IsSuspended { get; private set; } = isSuspended;

    /// <summary>What was decided, in order.</summary>
    public IReadOnlyList<string> Decisions => [.. _decisions];

    /// <summary>Does what is due. What libvirt refuses, because it comes a moment too early, is due again at the next look.</summary>
    /// <param name="source">The source.</param>
    /// <param name="job">The job.</param>
    /// <param name="vmId">The VM's UUID.</param>
    /// <param name="figures">The last figures.</param>
    /// <param name="begun">When the migration began.</param>
    /// <param name="number">The VM's number in the run.</param>
    public async Task ActAsync(RunHost source, MigrationJob job, string vmId, JobFigures? figures, DateTimeOffset? begun, int number)
    {
        if (HasStopped || _isSwitched)
        {
            return;
        }

        if (run.Stop.IsCancellationRequested)
        {
            HasStopped = await TellAsync(source, $"domjobabort --domain {ShellText.Quote(vmId)}", "cancelled by the user", number);
        }
        else if (!IsSuspended && Exceeded(begun) is { } limit)
        {
            await TimeOutAsync(source, job, vmId, limit, number);
        }
        else if (MaySwitch && figures is not null && !(plan.StorageCopy != StorageCopy.None && figures.IsMirroringDisks))
        {
            await AdaptAsync(source, job, vmId, figures.Memory, number);
        }
    }

    private async Task AdaptAsync(RunHost source, MigrationJob job, string vmId, JobFigures figures, int number)
    {
        LiveTraffic? traffic = MayAdapt(plan, run.Options) ? run.Traffic?.Now(plan) : null;
        _due ??= _adviser.Look(figures, traffic, DateTimeOffset.Now);
        switch (_due)
        {
            case { Switches: true } when plan.SwitchesToPostCopy || MayAdapt(plan, run.Options):
                // Due until libvirt has taken it.
                await SwitchAsync(source, job, vmId, _due.ToString(), number, _due);
                break;
            case { Switches: false }:
                _decisions.Add(_due.ToString());
                run.Note(MigrationEventKind.Decision, _due.ToString(), plan.Source, plan.VMName, number, _due);
                _due = null;
                break;
        }
    }

    private TimeSpan? Exceeded(DateTimeOffset? begun) =>
        run.RunTimeout.IsCancellationRequested ? run.Options.RunTimeout
        : run.Options.Timeout is { } limit && DateTimeOffset.Now - begun > limit ? limit
        : null;

    private async Task TimeOutAsync(RunHost source, MigrationJob job, string vmId, TimeSpan limit, int number)
    {
        string why = FormattableString.Invariant($"its time of {limit.TotalSeconds:0.#} s is over");
        switch (run.Options.TimeoutAction)
        {
            case TimeoutAction.PostCopy when MaySwitch:
                await SwitchAsync(source, job, vmId, $"switched to post-copy: {why}", number);
                break;
            case TimeoutAction.Suspend:
                await SuspendAsync(source, vmId, why, number);
                break;
            default:
                HasStopped = await TellAsync(source, $"domjobabort --domain {ShellText.Quote(vmId)}", $"cancelled: {why}", number);
                ExceededLimit = HasStopped ? limit : null;
                break;
        }
    }

    private async Task SuspendAsync(RunHost source, string vmId, string why, int number)
    {
        try
        {
            // On the disk first: whoever takes the run up must know that the VM does not stand still by its owner's wish.
            run.Write(new JournalEntry
            {
                Event = run.Event(MigrationEventKind.Decision, $"suspends the VM: {why}", plan.Source, plan.VMName), Number = number, Suspended = true,
            });
        }
        catch (MigrationException)
        {
            // So without a journal it is not suspended; the pre-copy goes on. That the journal is full is told elsewhere.
            return;
        }

        IsSuspended = true;
        _decisions.Add($"suspended the VM: {why}");
        await source.VirshAsync([$"suspend --domain {ShellText.Quote(vmId)}"], run.Leave);
    }

    private async Task SwitchAsync(RunHost source, MigrationJob job, string vmId, string why, int number, SwitchDecision? figures = null)
    {
        _isSwitched = await TellAsync(source, $"migrate-postcopy --domain {ShellText.Quote(vmId)}", why, number, figures);
        if (_isSwitched)
        {
            await job.MarkSwitchedAsync(vmId, run.Leave);
        }
    }

    private async Task<bool> TellAsync(RunHost source, string command, string decision, int number, SwitchDecision? figures = null)
    {
        if (VirshAnswers.IsError((await source.VirshAsync([command], run.Leave))[0]))
        {
            return false;
        }

        _decisions.Add(decision);
        run.Note(MigrationEventKind.Decision, decision, plan.Source, plan.VMName, number, figures);
        return true;
    }
}
