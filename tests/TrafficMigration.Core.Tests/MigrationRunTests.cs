using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What the executor makes of the hosts' answers; the answers are those that virsh 11.3 gave in the lab.</summary>
public sealed class MigrationRunTests : IDisposable
{
    private const string Completed =
        "@completed\nevent 'job-completed' for domain 'vm1':\n\toperation: 5\n\tdowntime: 7\n\tsetup_time: 3\n\tdata_total: 269230080\n\tdata_processed: 217484654\n\tdata_remaining: 0\nevents received: 1\n";

    private readonly TemporaryStore _journals = new();

    public void Dispose() => _journals.Dispose();

    [Fact]
    public async Task A_completed_post_copy_has_libvirts_figures_and_the_hosts_times()
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, new Scene("paused (post-copy)", "running (post-copy)", Scene.Active, Scene.Begun),
            Scene.Moved with { Marks = Scene.Ended(0, "", Completed + "@switched\n1795589961.96\n@atswitch\ndata_processed: 4616866\n") });

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);

        Assert.Null(result.Error);
        Assert.Equal((MigrationOutcome.Completed, Technique.PostCopy), (result.Outcome, result.TechniqueUsed));
        Assert.Equal((217484654, TimeSpan.FromMilliseconds(7)), (result.BytesTransferred, result.Downtime));
        Assert.Equal((4616866, 217484654 - 4616866), (result.PreCopyBytes, result.PostCopyBytes));
        Assert.Equal((41.08, 0.003), (Math.Round(result.TotalTime!.Value.TotalSeconds, 2), result.SetupTime!.Value.TotalSeconds));
        Assert.Equal(
            ["Preflight", "PreCopying", "PostCopying", "CleaningUp", "Done"],
            _journals.Last.Events.Where(e => e.To is not null).Select(e => e.To.ToString()));
        Assert.Equal(MigrationRunState.Ended, _journals.Last.State);
    }

    [Fact]
    public async Task The_hosts_decide_and_not_virshs_exit_code()
    {
        // Measured: a link that was cut in post-copy makes virsh fail, while QEMU finishes.
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing,
            Scene.Moved with { Marks = Scene.Ended(1, "error: client socket is closed", "@switched\n1795589961.96\n") });

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);
        Assert.Equal((MigrationOutcome.Completed, Technique.PostCopy), (result.Outcome, result.TechniqueUsed));
    }

    [Fact]
    public async Task A_failure_says_what_libvirt_said_and_that_the_VM_stayed()
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), new Scene("running (booted)", null, "", Scene.Ended(1, "error: Host key verification failed.")));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Failed, "MigrationFailed"), (result.Outcome, result.Error!.ErrorId));
        Assert.Null(result.TechniqueUsed);
        Assert.Contains("Host key verification failed", result.Error.Message, StringComparison.Ordinal);
        Assert.Contains("runs at 'kvm1' as before", result.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("running (booted)", "running (booted)", "VMAlreadyAtDestination")]
    [InlineData("running (booted)", "paused (migrating)", "VMAlreadyAtDestination")]
    [InlineData(null, null, "VMNotFound")]
    [InlineData("shut off (destroyed)", null, "VMNotRunning")]
    [InlineData("paused (user)", "shut off (migrated)", "VMNotRunning")]
    public async Task What_the_plan_assumed_is_checked_before_anything_starts(string? source, string? destination, string errorId)
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene(source, destination));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Failed, errorId), (result.Outcome, result.Error!.ErrorId));
        Assert.Empty(site.Starts);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("shut off (migrated)")]
    public async Task A_VM_that_an_earlier_run_has_moved_is_left_alone_and_no_error(string? source)
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene(source, "running (migrated)"));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.AlreadyThere, null), (result.Outcome, result.Error));
        Assert.Empty(site.Starts);
    }

    [Theory]
    [InlineData("shut off (shutdown)", null, "VMStopped")]
    [InlineData(null, "shut off (shutdown)", "VMStopped")]
    [InlineData("paused (post-copy failed)", null, "VMMemoryLost")]
    [InlineData("shut off (crashed)", "running (post-copy failed)", "VMMemoryLost")]
    public async Task A_VM_that_ended_meanwhile_is_no_success_and_no_failure_to_move(string? source, string? destination, string errorId)
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, new Scene(source, destination, "", Scene.Ended(1, "error: domain is not running")));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy, new RunOptions { ReconnectTimeout = TimeSpan.Zero });
        Assert.Equal((MigrationOutcome.Failed, errorId), (result.Outcome, result.Error!.ErrorId));
    }

    [Fact]
    public async Task A_guest_that_shuts_down_in_post_copy_leaves_nothing_at_the_source_that_could_be_resumed()
    {
        var site = new FakeSite();
        var split = new Scene("paused (post-copy)", "running (post-copy)", Scene.Active, Scene.Begun);
        site.Play(
            "vm1",
            [new Scene("running (booted)"), split,
            .. Enumerable.Repeat(new Scene("paused (post-copy failed)", "shut off (shutdown)", "", Scene.Ended(1, "error: domain is not running")), 4),
            new Scene(null, "shut off (shutdown)", "", Scene.Ended(1, "error: domain is not running"))]);

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);

        Assert.Equal((MigrationOutcome.Failed, "VMStopped"), (result.Outcome, result.Error!.ErrorId));
        Assert.Contains("discard vm1", site.Told);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_made_anew_and_the_run_goes_on()
    {
        FakeSite site = null!;
        site = new FakeSite { OnLook = (_, left) => site.LoseNext(left == 3 ? 2 : 0) };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, Scene.Flowing, Scene.Moved);

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal(MigrationOutcome.Completed, result.Outcome);
        Assert.Single(site.Starts);
        Assert.True(site.Connections > 2);
        Assert.Contains(_journals.Last.Events, e => e.Kind == MigrationEventKind.Trouble);
    }

    [Fact]
    public async Task A_host_that_stays_away_leaves_the_end_open_and_the_run_can_be_resumed()
    {
        FakeSite site = null!;
        site = new FakeSite { OnLook = (_, left) => site.LoseNext(left == 1 ? int.MaxValue : 0) };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing);

        VMMigrationResult result = await RunOne(site, Technique.PreCopy, new RunOptions { ReconnectTimeout = TimeSpan.Zero });

        Assert.Equal((MigrationOutcome.Unclear, "MigrationUnobserved"), (result.Outcome, result.Error!.ErrorId));
        Assert.Equal(MigrationRunState.Interrupted, _journals.Last.State);

        var later = new FakeSite();
        later.Play("vm1", Scene.Moved);
        result = await Resume(later);
        Assert.Equal((MigrationOutcome.Completed, MigrationRunState.Ended), (result.Outcome, _journals.Last.State));
        Assert.Empty(later.Starts);
    }

    [Fact]
    public async Task Cancelling_aborts_a_running_pre_copy_and_waits_for_its_end()
    {
        using var stop = new CancellationTokenSource();
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, new Scene("running (booted)", null, "", Scene.Ended(1, "error: operation aborted")));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy, null, stop, seen =>
        {
            if (seen.State == MigrationState.PreCopying)
            {
                stop.Cancel();
            }
        });

        Assert.Equal((MigrationOutcome.Cancelled, "MigrationCancelled"), (result.Outcome, result.Error!.ErrorId));
        Assert.Equal(["start vm1 PreCopy", "domjobabort vm1"], site.Told.Where(t => t != "forget"));
    }

    [Fact]
    public async Task A_post_copy_is_never_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var site = new FakeSite();
        var split = new Scene("paused (post-copy)", "running (post-copy)", Scene.Active, Scene.Begun);
        site.Play("vm1", new Scene("running (booted)"), split, split, split, Scene.Moved);

        VMMigrationResult result = await RunOne(site, Technique.PostCopy, new RunOptions { Timeout = TimeSpan.FromTicks(1) }, stop, seen =>
        {
            if (seen.State == MigrationState.PostCopying)
            {
                stop.Cancel();
            }
        });

        Assert.Equal(MigrationOutcome.Completed, result.Outcome);
        Assert.Equal(["start vm1 PostCopy"], site.Told.Where(t => t != "forget"));
    }

    [Fact]
    public async Task A_broken_post_copy_is_taken_up_again()
    {
        var site = new FakeSite();
        var broken = new Scene("paused (post-copy failed)", "paused (post-copy failed)", "", Scene.Ended(1, "error: client socket is closed"));
        site.Play("vm1", [new Scene("running (booted)"), .. Enumerable.Repeat(broken, 8), new Scene("paused (post-copy)", "running (post-copy)", Scene.Active, Scene.Begun), Scene.Moved]);

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);

        Assert.Null(result.Error);
        Assert.Equal(["start vm1 PostCopy", "start vm1 Recover"], site.Told.Take(2));
        Assert.Contains(_journals.Last.Events, e => e.To == MigrationState.Recovering);
    }

    [Fact]
    public async Task A_libvirt_that_would_end_is_not_asked_and_the_user_learns_what_waits_where()
    {
        var site = new FakeSite { Daemon = "11.3.0" };
        var broken = new Scene("paused (post-copy failed)", "running (post-copy failed)", "", Scene.Ended(1, "error: client socket is closed"));
        site.Play("vm1", new Scene("running (booted)"), broken);

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);

        Assert.Equal((MigrationOutcome.Unclear, "PostCopyBroken"), (result.Outcome, result.Error!.ErrorId));
        Assert.Equal(["start vm1 PostCopy"], site.Told.Where(t => t != "forget"));
        Assert.Equal(MigrationRunState.Interrupted, _journals.Last.State);
    }

    [Fact]
    public async Task A_stream_that_QEMU_still_holds_is_only_watched()
    {
        // Measured: after 45 s without a link libvirt says "failed", and QEMU goes on as soon as the link is back.
        var site = new FakeSite();
        var waiting = new Scene("paused (post-copy failed)", "running (post-copy)", Scene.Active, Scene.Ended(1, "error: client socket is closed"));
        site.Play("vm1", [new Scene("running (booted)"), Scene.Flowing, .. Enumerable.Repeat(waiting, 20), Scene.Moved]);

        VMMigrationResult result = await RunOne(site, Technique.PostCopy);

        Assert.Equal(MigrationOutcome.Completed, result.Outcome);
        Assert.Equal(["start vm1 PostCopy"], site.Told.Where(t => t != "forget"));
        Assert.Contains(_journals.Last.Events, e => e.To == MigrationState.PostCopyPaused);
        // Not the 41 s after which virsh gave up.
        Assert.InRange(result.TotalTime!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData(TimeoutAction.Cancel, "domjobabort vm1", "MigrationTimedOut")]
    [InlineData(TimeoutAction.PostCopy, "migrate-postcopy vm1", null)]
    [InlineData(TimeoutAction.Suspend, "suspend vm1", null)]
    public async Task A_timeout_does_what_was_chosen_and_says_so(TimeoutAction action, string told, string? errorId)
    {
        var site = new FakeSite();
        Scene end = errorId is null ? Scene.Moved : new Scene("running (booted)", null, "", Scene.Ended(1, "error: operation aborted"));
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, Scene.Flowing, end);

        VMMigrationResult result = await RunOne(site, Technique.PreCopy, new RunOptions { Timeout = TimeSpan.FromTicks(1), TimeoutAction = action });

        Assert.Equal(["start vm1 PreCopy", told], site.Told.Where(t => t != "forget"));
        Assert.Equal(errorId, result.Error?.ErrorId);
        Assert.Single(result.Decisions);
    }

    [Fact]
    public async Task A_host_that_another_run_has_is_refused_with_who_has_it()
    {
        var site = new FakeSite { Lease = "busy 0123456789 root@other since 2026-11-25 03:00:00 +00:00" };
        site.Play("vm1", new Scene("running (booted)"));

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Failed, "HostBusy"), (result.Outcome, result.Error!.ErrorId));
        Assert.Contains("root@other since 2026-11-25 03:00:00", result.Error.Message, StringComparison.Ordinal);
        Assert.Empty(site.Starts);
    }

    [Fact]
    public async Task A_VM_whose_turn_never_came_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"));
        VMMigrationResult result = await RunOne(site, Technique.PreCopy, null, stop);
        Assert.Equal((MigrationOutcome.Cancelled, 0), (result.Outcome, site.Starts.Count));
    }

    [Fact]
    public async Task An_end_that_is_unclear_keeps_its_marks_and_is_judged_anew_later()
    {
        var site = new FakeSite();
        var both = new Scene("running (booted)", "running (migrated)", "", Scene.Ended(1, "error: client socket is closed", "@persistent\n"));
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, both);

        VMMigrationResult result = await RunOne(site, Technique.PreCopy);

        Assert.Equal((MigrationOutcome.Unclear, MigrationState.CleaningUp), (result.Outcome, _journals.Last.VirtualMachines[0].State));
        Assert.DoesNotContain("forget", site.Told);

        var later = new FakeSite();
        // Somebody else has begun another job meanwhile: that is not ours to drive.
        later.Play("vm1", new Scene("running (booted)", null, Scene.Active, Scene.Ended(1, "error: client socket is closed")));
        result = await Resume(later);
        Assert.Equal((MigrationOutcome.Failed, MigrationRunState.Ended), (result.Outcome, _journals.Last.State));
        Assert.Contains("forget", later.Told);
    }

    [Fact]
    public async Task Whoever_leaves_learns_what_is_left_and_can_take_it_up_again()
    {
        using var leave = new CancellationTokenSource();
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing);
        var listener = new Listener { Progressed = _ => leave.Cancel() };

        await new MigrationRun(_journals.Store, site.ConnectAsync, listener).StartAsync(
            [Plan("vm1", "kvm1", "a", Technique.PreCopy)], new RunOptions { Pace = FakeSite.Pace, SkipPreflight = true }, TestContext.Current.CancellationToken, leave.Token);

        VMMigrationResult result = Assert.Single(listener.Results);
        Assert.Equal((MigrationOutcome.Unclear, "MigrationLeft"), (result.Outcome, result.Error!.ErrorId));
        Assert.Equal((MigrationRunState.Interrupted, MigrationState.PreCopying), (_journals.Last.State, _journals.Last.VirtualMachines[0].State));
        Assert.DoesNotContain("domjobabort vm1", site.Told);
    }

    [Fact]
    public async Task A_run_that_is_driven_is_running_and_nobody_else_can_drive_it()
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, Scene.Moved);
        var seen = new List<MigrationRunState>();
        string? refused = null;

        await RunOne(site, Technique.PreCopy, onProgress: _ =>
        {
            seen.Add(_journals.Last.State);
            refused ??= Assert.ThrowsAsync<MigrationException>(() => new MigrationRun(_journals.Store, site.ConnectAsync, new Listener())
                .ResumeAsync(_journals.Last.Id, CancellationToken.None, CancellationToken.None)).GetAwaiter().GetResult().ErrorId;
        });

        Assert.All(seen, s => Assert.Equal(MigrationRunState.Running, s));
        Assert.Equal("RunIsDriven", refused);
        Assert.Equal(MigrationRunState.Ended, _journals.Last.State);
    }

    internal static VMMigrationPlan Plan(string vm, string source, string destination, Technique technique) => Planner.CreatePlan(
        new PlanRequest
        {
            Rates = [new VMTrafficRate { HostName = source, VMName = vm, VMId = vm, TxBitsPerSecond = 1, RxBitsPerSecond = 1 }],
            Destinations = [new HostTraffic { HostName = destination }],
            Strategy = technique == Technique.PreCopy ? Strategy.PreCopy : Strategy.PostCopy, CreatedAt = DateTimeOffset.UnixEpoch,
        },
        CancellationToken.None)[0];

    private async Task<VMMigrationResult> RunOne(
        FakeSite site, Technique technique, RunOptions? options = null, CancellationTokenSource? stop = null, Action<MigrationProgress>? onProgress = null)
    {
        var listener = new Listener { Progressed = onProgress ?? (_ => { }) };
        await new MigrationRun(_journals.Store, site.ConnectAsync, listener).StartAsync(
            [Plan("vm1", "kvm1", "a", technique)], (options ?? new RunOptions()) with { Pace = FakeSite.Pace, SkipPreflight = true }, stop?.Token ?? TestContext.Current.CancellationToken, CancellationToken.None);
        return Assert.Single(listener.Results);
    }

    private async Task<VMMigrationResult> Resume(FakeSite site)
    {
        var listener = new Listener();
        await new MigrationRun(_journals.Store, site.ConnectAsync, listener).ResumeAsync(
            _journals.Last.Id, TestContext.Current.CancellationToken, CancellationToken.None);
        return Assert.Single(listener.Results);
    }
}
