using CsCheck;
using TrafficMigration.Migration.Adaptive;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What the model says of a pre-copy that goes on or is switched. A link of one Gbit/s carries 941.48 Mbit/s of payload.</summary>
public sealed class SwitchForecastTests
{
    private const long Gigabit = 1_000_000_000;
    private const double Payload = 1e9 * 1448 / 1538 / 8;

    internal static readonly LiveTraffic Quiet = new()
    {
        TxBitsPerSecond = 0, TxWantedBitsPerSecond = 0, RxBitsPerSecond = 0, SourceOtherTxBitsPerSecond = 0, DestinationOtherRxBitsPerSecond = 0,
        SourceLinkBitsPerSecond = Gigabit, DestinationLinkBitsPerSecond = Gigabit,
    };

    private static readonly Gen<LiveTraffic> Traffic = Gen.Select(
        Gen.Select(Gen.Long[0, Gigabit], Gen.Long[0, Gigabit], Gen.Long[0, Gigabit], Gen.Long[0, Gigabit]),
        Gen.Select(Gen.Long[Gigabit / 10, Gigabit].Nullable(), Gen.Long[Gigabit / 10, Gigabit], Gen.Bool),
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Long[Gigabit / 100, Gigabit].Nullable()).Array[0, 4],
        (rates, links, streams) => Sending(Quiet, rates.Item1) with
        {
            RxBitsPerSecond = rates.Item2,
            SourceOtherTxBitsPerSecond = rates.Item3,
            DestinationOtherRxBitsPerSecond = rates.Item4,
            SourceLinkBitsPerSecond = links.Item1,
            DestinationLinkBitsPerSecond = links.Item2,
            IsSourceFull = links.Item3,
            OtherStreams = [.. streams.Select(s => new OtherStream(s.Item1, s.Item2, s.Item3))],
        });

    private static readonly Gen<PreCopyProgress> Progress = Gen.Select(
        Gen.Long[1, 5], Gen.Double[1e8, 1e10], Gen.Double[0.01, 1], Gen.Double[0, 60], Gen.Double[1e6, 1.2e8], Gen.Double[0, 1.2e8],
        (pass, total, left, seconds, rate, dirty) => new PreCopyProgress(pass, total, total * left, seconds, rate, dirty, total, Stalls: false));

    [Fact]
    public void A_VM_that_fills_the_link_halves_the_rate_and_a_switch_gives_it_back()
    {
        SwitchForecast forecast = SwitchForecast.Of(At(4e9, Payload / 2), Sending(Quiet, Gigabit), new SwitchRules());

        Assert.Equal(Payload / 2, forecast.PreCopyBytesPerSecond, 1);
        Assert.Equal(Payload, forecast.PostCopyBytesPerSecond, 1);
        Assert.Equal(2, forecast.Contention, 6);
        Assert.Equal(4e9 / Payload, forecast.PostCopySeconds, 6);
        Assert.Equal(Gigabit - (Payload * 8 / 2 * 1514 / 1448), forecast.PreCopyLossBitsPerSecond, 1);
        Assert.Equal(0, forecast.PostCopyLossBitsPerSecond);
    }

    [Fact]
    public void Streams_that_share_both_links_share_them_before_and_after()
    {
        LiveTraffic traffic = Sending(Quiet, Gigabit) with { OtherStreams = [new(true, true), new(true, true, 80_000_000)] };
        SwitchForecast forecast = SwitchForecast.Of(At(4e9, 1e9), traffic, new SwitchRules());

        Assert.Equal((Payload - 1e7) / 3, forecast.PreCopyBytesPerSecond, 1);
        Assert.Equal((Payload - 1e7) / 2, forecast.PostCopyBytesPerSecond, 1);
    }

    [Theory]
    [InlineData(0.5, false, 1)] // a processor: a switch makes it no faster
    [InlineData(0.5, true, 2)] // a full link that is shared unfairly: it will be afterwards, too, but with nobody
    [InlineData(0.9, false, 2)]
    public void What_holds_a_stream_beside_the_link_holds_it_afterwards(double ofShare, bool isFull, double contention)
    {
        LiveTraffic traffic = Sending(Quiet, Gigabit) with { IsSourceFull = isFull };

        Assert.Equal(contention, SwitchForecast.Of(At(4e9, ofShare * Payload / 2), traffic, new SwitchRules()).Contention, 6);
    }

    [Fact]
    public void Pages_dirtied_since_the_pass_began_are_sent_by_both()
    {
        PreCopyProgress at = At(1e9, 1e8) with { TotalBytes = 4e9, PassSeconds = 30, DirtyBytesPerSecond = 2e7 };
        SwitchForecast forecast = SwitchForecast.Of(at, null, new SwitchRules { DowntimeLimit = TimeSpan.Zero });

        // The sum of a geometric series: what is there now, dirtied on by a fifth of the time that it takes.
        Assert.Equal(1.6e9 / 1e8, forecast.PostCopySeconds, 6);
        Assert.Equal(1.6e9 / 8e7, forecast.PreCopySeconds, 0.001);
        Assert.Equal(1, forecast.Contention);
    }

    [Fact]
    public void The_rate_measured_before_the_run_counts_until_QEMU_tells()
    {
        var rules = new SwitchRules { DirtyBytesPerSecond = 5_000_000 };

        Assert.Equal(5_000_000, SwitchForecast.Of(At(1e9, 1e8) with { DirtyBytesPerSecond = null }, null, rules).DirtyBytesPerSecond);
        Assert.Equal(7, SwitchForecast.Of(At(1e9, 1e8) with { DirtyBytesPerSecond = 7 }, null, rules).DirtyBytesPerSecond);
    }

    [Fact]
    public void More_outgoing_traffic_of_the_VM_never_makes_a_switch_less_advised() => Gen.Select(Progress, Traffic, Gen.Long[0, Gigabit]).Sample(
        (at, traffic, more) => Implies(Pays(at, traffic), Pays(at, Sending(traffic, traffic.TxBitsPerSecond + more))), iter: 20_000);

    [Fact]
    public void More_incoming_traffic_of_the_VM_never_makes_a_switch_more_advised() => Gen.Select(Progress, Traffic, Gen.Long[0, Gigabit]).Sample(
        (at, traffic, more) => Implies(Pays(at, traffic with { RxBitsPerSecond = traffic.RxBitsPerSecond + more }), Pays(at, traffic)), iter: 20_000);

    [Fact]
    public void Figures_of_any_job_give_finite_rates_and_no_negative_time() => Gen.Select(Progress, Traffic.Null(), Gen.Double[0, 1]).Sample(
        (at, traffic, left) =>
        {
            at = at with { LeftBytes = left < 0.1 ? 0 : at.LeftBytes, TotalBytes = left < 0.05 ? 0 : at.TotalBytes };
            SwitchForecast forecast = SwitchForecast.Of(at, traffic, new SwitchRules());
            return double.IsFinite(forecast.PostCopyBytesPerSecond) && forecast.PostCopyBytesPerSecond > 0
                && double.IsFinite(forecast.PreCopyBytesPerSecond) && forecast.PreCopyBytesPerSecond > 0
                && forecast.PreCopySeconds >= 0 && forecast.PostCopySeconds >= 0 && forecast.Contention >= 0;
        },
        iter: 20_000);

    internal static LiveTraffic Sending(LiveTraffic traffic, long tx) => traffic with { TxBitsPerSecond = tx, TxWantedBitsPerSecond = tx };

    private static PreCopyProgress At(double left, double rate) => new(1, left, left, 0, rate, 0, left, Stalls: false);

    private static bool Pays(PreCopyProgress at, LiveTraffic traffic) =>
        SwitchThreshold.Begin.Pays(SwitchForecast.Of(at, traffic, new SwitchRules())) is not null;

    private static bool Implies(bool one, bool other) => !one || other;
}
