using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What VMs of one host send each other: who forms a gang, and what it loads on links once they are apart.</summary>
public sealed class MutualTrafficTests
{
    private const long Gigabit = 1_000_000_000;
    private const long Mbps = 1_000_000;

    [Fact]
    public void Who_talks_forms_a_gang_also_by_way_of_others()
    {
        VMTrafficRate[] rates =
        [
            Rate("a", ("d", 50)), Rate("b", ("e", 6)), Rate("c", ("a", 2)), Rate("d", ("f", 50)), Rate("e", ("b", 5)), Rate("f"),
            // Both directions together below 1 % of the link.
            Rate("g", ("h", 5)), Rate("h", ("g", 4)),
        ];

        Assert.Equal([1, 2, null, 1, 2, 1, null, null], Plan(rates, Host("x")).Select(p => p.Gang));
    }

    [Fact]
    public void Peers_are_found_by_id_before_name_and_only_on_the_same_host()
    {
        VMTrafficRate sender = Rate("a") with { Peers = new VMPeers([new VMPeer("an old name", "ID-B", 50 * Mbps)]) };
        VMTrafficRate other = Rate("c") with { HostName = "kvm2", Peers = new VMPeers([new VMPeer("a", null, 50 * Mbps)]) };
        IReadOnlyList<VMMigrationPlan> plan = Plan([sender, Rate("b") with { VMId = "id-b" }, other], Host("x"));

        Assert.Equal([1, 1, null], plan.Select(p => p.Gang));
    }

    [Fact]
    public void Without_peers_nothing_changes()
    {
        VMTrafficRate[] known = [Rate("a") with { Peers = new VMPeers([]) }, Rate("b", 500, 20)];
        VMTrafficRate[] unknown = [.. known.Select(r => r with { Peers = null })];

        Assert.Equal(Lines(Plan(unknown, Host("x"))), Lines(Plan(known, Host("x"))));
        Assert.All(Plan(known, Host("x")), p => Assert.Equal((null, null, "", 0L), (p.Gang, p.Stage, p.Apart, p.Plan.PredictedApartBytes)));

        static IEnumerable<string> Lines(IEnumerable<VMMigrationPlan> plan) => plan.Select(p => $"{p} {p.Reason} {p.PredictedDuration}");
    }

    [Fact]
    public void A_pair_that_would_be_apart_while_it_moves_goes_by_one_technique()
    {
        // By what leaves the host alone 'a' would be post-copied and 'b' pre-copied: contention 0. But 'b' sends 'a' more
        // than that, out of the source and into the destination.
        VMTrafficRate[] rates = [Rate("a", 200, 0), Rate("b", 0, 200, ("a", 600))];

        Assert.Equal([Technique.PostCopy, Technique.PreCopy], Plan([.. rates.Select(r => r with { Peers = null })], Host("x")).Select(p => p.Technique));
        IReadOnlyList<VMMigrationPlan> plan = Plan(rates, Host("x"));
        Assert.Equal([Technique.PreCopy, Technique.PreCopy], plan.Select(p => p.Technique));
        Assert.Equal(200 * Mbps, plan[0].Plan.ContentionBitsPerSecond);
        Assert.Equal(0, plan[0].Plan.LowerBoundBitsPerSecond);
        Assert.Contains("PostCopy would make the contention 600 Mbps instead of 200 Mbps", plan[0].Reason, StringComparison.Ordinal);

        // Where they are so in spite of it, the traffic counts at both ends.
        IReadOnlyList<VMMigrationPlan> pinned = Make(Request(rates, Host("x")) with
        {
            Wishes = new PlanWishes
            {
                Techniques = new Dictionary<VMRef, Technique> { [new("kvm1", "a")] = Technique.PostCopy, [new("kvm1", "b")] = Technique.PreCopy },
            },
        });
        Assert.Equal([600 * Mbps, 600 * Mbps], pinned[0].Plan.Links.Select(l => l.ContentionBitsPerSecond));
        Assert.True(pinned[0].Plan.PredictedDuration > plan[0].Plan.PredictedDuration);
    }

    [Fact]
    public void The_opposite_direction_is_against_the_memory_and_costs_nothing()
    {
        // 'a' is at the destination from the start, and what it sends goes back to the source.
        IReadOnlyList<VMMigrationPlan> plan = Plan([Rate("a", 200, 0, ("b", 600)), Rate("b", 0, 200)], Host("x"));

        Assert.Equal([Technique.PostCopy, Technique.PreCopy], plan.Select(p => p.Technique));
        Assert.Equal(0, plan[0].Plan.ContentionBitsPerSecond);
    }

