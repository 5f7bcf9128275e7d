using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Two VMs on a bridge, as a real host showed them (vm1 on vnet0), with each test's own counters.</summary>
public sealed class TrafficWindowTests
{
    private const ulong Megabyte = 1_000_000;
    private static readonly Recording Host = new("bridge");

    [Fact]
    public void Rates_are_bytes_over_the_hosts_own_time_in_bits_from_the_guests_side()
    {
        // The host's end of a tap receives what the guest sends.
        VMTrafficRate vm = VM1(Take(Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(1, ("vnet0", Megabyte, 10)), Host.Sample(3, ("vnet0", 4 * Megabyte, 30))));

        Assert.Equal((10_666_667, 80), (vm.TxBitsPerSecond, vm.RxBitsPerSecond));
        Assert.Equal((2, TimeSpan.FromSeconds(3)), (vm.SampleCount!.Value, vm.Window!.Value));
        Assert.Equal((12_000_000, 8_000_000), (vm.PeakTxBitsPerSecond, Take(Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(1, ("vnet0", Megabyte, 0))).VirtualMachines[0].PeakTxBitsPerSecond));
        Assert.Equal(1333.3, vm.TxPacketsPerSecond);
    }

    [Fact]
    public void The_95th_percentile_is_by_the_nearest_rank_and_the_window_slides()
    {
        var window = Recording.Window(count: 20).Take(Host.Facts, Host.Sample(0, ("vnet0", 0, 0)));
        ulong bytes = 0;
        // The first five leave the window again; of the last twenty one is a burst, which 95 % did not exceed.
        for (int second = 1; second <= 25; second++)
        {
            bytes += second <= 5 ? 9 * Megabyte : second == 15 ? 5 * Megabyte : Megabyte;
            window.Take(Host.Sample(second, ("vnet0", bytes, 0)));
        }

        VMTrafficRate vm = VM1(window.Measured());
        Assert.Equal((20, 8_000_000, 40_000_000), (vm.SampleCount!.Value, vm.Percentile95TxBitsPerSecond!.Value, vm.PeakTxBitsPerSecond!.Value));
        Assert.Equal(9_600_000, vm.TxBitsPerSecond);
    }

    [Fact]
    public void The_current_rate_follows_a_change_with_a_time_constant_of_ten_seconds()
    {
        var window = Recording.Window(count: 20).Take(Host.Facts, Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(1, ("vnet0", 0, 0)));
        for (int second = 2; second <= 11; second++)
        {
            window.Take(Host.Sample(second, ("vnet0", (ulong)(second - 1) * Megabyte, 0)));
        }

        Assert.Equal(8_000_000 * (1 - Math.Exp(-1)), VM1(window.Measured()).CurrentTxBitsPerSecond!.Value, tolerance: 1);
    }

    [Fact]
    public void A_counter_that_went_back_was_reset_and_its_interval_does_not_count()
    {
        VMTrafficRate vm = VM1(Take(
            Host.Sample(0, ("vnet0", 5 * Megabyte, 0)), Host.Sample(1, ("vnet0", 100, 0)), Host.Sample(2, ("vnet0", Megabyte + 100, 0))));

        Assert.Equal((8_000_000, 1), (vm.TxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_counter_of_64_bits_that_wraps_goes_on()
    {
        VMTrafficRate vm = VM1(Take(
            Host.Sample(0, ("vnet0", ulong.MaxValue - 499_999, 0)), Host.Sample(1, ("vnet0", 500_000, 0))));

        Assert.Equal(8_000_000, vm.TxBitsPerSecond);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(0.4)]
    public void A_wall_clock_that_was_set_is_not_believed(double step)
    {
        HostSample set = Host.Sample(1, 1_000_000_001 + step, [], ("vnet0", Megabyte, 0));
        Assert.Equal(8_000_000, VM1(Take(Host.Sample(0, ("vnet0", 0, 0)), set)).TxBitsPerSecond);
    }

    [Fact]
    public void A_sample_that_an_answer_brought_early_ends_no_interval()
    {
        VMTrafficRate vm = VM1(Take(
            Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(0.03, ("vnet0", Megabyte, 0)), Host.Sample(1, ("vnet0", Megabyte, 0))));

        Assert.Equal((8_000_000, 1), (vm.PeakTxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_link_that_comes_or_goes_makes_the_window_ask_for_facts_once()
    {
        TrafficWindow window = Recording.Window().Take(Host.Facts, Host.Sample(0));

        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(1, ("vnet9", 0, 0))));
        Assert.Null(window.Observe(Host.Sample(2)));
        window.Observe(Host.Facts);
        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(3, 1_000_000_003, ["vnet0"])));
        window.Observe(Host.Facts);
        // What no link shows may change, too.
        Assert.Null(window.Observe(Host.Sample(4, 1_000_000_004, ["vnet0"])));
        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(60, 1_000_000_060, ["vnet0"])));
    }

