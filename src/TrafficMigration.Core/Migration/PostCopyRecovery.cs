using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>Takes up a post-copy whose memory stream broke.</summary>
/// <remarks>
/// libvirt says "post-copy failed" also when only its own connection broke and QEMU still sends: then it refuses to
/// recover, and QEMU ends by itself. So an attempt costs nothing, and is made again as long as both ends wait.
/// </remarks>
internal sealed class PostCopyRecovery(VMMigrationPlan plan, RunContext run, int number)
{
    private int _attempts;
    private MigrationJob? _attempt;
    private DateTime _last = DateTime.UtcNow;

    /// <summary>Begins an attempt, if none was made just now.</summary>
    /// <returns>Whether one was begun.</returns>
    public async Task<bool> BeginAsync(RunHost source, string vmId)
    {
        // The first is not made at once either: a link that is back lets QEMU go on by itself.
        if (DateTime.UtcNow - _last < run.Options.Pace.Recovery)
        {
            return false;
        }

        _last = DateTime.UtcNow;
        await ForgetAsync();
        // A resumed run must not take an attempt of its former life for its own.
        _attempt = new MigrationJob(source.Shell, FormattableString.Invariant($"{run.RunId}-{number}r{++_attempts}t{DateTime.UtcNow:HHmmss}"));
        await _attempt.StartAsync(
            new JobOrder
            {
                VMId = vmId, Destination = plan.Destination, Address = plan.MigrationAddress, Technique = Technique.PostCopy, Recovers = true,
            },
            run.Leave);
        return true;
    }

    /// <summary>Whether an attempt is running.</summary>
    public async Task<bool> RunsAsync(RunHost source)
    {
        if (_attempt is null || (await _attempt.ReadAsync(run.Leave)) is not { HasEnded: true } marks)
        {
            return _attempt is not null;
        }

        if (marks.ExitCode != 0)
        {
            run.Note(MigrationEventKind.Trouble, $"the post-copy could not be taken up yet: {marks.Said}", source.Name, plan.VMName, number);
        }

        await ForgetAsync();
        return false;
    }

    /// <summary>Removes the marks of the last attempt.</summary>
    public async Task ForgetAsync()
    {
        if (_attempt is not null)
        {
            await _attempt.ForgetAsync(run.Leave);
            _attempt = null;
        }
    }
}
