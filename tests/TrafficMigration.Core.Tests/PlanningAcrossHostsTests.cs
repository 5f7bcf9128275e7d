using CsCheck;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Plans with several hosts, wishes and predictions, as the planner puts them together.</summary>
public sealed class PlanningAcrossHostsTests
{
    private const long Gigabit = 1_000_000_000;
    private const long GiB = 1L << 30;

    private static readonly Gen<VMTrafficRate[]> Rates = Gen.Select(
        Gen.Long[0, Gigabit / 2], Gen.Long[0, Gigabit / 2], Gen.Long[1, 8], Gen.Int[1, 3],
        (tx, rx, memory, host) => Rate($"kvm{host}", "", tx, rx) with { MemoryBytes = memory * GiB / 4 })
        .Array[1, 8].Select(rates => rates.Select((r, i) => r with { VMName = $"vm{i}" }).ToArray());

    [Fact]
    public void VMs_of_one_name_go_to_different_hosts()
    {
        IReadOnlyList<VMMigrationPlan> plan = Plan([Rate("kvm1", "web", 5, 1), Rate("kvm2", "web", 5, 1)], Host("a"), Host("b"));

        Assert.Equal(["a", "b"], plan.Select(p => p.Destination).Order());
        Assert.Equal(["kvm1", "kvm2"], plan.Select(p => p.Source));
        var e = Assert.Throws<MigrationException>(() => Plan([Rate("kvm1", "web", 5, 1), Rate("kvm2", "web", 5, 1)], Host("a")));
        Assert.Equal("NoDestinationWithRoom", e.ErrorId);
        Assert.Contains("one name", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pre_copy_that_would_never_end_becomes_a_post_copy()
    {
        // By traffic alone it would be pre-copied: it sends nothing. It dirties 200 MB/s over a link of 117 MB/s.
        VMTrafficRate busy = Rate("kvm1", "busy", 0, 1000) with { DirtyBytesPerSecond = 200_000_000 };
        VMMigrationPlan plan = Plan([busy], Host("a"))[0];

        Assert.Equal(Technique.PostCopy, plan.Technique);
        Assert.True(plan.Converges);
        Assert.Contains("PreCopy would never end: the VM dirties 190.7 MiB/s", plan.Reason, StringComparison.Ordinal);
        Assert.Equal(Technique.PreCopy, Plan([busy with { DirtyBytesPerSecond = 1_000_000 }], Host("a"))[0].Technique);

        VMMigrationPlan stuck = Plan([busy with { PostCopyCapable = false }], Host("a"))[0];
        Assert.Equal((Technique.PreCopy, false, null), (stuck.Technique, stuck.Converges, stuck.PredictedDuration));
    }

    [Fact]
    public void A_writer_without_traffic_is_post_copied_where_pre_copy_would_take_a_quarter_longer()
    {
        // A fifth of the link is 25 MB/s.
        VMTrafficRate writer = Rate("kvm1", "writer", 0, 1000) with { DirtyBytesPerSecond = 25_000_000 };
        VMMigrationPlan plan = Plan([writer], Host("a"))[0];
        Assert.Equal(Technique.PostCopy, plan.Technique);
        Assert.Contains("PreCopy would send again what the VM writes, 23.8 MiB/s", plan.Reason, StringComparison.Ordinal);

        Assert.Equal(Technique.PreCopy, Plan([writer with { DirtyBytesPerSecond = 24_900_000 }], Host("a"))[0].Technique);
        Assert.Equal(Technique.PreCopy, Plan([writer with { PostCopyCapable = false }], Host("a"))[0].Technique);
        Assert.Equal(Technique.PreCopy, Plan([writer], Host("a") with { PostCopyCapable = false })[0].Technique);
        // Its traffic decides where it has any, and speeds have to be known.
        Assert.Equal(Technique.PreCopy, Plan([writer with { RxBitsPerSecond = 50_000_000 }], Host("a"))[0].Technique);
        Assert.Equal(Technique.PreCopy, Plan([writer], Host("a") with { LinkBitsPerSecond = null })[0].Technique);
    }

    [Fact]
    public void Wishes_for_few_post_copies_hold_for_writers_too()
    {
        VMTrafficRate[] rates =
        [
            Rate("kvm1", "little", 0, 0) with { DirtyBytesPerSecond = 30_000_000 },
            Rate("kvm1", "much", 0, 0) with { DirtyBytesPerSecond = 40_000_000 },
            Rate("kvm1", "sender", 500_000_000, 0),
        ];
        string Techniques(PlanWishes wishes) =>
            string.Join(' ', Plan(Request(rates, Host("a")) with { Wishes = wishes }).Select(p => p.Technique));

        Assert.Equal("PostCopy PostCopy PostCopy", Techniques(new PlanWishes()));
        Assert.Equal("PreCopy PostCopy PostCopy", Techniques(new PlanWishes { MaxPostCopy = 2 }));
        Assert.Equal("PreCopy PreCopy PostCopy", Techniques(new PlanWishes { MaxPostCopy = 1 }));
        Assert.Equal("PreCopy PreCopy PostCopy", Techniques(new PlanWishes { ContentionTolerancePercent = 5 }));
        Assert.Equal("PreCopy PostCopy PostCopy", Techniques(new PlanWishes
        {
            Techniques = new Dictionary<VMRef, Technique> { [new VMRef("kvm1", "little")] = Technique.PreCopy },
        }));
    }

    [Fact]
    public void Noise_is_no_reason_for_a_post_copy()
    {
        // The busy VM fills the source's outgoing link: each bit/s less there would count, by the letter.
        VMTrafficRate busy = Rate("kvm1", "busy", 300_000_000, 900_000_000);
        IReadOnlyList<VMMigrationPlan> plan = Plan([busy, Rate("kvm1", "idle", 8000, 1000), Rate("kvm1", "quiet", 3000, 0)], Host("a"));

        Assert.All(plan, p => Assert.Equal(Technique.PreCopy, p.Technique));
        Assert.Contains("next to nothing", plan[1].Reason, StringComparison.Ordinal);
        Assert.Equal(300_011_000, plan[0].Plan.ContentionBitsPerSecond);
        Assert.InRange(plan[0].Plan.Gap, 1e-9, 0.001);
        // Without speeds nobody knows what is little.
        Assert.Equal(Technique.PostCopy, Plan([busy, Rate("kvm1", "idle", 8000, 1000)], new HostTraffic { HostName = "a" })[1].Technique);
    }

    [Fact]
    public void Idle_VMs_are_spread_however_quiet_the_quietest_destination_is()
    {
        VMTrafficRate[] idle = [.. Enumerable.Range(0, 8).Select(i => Rate("kvm1", $"vm{i}", i, i))];
        IReadOnlyList<VMMigrationPlan> plan = Plan(
            idle, Host("a") with { BackgroundRxBitsPerSecond = 1000 }, Host("b") with { BackgroundRxBitsPerSecond = 9000 });
        Assert.Equal(4, plan.Count(p => p.Destination == "a"));
    }

    [Fact]
    public void Pre_copy_then_post_copy_switches_what_would_never_end()
    {
        VMTrafficRate busy = Rate("kvm1", "busy", 0, 1000) with { DirtyBytesPerSecond = 200_000_000 };
        VMMigrationPlan plan = Plan(Request([busy], Host("a")) with { Strategy = Strategy.PreCopyThenPostCopy })[0];

        Assert.Equal((Technique.PreCopy, true, true), (plan.Technique, plan.SwitchesToPostCopy, plan.Converges));
        // More than the memory once: what pre-copy sent in vain.
        Assert.True(plan.PredictedBytes > busy.MemoryBytes);
    }

    [Fact]
    public void A_pinned_post_copy_goes_where_it_can_or_names_the_pins()
    {
        VMTrafficRate vm = Rate("kvm1", "a", 5, 5);
        var pinned = new VMRef("kvm1", "a");
        PlanRequest request = Request([vm], Host("no") with { PostCopyCapable = false }, Host("yes")) with
        {
            Wishes = new PlanWishes { Techniques = new Dictionary<VMRef, Technique> { [pinned] = Technique.PostCopy } },
        };
        Assert.Equal(("yes", Technique.PostCopy), (Plan(request)[0].Destination, Plan(request)[0].Technique));

        PlanWishes both = request.Wishes with { Destinations = new Dictionary<VMRef, string> { [pinned] = "no" } };
        MigrationException e = Assert.Throws<MigrationException>(() => Plan(request with { Wishes = both }));
        Assert.Equal("WishesInConflict", e.ErrorId);
        Assert.Contains("'a' by PostCopy; 'a' to 'no'", e.Message, StringComparison.Ordinal);

        // All by post-copy means all that can be.
        PlanWishes there = both with { Techniques = new Dictionary<VMRef, Technique>() };
        Assert.Equal(Technique.PreCopy, Plan(request with { Strategy = Strategy.PostCopy, Wishes = there })[0].Technique);
    }

    [Fact]
    public void Untouched_memory_is_not_sent() =>
        Assert.Equal(GiB, Plan([Rate("kvm1", "a", 5, 5) with { MemoryBytes = 8 * GiB, ResidentBytes = GiB }], Host("a"))[0].PredictedBytes);

    [Fact]
    public void Memory_of_zeros_is_not_sent()
    {
        VMTrafficRate vm = Rate("kvm1", "a", 5, 5) with { MemoryBytes = 8 * GiB, ResidentBytes = 6 * GiB, ZeroMemoryShare = 0.75 };
        Assert.Equal(2 * GiB, Plan([vm], Host("a"))[0].PredictedBytes);
        // A process holds more than the guest's memory, and an old figure may say less.
        Assert.Equal(GiB, Plan([vm with { ResidentBytes = GiB }], Host("a"))[0].PredictedBytes);
        Assert.Equal(0, Plan([vm with { ZeroMemoryShare = 1 }], Host("a"))[0].PredictedBytes);
        Assert.Equal("RateInvalid", Assert.Throws<MigrationException>(() => Plan([vm with { ZeroMemoryShare = 1.1 }], Host("a"))).ErrorId);
    }

    [Fact]
    public void Contention_is_compared_as_a_share_of_the_link()
    {
        // 600 Mbps on 10 Gbit/s is less of a burden than 300 on 1 Gbit/s.
        VMTrafficRate vm = Rate("kvm1", "a", 300_000_000, 600_000_000);
        VMMigrationPlan plan = Plan([vm], Host("big") with { LinkBitsPerSecond = 10 * Gigabit })[0];

        Assert.Equal(Technique.PostCopy, plan.Technique);
        Assert.Equal((600_000_000, true), (plan.Plan.ContentionBitsPerSecond, plan.Plan.IsOptimal));
    }

    [Fact]
    public void No_plan_depends_on_the_order_of_the_input() =>
        Gen.Select(Rates, Gen.Int[0, 1000]).Sample(
            (rates, seed) =>
            {
                VMTrafficRate[] shuffled = [.. rates];
                new Random(seed).Shuffle(shuffled);
                string Words(VMTrafficRate[] r) => string.Join(';', Plan(r, Host("a"), Host("b")).Select(p => p.ToString()));
                Assert.Equal(Words(rates), Words(shuffled));
            },
            iter: 30);

    [Fact]
    public void The_planned_order_is_never_worse_than_by_name() =>
        Gen.Select(Rates, Gen.Int[1, 3], Gen.Int[0, 2]).Sample(
            (rates, throttle, perHost) =>
            {
                PlanRequest request = Request(rates, Host("a"), Host("b")) with { Budget = new MigrationBudget(throttle, perHost, perHost) };
                PlanDraft draft = Planner.Make(request, CancellationToken.None);
                SimulatedRun byName = draft.Forecast.Run(
                    draft.Decision, Schedule.ByName(rates.Length, request.Budget), null, CancellationToken.None)!;
                Assert.InRange(draft.Run!.TotalMigrationTime, TimeSpan.Zero, byName.TotalMigrationTime);
                Assert.Equal(Enumerable.Range(0, rates.Length), draft.Schedule.Order.Order());
            },
            iter: 30);

    [Fact]
    public void The_objective_Time_is_never_slower_than_Contention() =>
        Rates.Sample(
            rates =>
            {
                PlanRequest request = Request(rates, Host("a"), Host("b"));
                TimeSpan Time(PlanObjective objective) => Plan(request with { Objective = objective })[0].Plan.PredictedDuration!.Value;
                Assert.InRange(Time(PlanObjective.Time), TimeSpan.Zero, Time(PlanObjective.Contention));
            },
            iter: 30);

    [Fact]
    public void A_deadline_is_kept_and_used() =>
        Gen.Select(Rates, Gen.Double[1.1, 4]).Sample(
            (rates, factor) =>
            {
                PlanRequest request = Request(rates, Host("a"), Host("b"));
                TimeSpan fastest = Plan(request)[0].Plan.PredictedDuration!.Value + TimeSpan.FromSeconds(0.01);
                IReadOnlyList<VMMigrationPlan> gentle = Plan(request with { Deadline = fastest * factor });
                Assert.InRange(gentle[0].Plan.PredictedDuration!.Value, TimeSpan.Zero, (fastest * factor) + TimeSpan.FromSeconds(0.005)); // predictions are rounded
                Assert.All(gentle, p => Assert.Equal(0, p.BandwidthLimitBitsPerSecond!.Value % VMMigrationPlan.BandwidthStep));
                MigrationException e = Assert.Throws<MigrationException>(() => Plan(request with { Deadline = fastest / 1.1 - TimeSpan.FromSeconds(0.1) }));
                Assert.Equal("DeadlineTooClose", e.ErrorId);
            },
            iter: 40);

    [Fact]
    public void Wishes_are_obeyed_or_a_smallest_conflict_is_named() =>
        Gen.Select(Rates, Gen.Int[0, 7].Array[8], Gen.Bool.Array[4]).Sample(
            (rates, picks, on) =>
            {
                VMRef Vm(int k) => new(rates[picks[k] % rates.Length].HostName, rates[picks[k] % rates.Length].VMName);
                var wishes = new PlanWishes
                {
                    Techniques = new Dictionary<VMRef, Technique> { [Vm(0)] = on[0] ? Technique.PostCopy : Technique.PreCopy },
                    Destinations = new Dictionary<VMRef, string> { [Vm(1)] = on[1] ? "a" : "b" },
                    Separate = [[Vm(2), Vm(3)], [Vm(6), Vm(7)]],
                    Together = on[2] ? [[Vm(4), Vm(5)]] : [],
                    MaxPostCopy = on[3] ? 0 : 2,
                };
                PlanRequest request = Request(rates, Host("a"), Host("b")) with { Wishes = wishes };
                try
                {
                    IReadOnlyList<VMMigrationPlan> plan = Plan(request);
                    VMMigrationPlan Of(VMRef vm) => plan.Single(p => p.VMName == vm.VMName);
                    Assert.Equal(wishes.Techniques[Vm(0)], Of(Vm(0)).Technique);
                    Assert.Equal(wishes.Destinations[Vm(1)], Of(Vm(1)).Destination);
                    Assert.All(wishes.Separate.Where(g => g[0] != g[1]), g => Assert.NotEqual(Of(g[0]).Destination, Of(g[1]).Destination));
                    Assert.All(wishes.Together, g => Assert.Equal(Of(g[0]).Destination, Of(g[1]).Destination));
                    Assert.InRange(plan.Count(p => p.Technique == Technique.PostCopy), 0, wishes.MaxPostCopy!.Value);
                }
                catch (MigrationException e)
                {
                    Assert.Equal("WishesInConflict", e.ErrorId);
                    Assert.True(IsImpossible(rates.Length, request), e.Message);
                }
            },
            iter: 100);

    /// <summary>All destinations and techniques tried.</summary>
    private static bool IsImpossible(int count, PlanRequest request)
    {
        Site site = Site.From(request);
        Wish[] wishes = Wish.Of(request.Wishes, site);
        return !Enumerable.Range(0, 1 << count).Any(at => !wishes.Any(w => w switch
        {
            Wish.PinnedDestination p => (at >> p.VM & 1) != p.Destination,
            Wish.Separate s => (at >> s.VMs[0] & 1) == (at >> s.VMs[1] & 1),
            Wish.Together t => (at >> t.VMs[0] & 1) != (at >> t.VMs[1] & 1),
            Wish.MaxPostCopy m => wishes.OfType<Wish.PinnedTechnique>().Count(p => p.Technique == Technique.PostCopy) > m.Count,
            _ => false,
        }));
    }

    [Fact]
    public void Strategies_are_compared_over_the_same_time()
    {
        VMTrafficRate[] rates = [Rate("kvm1", "a", 900_000_000, 0), Rate("kvm1", "b", 0, 900_000_000)];
        IReadOnlyList<StrategyComparison> compared = Comparer.Compare(
            Request(rates, Host("x")), Enum.GetValues<Strategy>(), [0, 1], [MigrationSchedule.Auto], TestContext.Current.CancellationToken);

        Assert.Equal(8, compared.Count);
        StrategyComparison best = compared[0];
        Assert.Equal((Strategy.TrafficSensitive, Arrangement.Parallel), (best.Strategy, best.Arrangement));
        Assert.All(compared.Take(4).Skip(1), c => Assert.True(best.PredictedDuration < c.PredictedDuration && best.ApplicationShare > c.ApplicationShare));
        Assert.Equal(Arrangement.Serial, compared[4].Arrangement);
    }

    private static VMTrafficRate Rate(string host, string name, long tx, long rx) => new()
    {
        HostName = host, VMName = name, TxBitsPerSecond = tx, RxBitsPerSecond = rx, MemoryBytes = GiB, LinkBitsPerSecond = Gigabit,
    };

    private static HostTraffic Host(string name) => new() { HostName = name, LinkBitsPerSecond = Gigabit };

    private static PlanRequest Request(VMTrafficRate[] rates, params HostTraffic[] destinations) =>
        new() { Rates = rates, Destinations = destinations, CreatedAt = DateTimeOffset.UnixEpoch };

    private static IReadOnlyList<VMMigrationPlan> Plan(VMTrafficRate[] rates, params HostTraffic[] destinations) => Plan(Request(rates, destinations));

    private static IReadOnlyList<VMMigrationPlan> Plan(PlanRequest request) =>
        Planner.CreatePlan(request, TestContext.Current.CancellationToken);
}
