using System.Net;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>By which way traffic leaves real hosts of different wiring.</summary>
public sealed class TopologyTests
{
    [Fact]
    public void A_tap_on_a_bridge_leaves_by_the_bridges_NIC()
    {
        Topology topology = Of(new Recording("bridge"));

        Assert.Equal(["uplink0"], topology.Uplinks);
        Assert.All(topology.Interfaces.Values, nics => Assert.Equal(Way.Uplink, Assert.Single(nics).Way));
        BridgePorts bridge = Assert.Single(topology.Bridges);
        Assert.Equal(("br0", 2, "uplink0"), (bridge.Name, bridge.VMPorts.Count, Assert.Single(bridge.OutwardPorts)));
    }

    [Fact]
    public void The_route_to_the_destination_decides_which_NIC_a_migration_uses()
    {
        // Recorded with a destination that is reached by uplink1, while the VM's bridge leaves by uplink0.
        var host = new Recording("two-nics");

        Assert.Equal(["uplink1"], Of(host).Uplinks);
        Assert.Equal(Way.Elsewhere, Assert.Single(Of(host).Interfaces.Values.Single()).Way);
    }

    [Fact]
    public void A_migration_network_goes_before_the_route()
    {
        var host = new Recording("two-nics");
        string[] addresses = [.. host.Facts.Links.Values.Where(l => l.Name is "br0" or "uplink1").SelectMany(l => l.Addresses).Select(a => a.ToString())];

        foreach (string address in addresses)
        {
            Topology topology = Topology.Of(host.Facts, new IPNetwork(IPAddress.Parse(address), 32))!;
            Assert.Equal(address, topology.MigrationAddress!.ToString());
            Assert.Equal(host.Facts.Links["uplink1"].Addresses.Any(a => a.ToString() == address) ? "uplink1" : "uplink0", Assert.Single(topology.Uplinks));
        }

        Assert.Equal(2, addresses.Length);
        Assert.Null(Topology.Of(host.Facts, IPNetwork.Parse("203.0.113.0/24")));
        Assert.Equal("MigrationNetworkMissing", Assert.Throws<MigrationException>(() => Recording.Window(network: "203.0.113.0/24").Take(host.Facts)).ErrorId);
    }

    [Fact]
    public void A_VM_whose_traffic_leaves_by_another_NIC_has_none_on_the_migrations()
    {
        var host = new Recording("two-nics");
        VMTrafficRate vm = Assert.Single(Recording.Window().Take([host.Facts, .. host.Samples]).Measured().VirtualMachines);

        Assert.Equal((0, 0, "uplink1"), (vm.TxBitsPerSecond, vm.RxBitsPerSecond, vm.Uplink));
        // While this was recorded the VM received about 10 Mbit/s.
        Assert.InRange(vm.ElsewhereRxBitsPerSecond!.Value, 9e6, 12e6);
    }

    [Fact]
    public void A_macvtap_leaves_by_what_it_lies_on_and_counts_from_the_guests_side()
    {
        // vm4 sends by uplink1, vm5 receives by uplink0, on which the bridge lies that its macvtap lies on.
        var host = new Recording("macvtap");
        HostMeasurement measured = Recording.Window().Take([host.Facts, .. host.Samples]).Measured();
        VMTrafficRate vm4 = measured.VirtualMachines.Single(v => v.VMName == "vm4");
        VMTrafficRate vm5 = measured.VirtualMachines.Single(v => v.VMName == "vm5");

        Assert.Equal(["uplink0"], Of(host).Uplinks);
        Assert.InRange(vm4.ElsewhereTxBitsPerSecond!.Value, 9e6, 12e6);
        Assert.InRange(vm4.ElsewhereRxBitsPerSecond!.Value, 0, 1e5);
        Assert.Equal((0, 0), (vm4.TxBitsPerSecond, vm4.RxBitsPerSecond));
        Assert.InRange(vm5.RxBitsPerSecond, 19e6, 22e6);
        Assert.InRange(vm5.TxBitsPerSecond, 0, 2e5);
    }

    [Fact]
    public void A_VM_with_many_NICs_is_their_sum_and_one_without_has_zero()
    {
        var host = new Recording("many-nics");
        HostMeasurement measured = Recording.Window().Take(
            host.Facts, host.Sample(0, ("vnet4", 0, 0), ("vnet5", 0, 0), ("vnet6", 0, 0)),
            host.Sample(1, ("vnet4", 1_000_000, 0), ("vnet5", 2_000_000, 0), ("vnet6", 0, 500_000))).Measured();
        VMTrafficRate many = measured.VirtualMachines.Single(v => v.VMName == "vm2");
        VMTrafficRate none = measured.VirtualMachines.Single(v => v.VMName == "vm3");

        Assert.Equal((24_000_000, 4_000_000, 3), (many.TxBitsPerSecond, many.RxBitsPerSecond, many.InterfaceCount));
        Assert.Equal((0, 0, 0, 1), (none.TxBitsPerSecond, none.RxBitsPerSecond, none.InterfaceCount!.Value, none.SampleCount!.Value));
    }

