using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Traffic between VMs of one host: noticed by counters, told apart by counting pairs of ports.</summary>
public sealed class LocalTrafficTests
{
    private static readonly Recording Host = new("pairs");
    private static readonly string Sender = Host.Facts.Domains!.Single(d => d.Name == "vm1").Interfaces[0]!;
    private static readonly string Receiver = Host.Facts.Domains!.Single(d => d.Name != "vm1").Interfaces[0]!;

    [Fact]
    public void Counters_that_do_not_add_up_make_the_window_ask_for_pairs_once()
    {
        HostSample[] samples = [Host.Sample(0, (Sender, 0, 0), ("uplink0", 0, 0)), Host.Sample(1, (Sender, 2_000_000, 0), ("uplink0", 0, 1_000_000))];
        TrafficWindow window = Recording.Window().Take(Host.Facts, samples[0]);

        Assert.Equal(SamplerScript.Pairs, window.Observe(samples[1]));
        Assert.Equal(0, window.Count);
        Assert.Null(window.Observe(Host.Sample(2, (Sender, 4_000_000, 0), ("uplink0", 0, 2_000_000))));
        Assert.False(window.HasUnknownLocalTraffic);
    }

    [Fact]
    public void Traffic_that_all_leaves_is_not_local_and_nothing_is_set_up()
    {
        TrafficWindow window = Recording.Window().Take(Host.Facts, Host.Sample(0, (Sender, 0, 0)));

        Assert.Null(window.Observe(Host.Sample(1, (Sender, 2_000_000, 0))));
        Assert.All(window.Measured().VirtualMachines, vm => Assert.Equal((0, 0, 0), (vm.LocalTxBitsPerSecond!.Value, vm.LocalRxBitsPerSecond!.Value, vm.Peers!.Count)));
    }

    [Fact]
    public void Counted_pairs_split_what_a_VM_sent_into_what_left_and_what_stayed()
    {
        // Recorded while vm1 sent 20 Mbit/s to the other VM and 20 Mbit/s out of the host, which read 300 kB from the other.
        HostMeasurement measured = Recording.Window().Take([Host.Facts, .. Host.Samples]).Measured();
        VMTrafficRate sender = measured.VirtualMachines.Single(v => v.VMName == "vm1");
        VMTrafficRate receiver = measured.VirtualMachines.Single(v => v.VMName != "vm1");

        Assert.InRange(sender.TxBitsPerSecond, 19e6, 22e6);
        Assert.InRange(sender.LocalTxBitsPerSecond!.Value, 19e6, 22e6);
        Assert.InRange(receiver.LocalRxBitsPerSecond!.Value, 19e6, 22e6);
        Assert.InRange(receiver.RxBitsPerSecond, 0, 1e5);
        Assert.InRange(receiver.LocalTxBitsPerSecond!.Value, 4e5, 1.5e6);
        Assert.InRange(receiver.TxBitsPerSecond, 0, 1e5);
        VMPeer peer = Assert.Single(sender.Peers!);
        Assert.Equal((receiver.VMName, receiver.VMId), (peer.VMName, peer.VMId));
        Assert.InRange(peer.TxBitsPerSecond, 19e6, 22e6);
        // Acknowledgements; what it sent to the host, which stays on the host as well, is no peer's.
        Assert.All(receiver.Peers!, p => Assert.Equal(("vm1", true), (p.VMName, p.TxBitsPerSecond < receiver.LocalTxBitsPerSecond)));
        Assert.False(measured.HasUnknownLocalTraffic);
    }

    [Fact]
    public void What_cannot_be_counted_is_said_and_the_rates_are_upper_bounds()
    {
        // Nothing may be set up; or nft is missing, so that pairs are asked for and never come.
        foreach (bool countersOnly in (bool[])[true, false])
        {
            TrafficWindow window = Recording.Window(countersOnly: countersOnly).Take(Host.Facts);
            for (ulong i = 0; i < 9; i++)
            {
                window.Take(Host.Sample(i, (Sender, i * 2_000_000, 0), (Receiver, 0, i * 1_000_000), ("uplink0", 0, i * 1_000_000)));
            }

            VMTrafficRate sender = window.Measured().VirtualMachines.Single(v => v.VMName == "vm1");
            Assert.True(window.HasUnknownLocalTraffic);
            Assert.Equal((16_000_000, null, null), (sender.TxBitsPerSecond, sender.LocalTxBitsPerSecond, sender.Peers));
        }
    }
}
