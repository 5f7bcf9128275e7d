using CsCheck;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class MaxMinSharingTests
{
    private const int Links = 5;

    private static readonly Gen<double[]> Capacities = Gen.OneOf(Gen.Double[0, 1000], Gen.Const(0.0), Gen.Const(100.0)).Array[Links];

    // Equal caps and equal capacities make ties; link -1 is none.
    private static readonly Gen<FlowOnLinks> Flow = Gen.Select(
        Gen.OneOf(Gen.Double[0, 300], Gen.Const(50.0), Gen.Const(double.PositiveInfinity)), Gen.Int[1, 4], Gen.Int[-1, Links - 1],
        Gen.Int[-1, Links - 1], (cap, weight, first, second) => new FlowOnLinks(cap, weight, first, second == first ? -1 : second));

    [Fact]
    public void No_link_is_over_its_capacity_and_no_flow_over_its_cap() =>
        Gen.Select(Capacities, Flow.Array[0, 30]).Sample((capacities, flows) =>
        {
            double[] rates = Solve(capacities, flows);
            for (int link = 0; link < Links; link++)
            {
                Assert.InRange(Load(link, flows, rates), 0, capacities[link] + 1e-6);
            }

            Assert.All(flows.Zip(rates), p => Assert.InRange(p.Second, 0, p.First.Cap));
        });

    /// <summary>The condition that makes an allocation max-min fair, and there is only one (Bertsekas and Gallager, 6.5.2).</summary>
    [Fact]
    public void A_flow_is_at_its_cap_or_has_a_full_link_on_which_none_gets_more_by_weight() =>
        Gen.Select(Capacities, Flow.Array[0, 30]).Sample((capacities, flows) =>
        {
            double[] rates = Solve(capacities, flows);
            for (int f = 0; f < flows.Length; f++)
            {
                Assert.True(rates[f] >= flows[f].Cap || flows[f].OnLinks.Any(link => IsBottleneck(link, f, capacities, flows, rates)));
            }
        });

    [Fact]
    public void Flows_that_come_and_go_leave_nothing_behind() =>
        Gen.Select(Capacities, Flow.Array[1, 20], Gen.Int[0, 19].Array[0, 40]).Sample((capacities, flows, touched) =>
        {
            MaxMinSharing sharing = Routed(flows);
            foreach (int t in touched)
            {
                FlowOnLinks flow = flows[t % flows.Length];
                sharing.Stop(t % flows.Length);
                sharing.Solve(capacities);
                Assert.Equal(0, sharing.Rates[t % flows.Length]);
                sharing.Route(t % flows.Length, flow.Second, flow.First);
            }

            sharing.Solve(capacities);
            Assert.All(Solve(capacities, flows).Zip(sharing.Rates.ToArray()), p => Assert.Equal(p.First, p.Second, 1e-6));
        });

    [Fact]
    public void The_textbook_example()
    {
        // Three flows on one link of capacity 1 that also cross a second link each; one of those is the narrower one.
        FlowOnLinks[] flows = [new(double.PositiveInfinity, 1, 0, 1), new(double.PositiveInfinity, 1, 0, 2), new(double.PositiveInfinity, 1, 1, -1)];

        Assert.All(Solve([0.6, 1, 1, 0, 0], flows).Zip([0.3, 0.3, 0.7]), p => Assert.Equal(p.Second, p.First, 1e-12));
    }

    [Fact]
    public void Weights_share_a_link_in_proportion()
    {
        FlowOnLinks[] flows = [new(double.PositiveInfinity, 3, 0, -1), new(double.PositiveInfinity, 1, 0, -1), new(10, 4, 0, -1)];

        Assert.All(Solve([90, 0, 0, 0, 0], flows).Zip([60.0, 20, 10]), p => Assert.Equal(p.Second, p.First, 1e-9));
    }

    [Fact]
    public void Without_a_link_a_flow_gets_its_cap() =>
        Assert.Equal([7, double.PositiveInfinity], Solve(new double[Links], [new(7, 1, -1, -1), new(double.PositiveInfinity, 1, -1, -1)]));

    private static bool IsBottleneck(int link, int flow, double[] capacities, FlowOnLinks[] flows, double[] rates)
    {
        double mine = rates[flow] / flows[flow].Weight;
        bool full = Load(link, flows, rates) >= capacities[link] - 1e-6;
        return full && flows.Zip(rates).Where(p => p.First.OnLinks.Contains(link)).All(p => p.Second / p.First.Weight <= mine + 1e-6);
    }

    private static double Load(int link, FlowOnLinks[] flows, double[] rates) =>
        flows.Zip(rates).Where(p => p.First.OnLinks.Contains(link)).Sum(p => p.Second);

    private static double[] Solve(double[] capacities, FlowOnLinks[] flows)
    {
        MaxMinSharing sharing = Routed(flows);
        sharing.Solve(capacities);
        return sharing.Rates.ToArray();
    }

    private static MaxMinSharing Routed(FlowOnLinks[] flows)
    {
        var sharing = new MaxMinSharing(Links, [.. flows.Select(f => new FlowClaim(f.Cap, f.Weight))]);
        for (int f = 0; f < flows.Length; f++)
        {
            sharing.Route(f, flows[f].First, flows[f].Second);
        }

        return sharing;
    }

    private sealed record FlowOnLinks(double Cap, int Weight, int First, int Second)
    {
        public IEnumerable<int> OnLinks => new[] { First, Second }.Where(l => l != MaxMinSharing.NoLink);
    }
}