    [Theory]
    [InlineData("bond-vlan")]
    [InlineData("bond-vlan-destination")] // the route to the destination goes by bond0.200
    public void Bridges_and_VLANs_on_a_bond_all_leave_by_the_bond(string recording)
    {
        var host = new Recording(recording);
        HostMeasurement measured = Recording.Window().Take([host.Facts, .. host.Samples]).Measured();

        Assert.Equal(["bond0"], Of(host).Uplinks);
        Assert.All(Of(host).Interfaces.Values, nics => Assert.Equal(Way.Uplink, Assert.Single(nics).Way));
        // Small programs behind the taps sent broadcasts; all of it left by the bond.
        double seconds = measured.Host.Window!.Value.TotalSeconds;
        foreach ((string vm, string tap) in ((string, string)[])[("vm1", "vnet0"), ("vm2", "vnet1")])
        {
            double sent = (host.Samples.Last().Links[tap].RxBytes - host.Samples.First().Links[tap].RxBytes) * 8;
            Assert.Equal(sent / seconds, measured.VirtualMachines.Single(v => v.VMName == vm).TxBitsPerSecond, tolerance: 0.01 * sent / seconds);
            Assert.True(sent > 100_000);
        }

        Assert.Equal(("bond0", 10_000_000_000L, "full"), (measured.Host.Uplink, measured.Host.LinkBitsPerSecond, measured.Host.LinkDuplex));
        Assert.False(measured.HasUnknownLocalTraffic);
    }

    [Fact]
    public void Open_vSwitch_is_followed_through_its_patch_ports()
    {
        // vm6 hangs on br-int, which reaches uplink1 by br-ex; this host was reached by uplink0.
        var host = new Recording("ovs");
        string ofSwitch = host.Facts.Links["br-ex"].Addresses.Single().ToString();

        Assert.Equal(["br-ex", "br-int"], host.Facts.Switches.Select(s => s.Name).Order());
        Assert.Equal(["uplink0"], Of(host).Uplinks);
        Assert.Equal(Way.Elsewhere, Assert.Single(Of(host).Interfaces.Values.Single()).Way);
        Topology byUplink1 = Topology.Of(host.Facts, new IPNetwork(IPAddress.Parse(ofSwitch), 32))!;
        Assert.Equal(["uplink1"], byUplink1.Uplinks);
        Assert.Equal(Way.Uplink, Assert.Single(byUplink1.Interfaces.Values.Single()).Way);
        Assert.InRange(
            Recording.Window(network: ofSwitch + "/32").Take([host.Facts, .. host.Samples]).Measured().VirtualMachines.Single().TxBitsPerSecond,
            2.5e6, 3.6e6);
    }

    [Fact]
    public void A_host_that_is_reached_by_loopback_is_taken_by_its_default_route()
    {
        var host = new Recording("bridge");
        HostFacts facts = host.Facts with { MigrationLink = "lo", DefaultLink = "br0" };

        Assert.Equal(["uplink0"], Topology.Of(facts, null)!.Uplinks);
        // Without one nothing is known: then all traffic counts, since too much is safer than too little.
        Topology unknown = Topology.Of(facts with { DefaultLink = null }, null)!;
        Assert.Empty(unknown.Uplinks);
        Assert.All(unknown.Interfaces.Values, nics => Assert.Equal(Way.Uplink, Assert.Single(nics).Way));
    }

    [Fact]
    public void A_bridge_without_a_NIC_is_routed_or_leads_nowhere()
    {
        HostFacts facts = new Recording("two-nics").FactsWith(("\"ifname\":\"uplink0\"", "\"ifname\":\"other0\""));
        facts = facts with { Links = facts.Links.Where(l => l.Key != "other0").ToDictionary(l => l.Key, l => l.Value) };

        Assert.Equal(Way.Local, Topology.Of(facts, null)!.Interfaces.Values.Single().Single().Way);
        Assert.Equal(Way.Uplink, Topology.Of(facts with { DefaultLink = "uplink1" }, null)!.Interfaces.Values.Single().Single().Way);
    }

    [Fact]
    public void Containers_on_a_bridge_are_no_way_out_where_there_is_a_NIC()
    {
        HostFacts facts = new Recording("bridge").Facts;
        var links = new Dictionary<string, LinkFacts>(facts.Links)
        {
            ["eno1"] = facts.Links["uplink0"] with { Name = "eno1", Kind = null, HasDevice = true },
        };

        Assert.Equal(["eno1"], Topology.Of(facts with { Links = links }, null)!.Uplinks);
    }

    private static Topology Of(Recording host) => Topology.Of(host.Facts, null)!;
}
