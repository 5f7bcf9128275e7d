using CsCheck;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What copied disks do to a plan: writes to them are on both links, whatever the technique.</summary>
public sealed class DiskPlanTests
{
    private const long Mbps = 1_000_000;

    private static readonly Gen<VMTrafficRate[]> Rates = Gen.Select(
        Gen.Long[0, 500 * Mbps], Gen.Long[0, 500 * Mbps], Gen.Long[0, 30 * Mbps], Gen.Int[1, 2],
        (tx, rx, writes, host) => Rate($"kvm{host}", "", tx, rx, writes))
        .Array[1, 7].Select(rates => rates.Select((r, i) => r with { VMName = $"vm{i}" }).ToArray());

    [Theory]
    [InlineData(Strategy.PreCopy, 300 + 80, 100 + 80)]
    [InlineData(Strategy.PostCopy, 100 + 80, 400 + 100 + 80)]
    public void Writes_leave_the_source_and_enter_the_destination_by_either_technique(Strategy strategy, long source, long destination)
    {
        VMMigrationPlan plan = Plan(StorageCopy.All, strategy, Rate("kvm1", "vm1", 200 * Mbps, 400 * Mbps, 10 * Mbps))[0];

        Assert.Equal((source * Mbps, destination * Mbps), (plan.SourceContentionBitsPerSecond, plan.DestinationContentionBitsPerSecond));
        Assert.Equal(100 * Mbps, plan.Plan.Links[0].BackgroundBitsPerSecond);
        Assert.Equal(plan.Plan.ContentionBitsPerSecond, Math.Max(source, destination) * Mbps);
    }

    [Fact]
    public void Writes_to_disks_can_turn_the_choice()
    {
        // The source is the worse link by its VM; 10 MB/s of disk writes, which leave by it too, are no reason by themselves.
        VMTrafficRate[] rates = [Rate("kvm1", "vm1", 210 * Mbps, 200 * Mbps, 0), Rate("kvm1", "vm2", 0, 0, 10 * Mbps)];
        Assert.All(Plan(StorageCopy.None, Strategy.TrafficSensitive, rates), p => Assert.Equal(StorageCopy.None, p.StorageCopy));
        IReadOnlyList<VMMigrationPlan> plan = Plan(StorageCopy.All, Strategy.TrafficSensitive, rates);

        Assert.Equal(Technique.PostCopy, plan[0].Technique);
        Assert.Equal((380 * Mbps, true), (plan[0].Plan.ContentionBitsPerSecond, plan[0].Plan.IsOptimal));
    }

    [Fact]
    public void Disks_that_other_hosts_reach_are_never_copied()
    {
        VMTrafficRate rate = Rate("kvm1", "vm1", 1, 1, 1000);
        foreach (DiskStorage? storage in (DiskStorage?[])[DiskStorage.Shared, DiskStorage.None, DiskStorage.Unknown])
        {
            VMMigrationPlan plan = Plan(StorageCopy.Incremental, Strategy.TrafficSensitive, rate with { DiskStorage = storage })[0];
            Assert.Equal((StorageCopy.None, 1L << 30), (plan.StorageCopy, plan.PredictedBytes));
        }

        // What lies where is not known: the run finds out.
        Assert.Equal(StorageCopy.All, Plan(StorageCopy.All, Strategy.TrafficSensitive, rate with { DiskStorage = null })[0].StorageCopy);
    }

    [Fact]
    public void What_is_sent_includes_the_disks_and_where_they_are_not_known_nothing_is_predicted()
    {
        VMTrafficRate rate = Rate("kvm1", "vm1", 1, 1, 0);
        Assert.Equal(3L << 30, Plan(StorageCopy.All, Strategy.TrafficSensitive, rate)[0].PredictedBytes);
        Assert.Equal((1L << 30) + 5, Plan(StorageCopy.Incremental, Strategy.TrafficSensitive, rate)[0].PredictedBytes);
        Assert.Null(Plan(StorageCopy.All, Strategy.TrafficSensitive, rate with { LocalDiskBytes = null })[0].PredictedBytes);
    }

