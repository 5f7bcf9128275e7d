using System.Text.RegularExpressions;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>Takes up a post-copy whose memory stream broke.</summary>
/// <remarks>
/// Most often nothing is to be done. A link that was cut lets the stream live: when the link is back QEMU goes on by
/// itself, though libvirt, whose own connection broke after 30 s, says "post-copy failed" and would refuse to recover
/// ("QEMU reports migration is still running"). Only when QEMU itself has given up the stream ("postcopy-paused",
/// as after a reset) must libvirt be asked, and not every libvirt may be: see <see cref="CanBeAsked"/>.
/// </remarks>
internal sealed partial class PostCopyRecovery(VMMigrationPlan plan, RunContext run, int number)
{
    private int _attempts;
    private MigrationJob? _attempt;
    private DateTime _last = DateTime.UtcNow;
    private bool _hasTold;

    /// <summary>Whether QEMU has given up the stream and the destination's libvirt cannot be asked to take it up.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>Begins an attempt, if QEMU needs one, libvirt can make one, and none was made just now.</summary>
    /// <returns>Whether one was begun.</returns>
    public async Task<bool> BeginAsync(RunHost source, RunHost destination, string vmId)
    {
        if (DateTime.UtcNow - _last < run.Options.Pace.Recovery)
        {
            return false;
        }

        _last = DateTime.UtcNow;
        if (!await IsPausedAsync(source, vmId))
        {
            return false;
        }

        string version = string.Join(' ', (await destination.VirshAsync(["version --daemon"], run.Leave))[0]);
        if (!CanBeAsked(version))
        {
            // QEMU may still be trying: one look more.
            IsHopeless = _hasTold;
            _hasTold = true;
            return false;
        }

        await ForgetAsync();
        // A resumed run must not take an attempt of its former life for its own.
        _attempt = new MigrationJob(source.Shell, FormattableString.Invariant($"{run.RunId}-{number}r{++_attempts}t{DateTime.UtcNow:HHmmss}"));
        await _attempt.StartAsync(
            new JobOrder
            {
                VMId = vmId, Destination = plan.Destination, Address = plan.MigrationAddress, Technique = Technique.PostCopy, Recovers = true,
                IsTls = run.Options.Transport == MemoryTransport.Tls,
            },
            run.Leave);
        return true;
    }

    /// <summary>Whether the destination's libvirt can be asked to recover, by what <c>virsh version --daemon</c> says there.</summary>
    /// <remarks>
    /// libvirt 11.3.0 ends with a segmentation fault in the destination's daemon at each attempt (measured; the incoming
    /// migration is prepared with a file descriptor that is not there). The interface that it trips over came with 11.2.0,
    /// and no later version is known to us to be free of it. An attempt would turn a VM that waits into one that no daemon knows.
    /// </remarks>
    internal static bool CanBeAsked(string version) =>
        VersionText().Match(version) is { Success: true } match
        && Version.Parse(match.Groups[1].Value) is { } daemon && daemon >= new Version(8, 5, 0) && daemon < new Version(11, 2, 0);

    /// <summary>Whether QEMU at the source has given up the stream (QMP query-migrate, MigrationStatus).</summary>
    private async Task<bool> IsPausedAsync(RunHost source, string vmId)
    {
        IReadOnlyList<string> answer = (await source.VirshAsync(
            [$"qemu-monitor-command --domain {ShellText.Quote(vmId)} {ShellText.Quote("{\"execute\":\"query-migrate\"}")}"], run.Leave))[0];
        return answer.Any(l => l.Contains("\"status\":\"postcopy-paused\"", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"daemon: *(\d+\.\d+\.\d+)")]
    private static partial Regex VersionText();

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
