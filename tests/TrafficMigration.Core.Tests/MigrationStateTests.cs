using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using Xunit;
using static TrafficMigration.Migration.MigrationState;

namespace TrafficMigration.Tests;

/// <summary>The table of transitions, and which state the hosts' answers mean.</summary>
public sealed class MigrationStateTests
{
    private static readonly MigrationState[] All = Enum.GetValues<MigrationState>();

    [Fact]
    public void Every_pair_of_states_is_decided_and_only_these_may_follow()
    {
        // The rows of the table once more, written down apart from it.
        string[] expected =
        [
            "Planned: Preflight Failed Cancelled",
            "Preflight: PreCopying PostCopying PostCopyPaused Saving Undoing CleaningUp Done Failed Cancelled",
            "PreCopying: PostCopying PostCopyPaused CleaningUp",
            "PostCopying: PostCopyPaused CleaningUp",
            "PostCopyPaused: PostCopying Recovering CleaningUp",
            "Recovering: PostCopying PostCopyPaused CleaningUp",
            "Saving: Copying Undoing",
            "Copying: Loading Undoing",
            "Loading: Resuming Undoing",
            "Resuming: Done Failed",
            "Undoing: Failed Cancelled",
            "CleaningUp: Done Failed Cancelled",
            "Done:",
            "Failed:",
            "Cancelled:",
        ];

        Assert.Equal(expected, All.Select(from => $"{from}: {string.Join(' ', All.Where(to => to.CanFollow(from)))}".TrimEnd()));
    }

    [Fact]
    public void Every_state_is_reached_and_leads_to_an_end()
    {
        Assert.Equal(All, Reachable(Planned).Order());
        Assert.All(All, state => Assert.Contains(Reachable(state), s => s.IsEnd()));
    }

    [Fact]
    public void From_post_copy_no_way_leads_back_to_pre_copy_nor_past_the_question_where_the_VM_is()
    {
        foreach (MigrationState state in All.Where(s => s.IsPostCopy()))
        {
            Assert.DoesNotContain(PreCopying, Reachable(state));
            Assert.DoesNotContain(MigrationStates.Transitions[state], s => s.IsEnd());
        }
    }

    [Theory]
    [InlineData("running (booted)", null, true, false, PreCopying, PreCopying)]
    [InlineData("running (booted)", null, false, false, PreCopying, PreCopying)] // the job has not begun yet
    [InlineData("paused (migrating)", null, true, false, PreCopying, PreCopying)]
    [InlineData("paused (post-copy)", null, true, false, PreCopying, PostCopying)]
    [InlineData("paused (post-copy)", null, false, true, PostCopyPaused, PostCopying)] // it went on by itself
    [InlineData("paused (post-copy failed)", "running (post-copy)", true, true, PostCopying, PostCopyPaused)]
    [InlineData("paused (post-copy failed)", "paused (post-copy failed)", false, true, PostCopyPaused, PostCopyPaused)]
    [InlineData("paused (post-copy failed)", "", false, true, PostCopying, CleaningUp)] // QEMU has ended there
    [InlineData("running (booted)", null, false, true, PreCopying, CleaningUp)]
    [InlineData("paused (user)", null, false, true, PreCopying, CleaningUp)]
    [InlineData("", null, false, false, PostCopying, CleaningUp)]
    [InlineData("shut off (migrated)", null, false, true, PreCopying, CleaningUp)]
    [InlineData("paused (migrating)", null, true, false, PostCopying, PostCopying)] // no way back
    public void The_hosts_answers_say_which_state_it_is(string here, string? there, bool job, bool ended, MigrationState before, MigrationState expected)
    {
        var look = new MigrationLook(State(here)!, State(there), job, ended, RecoveryRuns: false);
        Assert.Equal(expected, look.Next(before));
    }

    [Fact]
    public void An_attempt_to_recover_is_a_state_of_its_own_until_it_has_ended()
    {
        var look = new MigrationLook(State("paused (post-copy failed)")!, State("paused (post-copy failed)"), false, true, RecoveryRuns: true);
        Assert.Equal(Recovering, look.Next(PostCopyPaused));
        Assert.Equal(PostCopyPaused, (look with { RecoveryRuns = false }).Next(Recovering));
        Assert.Equal(PostCopying, (look with { Here = State("paused (post-copy)")! }).Next(Recovering));
    }

    [Fact]
    public void Whatever_the_hosts_say_the_next_state_may_follow()
    {
        string[] states = ["", "running (booted)", "running (post-copy)", "paused (migrating)", "paused (post-copy)", "paused (post-copy failed)", "paused (user)", "shut off (destroyed)"];
        bool[] both = [true, false];
        foreach (MigrationState before in All.Where(s => !s.IsEnd() && s is not (CleaningUp or Planned or Saving or Copying or Loading or Resuming or Undoing)))
        {
            foreach (var (here, there, job, ended, recovers) in
                from h in states from t in states from j in both from e in both from r in both select (h, t, j, e, r))
            {
                MigrationState next = new MigrationLook(State(here)!, State(there), job, ended, recovers && before is PostCopyPaused or Recovering).Next(before);
                Assert.True(next == before || next.CanFollow(before), $"{before} -> {next} on {here}, {there}");
            }
        }
    }

    private static DomainState? State(string? text) =>
        text is null ? null : text.Length == 0 ? DomainState.Absent : DomainQueries.ParseState(text);

    private static HashSet<MigrationState> Reachable(MigrationState from)
    {
        var seen = new HashSet<MigrationState> { from };
        var open = new Stack<MigrationState>(seen);
        while (open.TryPop(out MigrationState state))
        {
            foreach (MigrationState next in MigrationStates.Transitions[state].Where(seen.Add))
            {
                open.Push(next);
            }
        }

        return seen;
    }
}