    [Fact]
    public void A_copy_that_never_ends_is_no_reason_for_a_post_copy()
    {
        VMMigrationPlan plan = Plan(
            StorageCopy.All, Strategy.TrafficSensitive, Rate("kvm1", "vm1", 0, 1000, 200 * Mbps) with { DirtyBytesPerSecond = 1000 })[0];
        Assert.Equal((Technique.PreCopy, false), (plan.Technique, plan.Converges));
    }

    [Fact]
    public void With_any_destinations_the_bound_is_a_bound() => Gen.Select(Rates, Gen.Int[1, 2]).Sample(
        (rates, count) =>
        {
            PlanRequest request = Request(StorageCopy.All, Strategy.TrafficSensitive, rates) with
            {
                Destinations = [.. Enumerable.Range(0, count).Select(i => new HostTraffic { HostName = $"d{i}", LinkBitsPerSecond = 1000 * Mbps })],
            };
            MigrationPlan plan = Planner.CreatePlan(request, TestContext.Current.CancellationToken)[0].Plan;
            long best = Enumerate(rates, count);

            Assert.True(plan.LowerBoundBitsPerSecond <= best, $"bound {plan.LowerBoundBitsPerSecond}, but {best} is possible");
            Assert.True(plan.ContentionBitsPerSecond >= best);
            // A thousandth of a link is no reason for anything.
            Assert.True(count > 1 || plan.ContentionBitsPerSecond <= best + Mbps, $"{plan.ContentionBitsPerSecond} planned, {best} possible");
        },
        iter: 150);

    /// <summary>The least contention of the worst link, by trying all.</summary>
    private static long Enumerate(VMTrafficRate[] rates, int destinations)
    {
        long best = long.MaxValue;
        int options = 2 * destinations;
        for (long code = 0; code < Math.Pow(options, rates.Length); code++)
        {
            var load = rates.Select(r => r.HostName).Distinct().ToDictionary(h => h, _ => 100 * Mbps);
            long rest = code;
            foreach (VMTrafficRate vm in rates)
            {
                (rest, long option) = Math.DivRem(rest, options);
                string to = $"d{option / 2}";
                load[vm.HostName] += (8 * vm.LocalDiskWriteBytesPerSecond!.Value) + (option % 2 == 0 ? vm.TxBitsPerSecond : 0);
                load[to] = load.GetValueOrDefault(to) + (8 * vm.LocalDiskWriteBytesPerSecond.Value) + (option % 2 == 1 ? vm.RxBitsPerSecond : 0);
            }

            best = Math.Min(best, load.Values.Max());
        }

        return best;
    }

    private static IReadOnlyList<VMMigrationPlan> Plan(StorageCopy copy, Strategy strategy, params VMTrafficRate[] rates) =>
        Planner.CreatePlan(Request(copy, strategy, rates), TestContext.Current.CancellationToken);

    private static PlanRequest Request(StorageCopy copy, Strategy strategy, VMTrafficRate[] rates) => new()
    {
        Rates = rates, StorageCopy = copy, Strategy = strategy, CreatedAt = DateTimeOffset.UnixEpoch,
        Destinations = [new HostTraffic { HostName = "a", LinkBitsPerSecond = 1000 * Mbps, BackgroundRxBitsPerSecond = 100 * Mbps }],
    };

    private static VMTrafficRate Rate(string host, string vm, long tx, long rx, long writes) => new()
    {
        HostName = host, VMName = vm, TxBitsPerSecond = tx, RxBitsPerSecond = rx, MemoryBytes = 1L << 30, LinkBitsPerSecond = 1000 * Mbps,
        HostBackgroundTxBitsPerSecond = 100 * Mbps, DiskStorage = DiskStorage.Local, LocalDiskBytes = 2L << 30, LocalDiskIncrementalBytes = 5,
        LocalDiskCapacityBytes = 4L << 30, LocalDiskWriteBytesPerSecond = writes,
    };
}
