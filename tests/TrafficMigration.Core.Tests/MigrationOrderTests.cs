using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What of a plan and of the options reaches the hosts: turns, budgets, limits, the switch.</summary>
public sealed class MigrationOrderTests
{
    [Fact]
    public async Task Migrations_start_by_their_turn_and_within_the_budget()
    {
        var site = new FakeSite();
        // Turns against the order of the names.
        VMMigrationPlan[] plans = [.. Enumerable.Range(0, 6).Select(i => Plan($"vm{i}", i % 2 == 0 ? "a" : "b") with { Order = 6 - i })];

        await Run(site, plans, new RunOptions { Budget = new MigrationBudget(ThrottleLimit: 3, MaxIncomingPerHost: 1) });

        // Which of two destinations is free first is chance; to each of them the turns count.
        string[] starts = [.. site.Starts.Select(s => s[0])];
        Assert.Equal(["vm4", "vm5"], starts.Take(2).Order());
        Assert.Equal(["vm5", "vm3", "vm1"], starts.Where(vm => vm is "vm1" or "vm3" or "vm5"));
        Assert.Equal(["vm4", "vm2", "vm0"], starts.Where(vm => vm is "vm0" or "vm2" or "vm4"));
        Assert.Equal(2, site.MostAtOnce);
        Assert.Equal(1, site.MostInto["a"]);
    }

    [Fact]
    public async Task Limits_reach_virsh_in_MiB_per_second_and_only_what_may_switch_can()
    {
        var site = new FakeSite();
        VMMigrationPlan limited = Plan("vm1", "a") with { BandwidthLimitBitsPerSecond = 7 * VMMigrationPlan.BandwidthStep };
        VMMigrationPlan switching = Plan("vm2", "a") with { SwitchesToPostCopy = true };

        await Run(site, [limited, switching], new RunOptions { Adaptive = false });

        Assert.Equal([("vm1", "7", ""), ("vm2", "", "switch")], site.Starts.Select(s => (s[0], s[3], s[4])).OrderBy(s => s.Item1));
    }

    [Fact]
    public async Task Options_of_the_run_go_before_the_plan()
    {
        var site = new FakeSite();
        VMMigrationPlan limited = Plan("vm1", "a") with { BandwidthLimitBitsPerSecond = 7 * VMMigrationPlan.BandwidthStep };

        await Run(site, [limited], new RunOptions { BandwidthLimitBitsPerSecond = (3 * VMMigrationPlan.BandwidthStep) + 5, MaxDowntime = TimeSpan.FromMilliseconds(450) });

        string[] start = Assert.Single(site.Starts);
        Assert.Equal(("3", "450"), (start[3], start[5]));
    }

    [Fact]
    public async Task A_stage_starts_when_all_of_the_one_before_have_ended()
    {
        var site = new FakeSite();
        // By turn and budget alone all four would start at once.
        VMMigrationPlan[] plans = [.. Enumerable.Range(0, 4).Select(i => Plan($"vm{i}", "a") with { Order = i + 1, Stage = 1 + (i / 2) })];

        await Run(site, plans, new RunOptions());

        Assert.Equal(["vm0", "vm1"], site.Starts.Take(2).Select(s => s[0]).Order());
        Assert.Equal(2, site.MostAtOnce);
    }

    [Fact]
    public void A_run_that_is_taken_up_again_knows_stages_and_gangs()
    {
        VMMigrationPlan kept = JournalPlan.Of(Plan("vm1", "a") with { Stage = 3, Gang = 2 }).ToPlan(1);

        Assert.Equal((3, 2), (kept.Stage, kept.Gang));
    }

    private static VMMigrationPlan Plan(string vm, string destination) => MigrationRunTests.Plan(vm, "kvm1", destination, Technique.PreCopy);

    private static async Task Run(FakeSite site, VMMigrationPlan[] plans, RunOptions options)
    {
        foreach (VMMigrationPlan plan in plans)
        {
            site.Play(plan.VMName, [new Scene("running (booted)"), .. Enumerable.Repeat(Scene.Flowing, 30), Scene.Moved]);
        }

        using var journals = new TemporaryStore();
        var listener = new Listener();
        await new MigrationRun(journals.Store, site.ConnectAsync, listener).StartAsync(plans, options with { Pace = FakeSite.Pace, SkipPreflight = true }, TestContext.Current.CancellationToken, CancellationToken.None);
        Assert.Equal(plans.Length, listener.Results.Count);
        Assert.All(listener.Results, r => Assert.Equal(MigrationOutcome.Completed, r.Outcome));
    }
}
