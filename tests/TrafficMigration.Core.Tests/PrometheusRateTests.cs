using TrafficMigration.Prometheus;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class PrometheusRateTests
{
    private const string VM = "domain=vm,instance=kvm1:9177,job=j,target_device=vnet0";

    [Fact]
    public async Task Rates_of_recorded_answers_are_those_that_iperf3_gave_and_in_the_guests_direction()
    {
        PrometheusMeasurement measured = await Recorded();

        Assert.Equal(["vm1", "vm2"], measured.VirtualMachines.Select(v => v.VMName));
        Assert.Empty(measured.Problems);
        VMTrafficRate sender = measured.VirtualMachines[0];
        // Headers are part of what interfaces count: 1 % of iperf3's full frames.
        Assert.InRange(sender.TxBitsPerSecond / 20_018_364.0, 1, 1.03);
        Assert.InRange(sender.RxBitsPerSecond, 0, 40_000);
        VMTrafficRate receiver = measured.VirtualMachines[1];
        Assert.InRange(receiver.RxBitsPerSecond / 10_008_455.0, 1, 1.03);
        Assert.InRange(receiver.TxBitsPerSecond, 0, 40_000);
    }

    [Fact]
    public async Task All_that_the_exporter_knows_of_a_VM_is_there_and_nothing_that_it_does_not()
    {
        VMTrafficRate vm = (await Recorded()).VirtualMachines[0];

        Assert.Equal(("kvm-a", "3adf1171-ff42-4fed-9b77-0361de73570c"), (vm.HostName, vm.VMId));
        Assert.Equal((167_772_160, 1), (vm.MemoryBytes!.Value, vm.VCpuCount!.Value));
        Assert.Equal((11, TimeSpan.FromSeconds(11)), (vm.SampleCount!.Value, vm.Window!.Value));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_795_595_654_563), vm.SampledAt);
        Assert.Equal((2712 - 2082) / 11.0, vm.TxPacketsPerSecond!.Value, 6);
        Assert.True(vm.PeakTxBitsPerSecond >= vm.Percentile95TxBitsPerSecond && vm.Percentile95TxBitsPerSecond >= vm.TxBitsPerSecond);
        Assert.Null(vm.LocalTxBitsPerSecond ?? vm.ElsewhereTxBitsPerSecond ?? vm.HostBackgroundTxBitsPerSecond ?? vm.LinkBitsPerSecond);
    }

    [Fact]
    public async Task A_counter_that_went_back_was_reset_and_its_interval_does_not_count()
    {
        VMTrafficRate vm = Assert.Single((await Measure(Tx("5000000", "100", "1000100"), Rx("0", "0", "0"))).VirtualMachines);

        Assert.Equal((8_000_000, 8_000_000, 1), (vm.TxBitsPerSecond, vm.PeakTxBitsPerSecond!.Value, vm.SampleCount!.Value));
    }

    [Fact]
    public async Task Statistics_are_as_documented()
    {
        string[] counters = [.. Enumerable.Range(0, 21).Select(i => $"{(i < 20 ? i * 1_000_000 : 30_000_000)}")];
        VMTrafficRate vm = Assert.Single((await Measure(Tx(counters), Rx([.. counters.Select(_ => "7")]))).VirtualMachines);

        Assert.Equal((12_000_000, 88_000_000, 8_000_000), (vm.TxBitsPerSecond, vm.PeakTxBitsPerSecond!.Value, vm.Percentile95TxBitsPerSecond!.Value));
        Assert.InRange(vm.CurrentTxBitsPerSecond!.Value, 15_000_000, 30_000_000);
        Assert.Equal((0, 0, 20), (vm.RxBitsPerSecond, vm.CurrentRxBitsPerSecond!.Value, vm.SampleCount!.Value));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("+Inf")]
    [InlineData("-Inf")]
    [InlineData("-5")]
    [InlineData("1e300")]
    public async Task A_value_that_no_counter_can_have_counts_as_not_scraped(string value)
    {
        VMTrafficRate vm = Assert.Single((await Measure(Tx("0", value, "2000000"), Rx("0", "1", "2"))).VirtualMachines);

        Assert.Equal((8_000_000, 1, TimeSpan.FromSeconds(2)), (vm.TxBitsPerSecond, vm.SampleCount!.Value, vm.Window!.Value));
        Assert.Null(vm.TxPacketsPerSecond);
    }

    [Fact]
    public async Task An_absurd_counter_never_gives_a_negative_rate()
    {
        VMTrafficRate vm = Assert.Single((await Measure(Tx("0", "9e18"), Rx("0", "0"))).VirtualMachines);
        Assert.True(vm.TxBitsPerSecond > 0);
    }

    [Fact]
    public async Task Interfaces_add_up_and_one_plugged_in_makes_no_jump()
    {
        string second = VM.Replace("vnet0", "vnet1", StringComparison.Ordinal);
        PrometheusMeasurement measured = await Measure(
            Tx("0", "1000000", "2000000", "3000000"), Rx("0", "0", "0", "0"),
            (ExporterMetrics.TransmitBytes, second, [(2, "9000000000"), (3, "9001000000")]),
            (ExporterMetrics.ReceiveBytes, second, [(2, "0"), (3, "0")]));

        VMTrafficRate vm = Assert.Single(measured.VirtualMachines);
        Assert.Equal((12_000_000, 2), (vm.TxBitsPerSecond, vm.SampleCount!.Value));
    }

    [Fact]
    public async Task A_host_scraped_by_two_jobs_counts_once()
    {
        string again = VM.Replace("job=j", "job=k", StringComparison.Ordinal);
        PrometheusMeasurement measured = await Measure(
            Tx("0", "1000000"), Rx("0", "0"),
            (ExporterMetrics.TransmitBytes, again, [(0.5, "0"), (1.5, "1000000")]), (ExporterMetrics.ReceiveBytes, again, [(0.5, "0"), (1.5, "0")]));

        Assert.Equal(8_000_000, Assert.Single(measured.VirtualMachines).TxBitsPerSecond);
    }

    [Fact]
    public async Task A_VM_that_left_the_host_is_not_there_though_the_window_still_has_it()
    {
        using var fake = PrometheusFake.Good(
            PrometheusFake.Series((ExporterMetrics.Up, "instance=kvm1:9177", [(1, "1")]), (ExporterMetrics.Memory, "domain=other,instance=kvm1:9177", [(1, "5")])),
            PrometheusFake.Series(Tx("0", "1"), Rx("0", "1")));

        Assert.Empty((await fake.MeasureAsync()).VirtualMachines);
    }

    [Theory]
    [InlineData("libvirt_domain_state_code")]
    [InlineData("libvirt_domain_info_vstate")]
    [InlineData("libvirt_domain_info_state")]
    public async Task Only_running_VMs_have_rates_and_one_without_interfaces_is_one_of_them(string metric)
    {
        (string, string, (double, string)[]) state(string vm, string value) => (metric, $"domain={vm},instance=kvm1:9177", [(1, value)]);
        using var fake = PrometheusFake.Good(
            PrometheusFake.Series(state("off", "5"), state("paused", "3"), state("silent", "1")), PrometheusFake.Recorded("empty"));

        VMTrafficRate vm = Assert.Single((await fake.MeasureAsync()).VirtualMachines);
        Assert.Equal(("silent", 0), (vm.VMName, vm.TxBitsPerSecond));
        Assert.Null(vm.SampleCount);
    }

    [Theory]
    [InlineData("kvm1:9177", "kvm1")]
    [InlineData("kvm1.example.org", "kvm1.example.org")]
    [InlineData("192.0.2.1:80", "192.0.2.1")]
    [InlineData("[2001:db8::1]:9177", "2001:db8::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("kvm1:", "kvm1:")]
    public void The_host_is_the_instance_without_its_port(string instance, string host)
    {
        var up = new PrometheusSeries(
            ExporterMetrics.Up, new Dictionary<string, string> { ["instance"] = instance }, [new ScrapedValue(0, 1)]);
        Assert.Equal(host, Assert.Single(ScrapedHost.From([up], [])).Name);
    }

    private static Task<PrometheusMeasurement> Recorded() =>
        PrometheusFake.Good(PrometheusFake.Recorded("now"), PrometheusFake.Recorded("window")).MeasureAsync(seconds: 12);

    private static (string, string, (double, string)[]) Tx(params string[] values) => Counter(ExporterMetrics.TransmitBytes, values);

    private static (string, string, (double, string)[]) Rx(params string[] values) => Counter(ExporterMetrics.ReceiveBytes, values);

    private static (string, string, (double, string)[]) Counter(string name, string[] values) =>
        (name, VM, [.. values.Select((v, second) => ((double)second, v))]);

    private static Task<PrometheusMeasurement> Measure(params (string, string, (double, string)[])[] series)
    {
        string answer = PrometheusFake.Series(series);
        return PrometheusFake.Good(answer, answer).MeasureAsync();
    }
}
