using CsCheck;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;
using Xunit;
using static TrafficMigration.Tests.MutualTrafficTests;

namespace TrafficMigration.Tests;

/// <summary>How migrations follow each other where VMs talk to each other: what a user asks for, and what is chosen.</summary>
public sealed class GangScheduleTests
{
    // By name the pairs are torn: a talks with c, b with d.
    private static readonly VMTrafficRate[] TwoPairs =
        [Rate("a", ("c", 300)), Rate("b", ("d", 300)), Rate("c", ("a", 300)), Rate("d", ("b", 300))];

    private static readonly Gen<VMTrafficRate[]> Talkative = Gen.Select(
        Gen.Select(Gen.Long[0, 300], Gen.Long[0, 300], Gen.Long[1, 8]).Array[2, 7],
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6], Gen.Long[1, 400]).Array[1, 6],
        (vms, flows) => vms.Select((v, i) => Rate($"vm{i}", v.Item1, v.Item2, [.. flows
            .Where(f => f.Item1 == i && f.Item2 < vms.Length && f.Item2 != i).DistinctBy(f => f.Item2).Select(f => ($"vm{f.Item2}", f.Item3))])
            with { MemoryBytes = v.Item3 << 28 }).ToArray());

    [Fact]
    public void A_throttle_does_not_tear_pairs()
    {
        IReadOnlyList<VMMigrationPlan> plan = Plan(MigrationSchedule.Auto, 2);

        Assert.Equal([1, 2, 1, 2], plan.Select(p => p.Gang));
        Assert.Equal(["a", "c"], plan.Where(p => p.PredictedStart == TimeSpan.Zero).Select(p => p.VMName));
        Assert.Equal(0, plan[0].Plan.PredictedApartBytes);
        Assert.True(Plan(MigrationSchedule.Waves, 2)[0].Plan.PredictedApartBytes > 0);
    }

    [Theory]
    [InlineData(MigrationSchedule.Serial, 0, "1 2 3 4")]
    [InlineData(MigrationSchedule.Waves, 2, "1 1 2 2")]
    [InlineData(MigrationSchedule.Waves, 3, "1 1 1 2")]
    [InlineData(MigrationSchedule.Gangs, 0, "1 2 1 2")]
    [InlineData(MigrationSchedule.Parallel, 0, "   ")]
    public void A_schedule_is_stages(MigrationSchedule schedule, int limit, string stages)
    {
        IReadOnlyList<VMMigrationPlan> plan = Plan(schedule, limit);

        Assert.Equal(stages, string.Join(' ', plan.Select(p => p.Stage)));
        Assert.Equal(schedule, plan[0].Plan.Schedule);
        // As predicted, a stage starts when the one before has ended.
        foreach (VMMigrationPlan late in plan.Where(p => p.Stage > 1))
        {
            double begins = plan.Where(p => p.Stage < late.Stage).Max(p => (p.PredictedStart!.Value + p.PredictedDuration!.Value).TotalSeconds);
            Assert.InRange(late.PredictedStart!.Value.TotalSeconds, begins - 0.02, double.MaxValue);
        }
    }

    [Fact]
    public void Those_of_no_gang_are_the_last_stage()
    {
        VMTrafficRate[] rates = [Rate("0"), .. TwoPairs, Rate("z")];

        Assert.Equal([3, 1, 2, 1, 2, 3], Make(Request(rates, Host("x")) with { Schedule = MigrationSchedule.Gangs }).Select(p => p.Stage));
    }

    [Fact]
    public void Gangs_can_be_asked_for_where_nothing_can_be_predicted()
    {
        VMTrafficRate[] rates = [.. TwoPairs.Select(r => r with { MemoryBytes = null })];

        Assert.Equal([1, 2, 1, 2], Make(Request(rates, Host("x")) with { Schedule = MigrationSchedule.Gangs }).Select(p => p.Stage));
    }

    [Fact]
    public void Waves_obey_limits_of_hosts()
    {
        PlanRequest request = Request(TwoPairs, Host("x")) with { Schedule = MigrationSchedule.Waves, Budget = new MigrationBudget(0, 3, 0) };

        Assert.Equal([1, 1, 1, 2], Make(request).Select(p => p.Stage));
    }

    [Theory]
    [InlineData(MigrationSchedule.Waves, 0, "how large a wave is")]
    [InlineData(MigrationSchedule.Parallel, 2, "-ThrottleLimit 2 was given")]
    public void What_contradicts_itself_is_refused(MigrationSchedule schedule, int limit, string says)
    {
        var e = Assert.Throws<MigrationException>(() => Plan(schedule, limit));

        Assert.Equal("WishInvalid", e.ErrorId);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pair_of_pre_copies_ends_together()
    {
        // The small one would end at two fifths of the time, and then talk across the link to the one that is still there.
        VMTrafficRate[] rates = [Rate("large", ("small", 300)) with { MemoryBytes = 4L << 30 }, Rate("small", ("large", 300))];
        IReadOnlyList<VMMigrationPlan> plan = Plan(rates, Host("x"));

        Assert.All(plan, p => Assert.Equal(Technique.PreCopy, p.Technique));
        Assert.NotNull(plan[1].BandwidthLimitBitsPerSecond);
        Assert.InRange(plan[1].PredictedDuration / plan[0].PredictedDuration!.Value ?? 0, 0.9, 1.02);
        IReadOnlyList<VMMigrationPlan> free = Make(Request(rates, Host("x")) with { Schedule = MigrationSchedule.Parallel });
        Assert.True(plan[0].Plan.PredictedApartBytes < free[0].Plan.PredictedApartBytes / 4);
        Assert.True(plan[0].Plan.PredictedDuration <= free[0].Plan.PredictedDuration * 1.001);
    }

    /// <summary>What is chosen is by prediction worse than gang after gang by no more than 2 %, and nothing else where nobody talks.</summary>
    [Fact]
    public void The_choice_is_never_predicted_worse_than_gang_after_gang() =>
        Gen.Select(Talkative, Gen.Int[1, 3]).Sample((rates, limit) =>
        {
            PlanRequest request = Request(rates, Host("x"), Host("y")) with { Budget = new MigrationBudget(limit) };
            TimeSpan Time(MigrationSchedule schedule) => Make(request with { Schedule = schedule })[0].Plan.PredictedDuration!.Value;
            TimeSpan chosen = Time(MigrationSchedule.Auto);
            var rounding = TimeSpan.FromSeconds(0.011);

            Assert.True(chosen <= (Time(MigrationSchedule.Gangs) / 0.98) + rounding, $"{chosen} against gang after gang");
            TimeSpan unknown = Make(request with { Rates = [.. rates.Select(r => r with { Peers = null })] })[0].Plan.PredictedDuration!.Value;
            Assert.True(rates.Any(r => r.Peers!.Count > 0) || chosen == unknown, $"{chosen} where nobody talks, {unknown} where nobody knows");
        }, iter: 40);

    [Fact]
    public void Schedules_are_compared_each_once()
    {
        MigrationSchedule[] schedules = [MigrationSchedule.Auto, MigrationSchedule.Serial, MigrationSchedule.Waves, MigrationSchedule.Gangs, MigrationSchedule.Parallel];
        IReadOnlyList<StrategyComparison> compared = Comparer.Compare(
            Request(TwoPairs, Host("x")), [Strategy.TrafficSensitive], [2], schedules, TestContext.Current.CancellationToken);

        Assert.Equal(schedules, compared.Select(c => c.Schedule));
        Assert.Equal(
            [Arrangement.Groups, Arrangement.Serial, Arrangement.Waves, Arrangement.Gangs, Arrangement.Parallel], compared.Select(c => c.Arrangement));
        ILookup<MigrationSchedule, StrategyComparison> by = compared.ToLookup(c => c.Schedule);
        StrategyComparison gangs = by[MigrationSchedule.Gangs].Single();
        StrategyComparison waves = by[MigrationSchedule.Waves].Single();
        Assert.True(gangs.PredictedApartBytes < waves.PredictedApartBytes);
        Assert.True(gangs.PredictedDuration <= waves.PredictedDuration);
        Assert.True(gangs.ApplicationBitsPerSecond >= waves.ApplicationBitsPerSecond);
        // All four flows, at both of their ends.
        Assert.InRange(by[MigrationSchedule.Parallel].Single().ApplicationBitsPerSecond!.Value, 2.3e9, 2.4e9);
    }

    private static IReadOnlyList<VMMigrationPlan> Plan(MigrationSchedule schedule, int limit) => Make(
        Request(TwoPairs, Host("x")) with { Schedule = schedule, Budget = new MigrationBudget(limit) });

    private static IReadOnlyList<VMMigrationPlan> Plan(VMTrafficRate[] rates, params HostTraffic[] hosts) => MutualTrafficTests.Plan(rates, hosts);
}