    [Fact]
    public void A_link_that_came_and_is_no_known_VMs_makes_the_window_ask_again_until_it_is_or_half_a_minute_is_over()
    {
        // A VM that comes in by a migration has its link before it runs and libvirt lists it.
        HostFacts alone = Host.Facts with { Domains = [.. Host.Facts.Domains!.Where(d => d.Interfaces[0] != "vnet0")] };
        TrafficWindow window = Recording.Window().Take(alone, Host.Sample(0, 1_000_000_000, ["vnet0"]));

        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(1, ("vnet0", 0, 0))));
        window.Observe(alone);
        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(2, ("vnet0", 0, 0))));
        window.Observe(Host.Facts);
        Assert.Null(window.Observe(Host.Sample(3, ("vnet0", 0, 0))));

        window = Recording.Window().Take(alone, Host.Sample(0, 1_000_000_000, ["vnet0"]));
        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(1, ("vnet0", 0, 0))));
        window.Observe(alone);
        Assert.Equal(SamplerScript.Facts, window.Observe(Host.Sample(30, ("vnet0", 0, 0))));
        window.Observe(alone);
        Assert.Null(window.Observe(Host.Sample(32, ("vnet0", 0, 0))));
    }

    [Fact]
    public void An_interface_that_is_plugged_in_makes_no_jump_and_counts_from_then_on()
    {
        HostFacts plugged = Host.FactsWith((" <target dev='vnet0'/>", " <target dev='vnet0'/></interface><interface type='bridge'><target dev='uplink9'/>"));
        plugged = plugged with { Links = new Dictionary<string, LinkFacts>(plugged.Links) { ["uplink9"] = plugged.Links["vnet0"] with { Name = "uplink9", Index = 99 } } };
        VMTrafficRate vm = VM1(Recording.Window().Take(
            Host.Facts, Host.Sample(0, ("vnet0", 0, 0)),
            Host.Sample(1, ("vnet0", Megabyte, 0), ("uplink9", 9_000_000_000, 0)), plugged,
            Host.Sample(2, ("vnet0", 2 * Megabyte, 0), ("uplink9", 9_000_000_000 + Megabyte, 0))).Measured());

        Assert.Equal((16_000_000, 2, 2), (vm.PeakTxBitsPerSecond, vm.InterfaceCount, vm.SampleCount!.Value));
    }

    [Fact]
    public void An_interface_that_is_unplugged_leaves_the_rest_counting()
    {
        VMTrafficRate vm = VM1(Recording.Window().Take(
            Host.FactsWith((" <target dev='vnet0'/>", " <target dev='vnet0'/></interface><interface type='bridge'><target dev='vnet5'/>")),
            Host.Sample(0, ("vnet0", 0, 0), ("vnet5", 0, 0)), Host.Sample(1, ("vnet0", Megabyte, 0), ("vnet5", Megabyte, 0)),
            Host.Sample(2, 1_000_000_002, ["vnet5"], ("vnet0", 2 * Megabyte, 0)), Host.Facts,
            Host.Sample(3, 1_000_000_003, ["vnet5"], ("vnet0", 3 * Megabyte, 0))).Measured());

        Assert.Equal((16_000_000, 8_000_000, 3), (vm.PeakTxBitsPerSecond!.Value, vm.Percentile95RxBitsPerSecond!.Value + 8_000_000, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_VM_that_appears_is_measured_from_its_second_sample_on()
    {
        HostFacts alone = Host.Facts with { Domains = [.. Host.Facts.Domains!.Where(d => d.Interfaces[0] != "vnet0")] };
        TrafficWindow window = Recording.Window().Take(
            alone, Host.Sample(0, 1_000_000_000, ["vnet0"]), Host.Sample(1, ("vnet0", 7 * Megabyte, 0)), Host.Facts);
        Assert.DoesNotContain(window.Measured().VirtualMachines, v => v.VMName == "vm1");

        VMTrafficRate vm = VM1(window.Take(Host.Sample(2, ("vnet0", 8 * Megabyte, 0))).Measured());
        Assert.Equal((8_000_000, 1), (vm.PeakTxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_VM_that_vanished_or_was_migrated_away_is_left_out_and_nothing_else_suffers()
    {
        HostFacts alone = Host.Facts with { Domains = [.. Host.Facts.Domains!.Where(d => d.Interfaces[0] != "vnet0")] };
        HostMeasurement measured = Recording.Window().Take(
            Host.Facts, Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(1, ("vnet0", Megabyte, 0)),
            Host.Sample(2, 1_000_000_002, ["vnet0"]), alone, Host.Sample(3, 1_000_000_003, ["vnet0"])).Measured();

        Assert.Equal((1, 3), (measured.VirtualMachines.Count, measured.VirtualMachines[0].SampleCount!.Value));
    }

    [Fact]
    public void A_VM_that_was_started_anew_begins_anew_even_on_a_link_of_the_old_name()
    {
        HostFacts anew = Host.Facts;
        anew = anew with { Links = new Dictionary<string, LinkFacts>(anew.Links) { ["vnet0"] = anew.Links["vnet0"] with { Index = 99 } } };
        VMTrafficRate vm = VM1(Recording.Window().Take(
            Host.Facts, Host.Sample(0, ("vnet0", 0, 0)), Host.Sample(1, ("vnet0", 50 * Megabyte, 0)),
            Host.Sample(2, ("vnet0", 60 * Megabyte, 0)), anew, Host.Sample(3, ("vnet0", 61 * Megabyte, 0))).Measured());

        Assert.Equal((8_000_000, 1), (vm.PeakTxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public void A_libvirtd_that_falls_silent_later_leaves_the_known_VMs()
    {
        HostFacts silent = Host.Facts with { Domains = null, LibvirtFailure = new CommandResult(1, "", "error: failed to connect to the hypervisor") };
        VMTrafficRate vm = VM1(Recording.Window().Take(
            Host.Facts, Host.Sample(0, ("vnet0", 0, 0)), silent, Host.Sample(1, ("vnet0", Megabyte, 0))).Measured());
        Assert.Equal(8_000_000, vm.TxBitsPerSecond);

        var e = Assert.Throws<MigrationException>(() => Recording.Window().Take(silent));
        Assert.Equal("LibvirtUnavailable", e.ErrorId);
    }

    [Fact]
    public void Background_is_what_the_uplink_carries_beyond_the_VMs_and_never_negative()
    {
        HostMeasurement measured = Take(
            Host.Sample(0, ("vnet0", 0, 0), ("vnet5", 0, 0), ("uplink0", 0, 0)),
            Host.Sample(1, ("vnet0", Megabyte, 2 * Megabyte), ("vnet5", 0, 0), ("uplink0", 1_900_000, 1_500_000)));

        Assert.Equal((4_000_000, 0), (VM1(measured).HostBackgroundTxBitsPerSecond, VM1(measured).HostBackgroundRxBitsPerSecond!.Value));
        // A destination's own VMs stay there: all that its uplink carries is background to what arrives.
        Assert.Equal((12_000_000, 15_200_000), (measured.Host.BackgroundTxBitsPerSecond, measured.Host.BackgroundRxBitsPerSecond));
        Assert.Equal(("uplink0", 100_000_000L, "full", 1500), (measured.Host.Uplink, measured.Host.LinkBitsPerSecond, measured.Host.LinkDuplex, measured.Host.LinkMtuBytes));
        Assert.Equal(0.1229, measured.Host.TxUtilization!.Value, 3);
    }

    [Theory]
    [InlineData(12_200_000UL, true)]
    [InlineData(11_300_000UL, false)]
    public void A_full_uplink_makes_the_rates_of_those_who_use_it_lower_bounds(ulong bytes, bool isFull)
    {
        HostMeasurement measured = Take(
            Host.Sample(0, ("vnet0", 0, 0), ("vnet5", 0, 0), ("uplink0", 0, 0)),
            Host.Sample(1, ("vnet0", bytes, 0), ("vnet5", 0, 0), ("uplink0", 0, bytes)));

        Assert.Equal(isFull, VM1(measured).Saturated);
        Assert.Equal(isFull, measured.Host.Saturated);
        Assert.False(measured.VirtualMachines.Single(v => v.VMName != "vm1").Saturated);
    }

    [Theory]
    [InlineData(12_080_000UL, true)] // 96.6 Mbit/s: what a full 100 Mbit/s shows to a virtual NIC
    [InlineData(11_300_000UL, false)]
    public void Packets_that_are_cut_into_frames_later_fill_a_link_earlier(ulong bytes, bool isFull)
    {
        // As a virtual NIC counts with segmentation offload: 190 packets of 64 KB.
        static HostSample Uncut(HostSample sample) => sample with
        {
            Links = new Dictionary<string, LinkCounters>(sample.Links)
            {
                ["uplink0"] = sample.Links["uplink0"] with { TxPackets = sample.Links["uplink0"].TxBytes / 64_000 },
            },
        };
        HostMeasurement measured = Take(
            Uncut(Host.Sample(0, ("vnet0", 0, 0), ("uplink0", 0, 0))), Uncut(Host.Sample(1, ("vnet0", bytes, 0), ("uplink0", 0, bytes))));

        Assert.Equal(isFull, measured.Host.Saturated);
    }

    private static HostMeasurement Take(params HostSample[] samples) => Recording.Window().Take([Host.Facts, .. samples]).Measured();

    private static VMTrafficRate VM1(HostMeasurement measured) => measured.VirtualMachines.Single(v => v.VMName == "vm1");
}
