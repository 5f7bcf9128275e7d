using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>When a running pre-copy is switched, and when it is not, from looks at jobs that are played.</summary>
public sealed class SwitchAdviserTests
{
    private const long Gigabit = 1_000_000_000;
    private const double Payload = 1e9 * 1448 / 1538 / 8;
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly LiveTraffic Contending = SwitchForecastTests.Sending(SwitchForecastTests.Quiet, 900_000_000);
    private static readonly PlayedPreCopy Contended = new(4_000_000_000, 0, Payload / 2);

    [Fact]
    public void Contention_that_lasts_is_announced_and_then_switched_once()
    {
        SwitchDecision[] decisions = Play(new SwitchAdviser(), Contended, _ => Contending, first: 1);

        Assert.Equal([(1, false, true), (7, true, true)], decisions.Select(d => ((int)(d.Time - Begin).TotalSeconds, d.Switches, d.Pays)));
        SwitchDecision last = decisions[^1];
        Assert.Equal(SwitchCause.Contention, last.Cause);
        Assert.Equal((4e9 / (Payload / 2)) - 7, last.PreCopyRemaining!.Value.TotalSeconds, 0.01);
        Assert.Equal(((4e9 / (Payload / 2)) - 7) / 2, last.PostCopyRemaining.TotalSeconds, 0.01);
        Assert.Equal((900_000_000L, 0L), (last.TxBitsPerSecond, last.RxBitsPerSecond));
        Assert.Equal(900e6 - (Payload * 8 / 2 * 1514 / 1448), last.PreCopyLossBitsPerSecond, 1.0);
        Assert.Equal(
            "switched to post-copy: memory competes with 900 Mbps that the VM sends, in post-copy with 0 Mbps that it receives; the rest of 3422 MiB takes 61 s in pre-copy, 30 s in post-copy",
            last.ToString());
    }

