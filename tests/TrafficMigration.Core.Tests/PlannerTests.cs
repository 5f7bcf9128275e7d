using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What measured figures beside the rates do to a plan.</summary>
public sealed class PlannerTests
{
    [Fact]
    public void A_rate_from_a_full_link_makes_the_contention_a_lower_bound_on_the_link_where_it_counts()
    {
        // VM1 would rather be post-copied (its Rx counts at the destination), VM2 pre-copied (its Tx at the source).
        VMTrafficRate[] rates = [Rate("VM1", 200, 400), Rate("VM2", 300, 500) with { Saturated = true }];
        IReadOnlyList<VMMigrationPlan> parts = Plan(rates);
        MigrationPlan plan = parts[0].Plan;

        Assert.Equal([true, false], plan.Links.Select(l => l.IsLowerBound));
        Assert.True(plan.ContentionIsLowerBound);
        Assert.Contains("at least", plan.ToString(), StringComparison.Ordinal);
        Assert.Contains("may want more", parts[1].Reason, StringComparison.Ordinal);
        Assert.False(Plan([Rate("VM1", 200, 400)])[0].Plan.ContentionIsLowerBound);
    }

    [Fact]
    public void A_destination_that_is_full_is_a_lower_bound_too() =>
        Assert.True(Plan([Rate("VM1", 200, 400)], new HostTraffic { HostName = "kvm2", Saturated = true })[0].Plan.ContentionIsLowerBound);

    [Fact]
    public void Nothing_is_post_copied_to_a_host_that_cannot_take_it()
    {
        VMMigrationPlan plan = Plan([Rate("VM1", 400, 0)], new HostTraffic { HostName = "kvm2", PostCopyCapable = false })[0];

        Assert.Equal(Technique.PreCopy, plan.Technique);
        Assert.Contains("userfaultfd", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_forbids_post_copy_is_in_the_reason() =>
        Assert.Contains("passed through", Plan([Rate("VM1", 400, 0) with { PostCopyCapable = false, PostCopyBlocker = "a device is passed through to it" }])[0].Reason, StringComparison.Ordinal);

    [Fact]
    public void The_destinations_address_on_the_migration_network_goes_into_the_plan() =>
        Assert.Equal("192.0.2.7", Plan([Rate("VM1", 1, 1)], new HostTraffic { HostName = "kvm2", MigrationAddress = "192.0.2.7" })[0].MigrationAddress);

    private static VMTrafficRate Rate(string name, long tx, long rx) =>
        new() { HostName = "kvm1", VMName = name, TxBitsPerSecond = tx, RxBitsPerSecond = rx };

    private static IReadOnlyList<VMMigrationPlan> Plan(VMTrafficRate[] rates, HostTraffic? destination = null) => Planner.CreatePlan(
        new PlanRequest
        {
            Rates = rates, Destinations = [destination ?? new HostTraffic { HostName = "kvm2" }], CreatedAt = DateTimeOffset.UnixEpoch,
        },
        TestContext.Current.CancellationToken);
}
