using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class RateCalculatorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rates_are_bytes_over_the_hosts_own_time_in_bits()
    {
        VMTrafficRate vm = Assert.Single(Measure(Sample(0, 0, 0), Sample(1, 1_000_000, 10), Sample(2, 3_000_000, 20)).VirtualMachines);

        Assert.Equal((12_000_000, 80), (vm.TxBitsPerSecond, vm.RxBitsPerSecond));
        Assert.Equal((2, TimeSpan.FromSeconds(2)), (vm.SampleCount!.Value, vm.Window!.Value));
    }

    [Fact]
    public void A_counter_that_went_back_was_reset_and_its_interval_does_not_count()
    {
        VMTrafficRate vm = Assert.Single(Measure(Sample(0, 5_000_000, 0), Sample(1, 100, 0), Sample(2, 1_000_100, 0)).VirtualMachines);

        Assert.Equal((8_000_000, 1), (vm.TxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_VM_seen_only_once_has_no_rate_and_is_left_out() =>
        Assert.Empty(Measure(Sample(0, 0, 0) with { Domains = [] }, Sample(1, 1_000_000, 0)).VirtualMachines);

    [Fact]
    public void Plugging_an_interface_in_makes_no_jump()
    {
        HostSample plugged = Sample(1, 1000, 0);
        DomainSample vm = plugged.Domains[0] with { Interfaces = [.. plugged.Domains[0].Interfaces, new("vnet9", 9_000_000_000, 0)] };
        HostMeasurement measured = Measure(Sample(0, 0, 0), plugged with { Domains = [vm] });

        Assert.Empty(measured.VirtualMachines);
    }

    [Fact]
    public void A_wall_clock_that_was_set_is_not_believed()
    {
        HostSample set = Sample(1, 1_000_000, 0) with { WallClock = 4000 };
        Assert.Equal(8_000_000, Measure(Sample(0, 0, 0), set).VirtualMachines[0].TxBitsPerSecond);
    }

    [Fact]
    public void Background_is_what_the_uplink_carries_beyond_the_VMs_and_never_negative()
    {
        HostMeasurement measured = Measure(Sample(0, 0, 0), Sample(1, 1_000_000, 2_000_000, uplinkTx: 1_500_000, uplinkRx: 1_900_000));

        Assert.Equal(4_000_000, measured.VirtualMachines[0].HostBackgroundTxBitsPerSecond);
        Assert.Equal(0, measured.VirtualMachines[0].HostBackgroundRxBitsPerSecond);
        // A destination's own VMs stay there: all that its uplink carries is background to what arrives.
        Assert.Equal((12_000_000, 15_200_000), (measured.Host.BackgroundTxBitsPerSecond, measured.Host.BackgroundRxBitsPerSecond));
    }

    private static HostMeasurement Measure(params HostSample[] samples) => RateCalculator.Between("kvm-a", samples, Now);

    private static HostSample Sample(double time, long tx, long rx, long uplinkTx = 0, long uplinkRx = 0) => new(
        1000 + time, 50 + time, 1 << 30, "br0",
        [new DomainSample("id", "vm", 1 << 28, [new InterfaceSample("vnet0", tx, rx)])],
        [
            new LinkSample("br0", null, false, null, 0, 0),
            new LinkSample("vnet0", "br0", true, 10_000_000_000, rx, tx),
            new LinkSample("uplink0", "br0", false, 1_000_000_000, uplinkTx, uplinkRx),
        ]);
}
