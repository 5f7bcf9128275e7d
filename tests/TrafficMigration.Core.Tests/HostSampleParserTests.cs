using CsCheck;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class HostSampleParserTests
{
    private static readonly string Answer = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", "host-sample.txt"));

    [Fact]
    public void Reads_what_a_real_host_answered()
    {
        HostSample sample = HostSampleParser.Parse("kvm-a", Answer);

        Assert.Equal(["it's \"a\" $(x); ü", "vm1"], sample.Domains.Select(d => d.Name));
        Assert.Equal("67a13634-f303-4c34-9958-5bd34af95820", sample.Domains[0].Id);
        Assert.Equal(131072L * 1024, sample.Domains[0].MemoryBytes);
        Assert.Equal([new InterfaceSample("vnet0", TxBytes: 810, RxBytes: 950)], sample.Domains[0].Interfaces);
        Assert.Equal("br0", sample.AddressLink);
        LinkSample uplink = Assert.Single(sample.Links, l => l.Name == "uplink0");
        Assert.Equal(("br0", false, 100_000_000L), (uplink.Master, uplink.IsTap, uplink.BitsPerSecond));
        Assert.True(Assert.Single(sample.Links, l => l.Name == "vnet0").IsTap);
        Assert.Null(Assert.Single(sample.Links, l => l.Name == "lo").BitsPerSecond);
        Assert.InRange(sample.Uptime, 8309, 8312);
    }

    [Fact]
    public void A_VM_without_interfaces_or_counters_has_none()
    {
        string answer = Answer.Replace("net.count=1", "net.count=0", StringComparison.Ordinal);
        Assert.All(HostSampleParser.Parse("kvm-a", answer).Domains, d => Assert.Empty(d.Interfaces));
    }

    [Fact]
    public void A_VM_that_ended_between_listing_and_counting_is_left_out()
    {
        string answer = string.Join('\n', Answer.Split('\n').Where(l => !l.StartsWith("67a13634", StringComparison.Ordinal)));
        Assert.Equal("vm1", Assert.Single(HostSampleParser.Parse("kvm-a", answer).Domains).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("bash: virsh: command not found")]
    [InlineData("@clock 1 2\n@domains\n")]
    [InlineData("@clock 1")]
    [InlineData("@clock 1 2 3")]
    [InlineData("@memory")]
    [InlineData("@clock one two")]
    [InlineData("@surprise")]
    public void What_cannot_be_understood_is_an_error_that_names_the_host(string answer)
    {
        var e = Assert.Throws<MigrationException>(() => HostSampleParser.Parse("kvm-a", answer));
        Assert.Equal("AnswerNotUnderstood", e.ErrorId);
        Assert.Contains("'kvm-a'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_answer_is_read_or_refused_but_never_anything_else() =>
        Gen.Select(Gen.Int[0, Answer.Length - 1], Gen.Int[0, 40], Gen.String).Sample(
            (at, length, insertion) =>
            {
                string damaged = Answer.Remove(at, Math.Min(length, Answer.Length - at)).Insert(at, insertion);
                try
                {
                    HostSample sample = HostSampleParser.Parse("kvm-a", damaged);
                    Assert.All(sample.Domains.SelectMany(d => d.Interfaces), i => Assert.True(i.TxBytes >= 0 && i.RxBytes >= 0));
                }
                catch (MigrationException e)
                {
                    Assert.Equal("AnswerNotUnderstood", e.ErrorId);
                }
            },
            iter: 20_000);
}