    [Fact]
    public void A_burst_is_announced_and_withdrawn()
    {
        SwitchDecision[] decisions = Play(new SwitchAdviser(), Contended, second => second < 4 ? Contending : SwitchForecastTests.Quiet, first: 1);

        Assert.Equal([(1, false, true), (5, false, false)], decisions.Select(d => ((int)(d.Time - Begin).TotalSeconds, d.Switches, d.Pays)));
        Assert.StartsWith("stays in pre-copy", decisions[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Traffic_that_is_not_known_any_more_is_not_acted_upon()
    {
        SwitchDecision[] decisions = Play(new SwitchAdviser(), Contended, second => second < 4 ? Contending : null, first: 1);

        Assert.Equal([true, false], decisions.Select(d => d.Pays));
        Assert.DoesNotContain(decisions, d => d.Switches);
        Assert.Contains("traffic is not known any more", decisions[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_dirtied_as_fast_as_it_is_sent_is_seen_after_the_first_pass()
    {
        // Measured before, too: but the first pass, which takes 40 s, has to be sent by both techniques.
        var adviser = new SwitchAdviser(new SwitchRules { DirtyBytesPerSecond = 70_000_000 });
        SwitchDecision[] decisions = Play(adviser, new PlayedPreCopy(2_000_000_000, 70e6, 50e6), _ => null, first: 1);

        Assert.Equal([(41, false), (47, true)], decisions.Select(d => ((int)(d.Time - Begin).TotalSeconds, d.Switches)));
        Assert.All(decisions, d => Assert.Equal((SwitchCause.NoConvergence, null), (d.Cause, d.PreCopyRemaining)));
        Assert.StartsWith(
            "switched to post-copy: memory is sent at 400 Mbps and dirtied at 400 Mbps; the rest of 1907 MiB would not end in pre-copy",
            decisions[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_working_set_that_is_dirtied_again_and_again_stalls_whatever_its_rate()
    {
        var adviser = new SwitchAdviser();
        // Passes of 300 MB at 100 MB/s from the second on; QEMU's dirty rate is not told.
        SwitchDecision[] decisions = [.. Enumerable.Range(0, 40).Select(i => (Second: (2 * i) + 1.0, Sent: ((2 * i) + 1) * 100_000_000L))
            .Select(look => (look, Pass: look.Sent < 1_000_000_000 ? 1 : 2 + ((look.Sent - 1_000_000_000) / 300_000_000)))
            .Select(at => adviser.Look(
                new JobFigures(
                    at.look.Sent, at.Pass == 1 ? 1_000_000_000 - at.look.Sent : 300_000_000 - ((at.look.Sent - 1_000_000_000) % 300_000_000),
                    1_000_000_000, null, at.Pass) { BytesPerSecond = 100_000_000, Elapsed = TimeSpan.FromSeconds(at.look.Second) },
                null, Begin.AddSeconds(at.look.Second)))
            .OfType<SwitchDecision>()];

        // The third pass begins in second 13 and shows that the second has won nothing.
        Assert.Equal([(13, false), (19, true)], decisions.Select(d => ((int)(d.Time - Begin).TotalSeconds, d.Switches)));
        Assert.Contains("a pass left no less memory than the one before", decisions[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pre_copy_that_converges_on_a_quiet_link_is_never_switched() => Gen.Select(
        Gen.Long[100_000_000, 4_000_000_000], Gen.Double[0, 0.95], Gen.Double[0.3, 1], Gen.Long[0, Gigabit], Gen.Double[0, 2]).Sample(
        (memory, dirty, ofLink, rx, first) =>
        {
            double rate = ofLink * Payload;
            LiveTraffic quiet = SwitchForecastTests.Quiet with { RxBitsPerSecond = rx };
            return Play(new SwitchAdviser(), new PlayedPreCopy(memory, dirty * rate, rate), _ => quiet, first).Length == 0;
        },
        iter: 300);

    [Fact]
    public void Never_advises_twice_whatever_comes() => Gen.Select(
        Gen.Select(Gen.Long[100_000_000, 4_000_000_000], Gen.Double[0, 1.2e8], Gen.Double[1e6, 1.2e8]),
        Gen.Select(Gen.Long[0, Gigabit], Gen.Long[0, Gigabit], Gen.Bool).Array[1, 50], Gen.Double[0, 2]).Sample(
        (job, traffic, first) =>
        {
            SwitchDecision[] decisions = Play(
                new SwitchAdviser(), new PlayedPreCopy(job.Item1, job.Item2, job.Item3),
                second => traffic[(int)second / 2 % traffic.Length] is (var tx, var rx, true)
                    ? SwitchForecastTests.Sending(SwitchForecastTests.Quiet, tx) with { RxBitsPerSecond = rx } : null, first);
            int switched = Array.FindIndex(decisions, d => d.Switches);
            // Each decision is another one than that before, and a switch is the last.
            return (switched < 0 || switched == decisions.Length - 1) && decisions.SkipLast(switched < 0 ? 0 : 1).Select((d, i) => d.Pays == (i % 2 == 0)).All(x => x);
        },
        iter: 500);

    [Fact]
    public void Noise_about_the_margin_decides_at_most_once_and_below_it_never() => Gen.Select(
        Gen.Double[-0.05, 0.05].Array[2, 100], Gen.Double[1.0, 1.5]).Sample(
        (noise, mean) =>
        {
            SwitchForecast forecast = SwitchForecast.Of(
                new PreCopyProgress(1, 4e9, 4e9, 0, Payload / 2, 0, 4e9, Stalls: false), Contending, new SwitchRules());
            SwitchState state = default;
            int changes = 0;
            for (int i = 0; i < noise.Length; i++)
            {
                SwitchState next = SwitchAdviser.Decide(state, forecast with { Contention = mean * (1 + noise[i]) }, Begin.AddSeconds(2 * i));
                changes += next == state ? 0 : 1;
                state = next;
            }

            return mean switch
            {
                < 1.25 / 1.05 => changes == 0,
                > 1.25 / 0.95 => changes == (noise.Length > 3 ? 2 : 1),
                _ => changes <= 2, // announced, and perhaps switched; never withdrawn and announced again
            };
        },
        iter: 5000);

    [Fact]
    public void A_VM_pays_for_no_switch_with_more_traffic_than_it_frees()
    {
        // Two other streams leave the source, too. Without the VM's own traffic memory would flow a third faster there, but the
        // VM, which has all that it wants to send, would lose a quarter of what it receives.
        LiveTraffic traffic = SwitchForecastTests.Sending(SwitchForecastTests.Quiet, 246_000_000) with
        {
            RxBitsPerSecond = 900_000_000, OtherStreams = [new(true, false), new(true, false)],
        };
        var preCopy = new PlayedPreCopy(4_000_000_000, 0, Payload / 4);

        Assert.Empty(Play(new SwitchAdviser(), preCopy, _ => traffic, first: 1));
        Assert.Contains(Play(new SwitchAdviser(), preCopy, _ => traffic with { RxBitsPerSecond = 0 }, first: 1), d => d.Switches);
    }

    [Theory]
    [InlineData(true, true, Technique.PreCopy, true)]
    [InlineData(true, null, Technique.PreCopy, true)]
    [InlineData(true, false, Technique.PreCopy, false)] // the VM cannot
    [InlineData(false, true, Technique.PreCopy, false)] // the caller says that it is pinned
    [InlineData(true, true, Technique.PostCopy, false)]
    public void Advises_only_what_plan_and_VM_allow(bool mayAdapt, bool? isCapable, Technique technique, bool advises)
    {
        var plan = new VMMigrationPlan
        {
            VMName = "vm1", Source = "kvm1", Destination = "kvm2", Technique = technique, SourceContentionBitsPerSecond = 0, DestinationContentionBitsPerSecond = 0,
            Rate = new VMTrafficRate { HostName = "kvm1", VMName = "vm1", TxBitsPerSecond = 0, RxBitsPerSecond = 0, PostCopyCapable = isCapable },
        };

        Assert.Equal(advises, Play(new SwitchAdviser(SwitchRules.For(plan, mayAdapt)), Contended, _ => Contending, first: 1).Any(d => d.Switches));
    }

    [Fact]
    public void Figures_of_a_job_that_has_only_begun_say_nothing()
    {
        var adviser = new SwitchAdviser();

        Assert.Null(adviser.Look(new JobFigures(0, 0, 0, null), Contending, Begin));
        Assert.Null(adviser.Look(new JobFigures(0, 0, 0, null, 1) { BytesPerSecond = 0 }, Contending, Begin.AddSeconds(10)));
    }

    /// <summary>Looks every two seconds until the pre-copy's end, or for an hour.</summary>
    internal static SwitchDecision[] Play(SwitchAdviser adviser, PlayedPreCopy preCopy, Func<double, LiveTraffic?> traffic, double first)
    {
        var decisions = new List<SwitchDecision>();
        for (double second = first; second < 3600 && preCopy.At(second) is { } figures; second += 2)
        {
            if (adviser.Look(figures, traffic(second), Begin.AddSeconds(second)) is { } decision)
            {
                decisions.Add(decision);
            }
        }

        return [.. decisions];
    }
}