    [Fact]
    public void A_VM_that_stays_and_one_that_leaves_are_apart_for_good()
    {
        VMTrafficRate[] rates = [Rate("a", 0, 0, ("stays", 300)), Rate("stays", 0, 0, ("a", 100))];
        IReadOnlyList<VMMigrationPlan> plan = Make(
            Request(rates, Host("x")) with { Wishes = new PlanWishes { Exclude = [new VMRef("kvm1", "stays")] } });

        Assert.Equal(400 * Mbps, plan[0].Plan.ApartBitsPerSecond);
        Assert.Contains("400 Mbps exchanged with 'stays', which stays, will cross the links", plan[0].Reason, StringComparison.Ordinal);
        Assert.Null(plan[0].Gang);
        // Post-copied, it would be fed from the source all the time.
        Assert.Equal(Technique.PreCopy, plan[0].Technique);
    }

    [Fact]
    public void A_gang_goes_to_one_destination_where_that_costs_nothing()
    {
        // The source's link is the bottleneck in any case, so to it all destinations are alike; memory would spread the two pairs crosswise.
        VMTrafficRate[] rates = [Rate("a", 200, 200, ("b", 300)), Rate("b", 200, 200), Rate("c", 200, 200, ("d", 300)), Rate("d", 200, 200)];
        HostTraffic[] hosts = [Host("x"), Host("y")];
        IReadOnlyList<VMMigrationPlan> plan = Plan(rates, hosts);

        Assert.Equal(0, plan[0].Plan.ApartBitsPerSecond);
        Assert.All(plan, p => Assert.Equal("", p.Apart));
        IReadOnlyList<VMMigrationPlan> apart = Make(Request(rates, hosts) with
        {
            Wishes = new PlanWishes { Separate = [[new("kvm1", "a"), new("kvm1", "b")]] },
        });
        Assert.Equal(300 * Mbps, apart[0].Plan.ApartBitsPerSecond);
        Assert.Contains("300 Mbps exchanged with 'b', which goes to", apart[0].Apart, StringComparison.Ordinal);
    }

    [Fact]
    public void Peers_go_through_text_whatever_the_VMs_are_called()
    {
        var peers = new VMPeers([new VMPeer("a;b=c%3D", null, 5), new VMPeer("vm 2", null, 12 * Mbps)]);

        Assert.Equal("vm 2=12000000;a%3Bb%3Dc%253D=5", peers.ToString());
        Assert.Equal(peers.ToArray(), VMPeers.Parse(peers.ToString()).ToArray());
        Assert.Empty(VMPeers.Parse(""));
        foreach (string wrong in (string[])["vm2", "vm2=many", "=5", "vm2=-1", "a=b=5"])
        {
            Assert.Throws<FormatException>(() => VMPeers.Parse(wrong));
        }
    }

    [Fact]
    public void A_rate_to_a_peer_must_be_one()
    {
        var e = Assert.Throws<MigrationException>(() => Plan([Rate("a", ("b", -5)), Rate("b")], Host("x")));

        Assert.Equal(("RateInvalid", "a"), (e.ErrorId, e.VMName));
        Assert.Contains("Peers, 'b'", e.Message, StringComparison.Ordinal);
    }

    internal static HostTraffic Host(string name) => new() { HostName = name, LinkBitsPerSecond = Gigabit };

    internal static VMTrafficRate Rate(string vm, params (string To, long Mbps)[] peers) => Rate(vm, 0, 0, peers);

    internal static VMTrafficRate Rate(string vm, long tx, long rx, params (string To, long Mbps)[] peers) => new()
    {
        HostName = "kvm1", VMName = vm, TxBitsPerSecond = tx * Mbps, RxBitsPerSecond = rx * Mbps, MemoryBytes = 1L << 30, LinkBitsPerSecond = Gigabit,
        Peers = new VMPeers(peers.Select(p => new VMPeer(p.To, null, p.Mbps * Mbps))),
    };

    internal static PlanRequest Request(VMTrafficRate[] rates, params HostTraffic[] hosts) =>
        new() { Rates = rates, Destinations = hosts, CreatedAt = DateTimeOffset.UnixEpoch };

    internal static IReadOnlyList<VMMigrationPlan> Plan(VMTrafficRate[] rates, params HostTraffic[] hosts) =>
        Make(Request(rates, hosts));

    internal static IReadOnlyList<VMMigrationPlan> Make(PlanRequest request) => Planner.CreatePlan(request, TestContext.Current.CancellationToken);
}
