using CsCheck;
using TrafficMigration.Export;
using TrafficMigration.Planning;
using Xunit;
using YamlDotNet.RepresentationModel;
using static TrafficMigration.Tests.ExportedPlans;

namespace TrafficMigration.Tests;

/// <summary>What all files that a plan is written to have in common.</summary>
public sealed class PlanExportTests
{
    [Fact]
    public void Whatever_a_string_is_a_YAML_parser_reads_it_back() => Gen.OneOf(Gen.String, HostileName).Where(ExportText.IsText).Sample(
        text => ((YamlScalarNode)Assert.Single(Documents(ExportText.Quote(text)))).Value == text, iter: 2000);

    [Fact]
    public void What_is_no_text_is_known()
    {
        Assert.All(["a\0", "\uD83D", "a\uDE00b", "\uD83D\uD83D\uDE00"], t => Assert.False(ExportText.IsText(t)));
        Assert.All(["", "ü", "😀", "\uFFFD", "a\nb"], t => Assert.True(ExportText.IsText(t)));
        Assert.Throws<ArgumentException>(() => ExportText.Quote("\uD83D"));
    }

    [Fact]
    public void A_comment_is_one_line_whatever_it_says() => Gen.OneOf(Gen.String, HostileName).Sample(text =>
    {
        string comment = ExportText.Comment(text);
        Assert.StartsWith("#", comment, StringComparison.Ordinal);
        Assert.DoesNotContain(comment, c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202E');
        Assert.Empty(Documents(comment));
    });

    [Theory]
    [InlineData(0, 0, 0, "1234")]
    [InlineData(1, 0, 0, "1 2 3 4")]
    [InlineData(3, 0, 0, "123 4")]
    [InlineData(0, 1, 0, "1 2 34")]
    [InlineData(0, 0, 1, "12 3 4")]
    [InlineData(3, 2, 2, "12 34")]
    public void Waves_keep_the_order_and_the_limits(int throttle, int outgoing, int incoming, string expected)
    {
        MigrationPlan whole = Whole with { ThrottleLimit = throttle, MaxOutgoingPerHost = outgoing, MaxIncomingPerHost = incoming };
        VMMigrationPlan[] plans =
        [
            Plan("1", source: "a", destination: "x") with { Plan = whole }, Plan("2", source: "A", destination: "y") with { Plan = whole },
            Plan("3", source: "a", destination: "x") with { Plan = whole }, Plan("4", source: "b", destination: "X") with { Plan = whole },
        ];
        Assert.Equal(expected, string.Join(' ', Waves.Of(plans).Select(w => string.Concat(w.Select(p => p.VMName)))));
    }

    [Fact]
    public void No_wave_breaks_a_limit_and_every_VM_is_in_one() => Gen.Select(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 4]), Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]).Array[1, 20]).Sample((limits, ways) =>
    {
        MigrationPlan whole = Whole with { ThrottleLimit = limits.Item1, MaxOutgoingPerHost = limits.Item2, MaxIncomingPerHost = limits.Item3 };
        VMMigrationPlan[] plans = [.. ways.Select((w, i) => Plan($"vm{i}", source: $"s{w.Item1}", destination: $"d{w.Item2}") with { Plan = whole })];
        IReadOnlyList<IReadOnlyList<VMMigrationPlan>> waves = Waves.Of(plans);
        Assert.Equal(plans, waves.SelectMany(w => w));
        Assert.All(waves, w =>
        {
            Assert.NotEmpty(w);
            Assert.True(limits.Item1 == 0 || w.Count <= limits.Item1);
            Assert.All(w.GroupBy(p => p.Source), g => Assert.True(limits.Item2 == 0 || g.Count() <= limits.Item2));
            Assert.All(w.GroupBy(p => p.Destination), g => Assert.True(limits.Item3 == 0 || g.Count() <= limits.Item3));
        });
    });

    [Theory]
    [InlineData(PlanFormat.KubeVirt)]
    [InlineData(PlanFormat.OpenStack)]
    [InlineData(PlanFormat.OVirt)]
    public void The_same_plan_gives_the_same_text_with_plain_line_ends(PlanFormat format)
    {
        VMMigrationPlan[] plans = [Plan("vm1", Technique.PostCopy) with { VMId = Id(1) }, Plan("vm2") with { VMId = Id(2), BandwidthLimitBitsPerSecond = 16L << 20 }];
        string text = PlanExport.Write(format, plans);
        Assert.Equal(text, PlanExport.Write(format, plans.Select(p => p with { })));
        Assert.DoesNotContain('\r', text);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Contains("400 Mbps contending, optimal", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Split('\n'), l => l.EndsWith(' '));
    }

    [Theory]
    [InlineData(PlanFormat.KubeVirt)]
    [InlineData(PlanFormat.OpenStack)]
    [InlineData(PlanFormat.OVirt)]
    public void VMs_come_in_the_order_of_their_turns(PlanFormat format)
    {
        VMMigrationPlan[] plans = [Plan("vm-c") with { Order = 3, VMId = Id(3) }, Plan("vm-b") with { Order = 1, VMId = Id(2) }, Plan("vm-a") with { Order = 1, VMId = Id(1) }];
        string text = PlanExport.Write(format, plans);
        int[] places = [.. new[] { "vm-b: kvm1", "vm-a: kvm1", "vm-c: kvm1" }.Select(t => text.IndexOf(t, StringComparison.Ordinal))];
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Theory]
    [InlineData(PlanFormat.KubeVirt)]
    [InlineData(PlanFormat.OpenStack)]
    [InlineData(PlanFormat.OVirt)]
    public void A_VM_that_is_there_twice_is_refused(PlanFormat format)
    {
        VMMigrationPlan plan = Plan("vm1") with { VMId = Id(1) };
        foreach (VMMigrationPlan second in new[] { plan, plan with { Source = "kvm3" } })
        {
            MigrationException e = Assert.Throws<MigrationException>(() => PlanExport.Write(format, [plan, second]));
            Assert.Equal(nameof(Failures.ExportDuplicateVM), e.ErrorId);
            Assert.Contains("No file was written", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_cannot_be_exported_is_said()
    {
        Assert.Equal(nameof(Failures.NothingToExport), Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.OVirt, [])).ErrorId);
        Assert.Equal(nameof(Failures.ExportParameterInvalid), Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.OpenStack, [Plan("vm1")], "default")).ErrorId);
    }
}
