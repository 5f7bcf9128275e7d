using System.Text.RegularExpressions;
using System.Threading.Channels;
using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class SamplerReaderTests
{
    private static readonly string[] Names = ["bridge", "pairs", "dirty", "paused", "two-nics", "many-nics", "macvtap", "ovs", "bond-vlan"];

    [Fact]
    public void Reads_what_a_real_host_answered()
    {
        var host = new Recording("bridge");
        HostFacts facts = host.Facts;
        DomainFacts hostile = facts.Domains!.Single(d => d.Name != "vm1");

        Assert.Equal("it's \"a\" $(x); ü", hostile.Name);
        Assert.Equal((1, 36), (hostile.VCpuCount, hostile.Id.Length));
        Assert.InRange(hostile.MemoryBytes, 64L << 20, 1L << 30);
        Assert.InRange(hostile.ResidentBytes!.Value, 64L << 20, 1L << 30);
        Assert.Equal((true, null), (hostile.PostCopy.Capable, hostile.PostCopy.Blocker));
        Assert.Empty(hostile.Disks);
        Assert.Equal(("bridge", "tun", "br0", 1500), (facts.Links["br0"].Kind, facts.Links["vnet0"].Kind, facts.Links["vnet0"].Master, facts.Links["uplink0"].MtuBytes));
        Assert.Equal((100_000_000L, "full"), (facts.Links["uplink0"].BitsPerSecond, facts.Links["uplink0"].Duplex));
        Assert.Null(facts.Links["lo"].BitsPerSecond);
        Assert.True(facts.PostCopyCapable); // QEMU runs as root there
        Assert.True(facts.FreeMemoryBytes > 1L << 30 && facts.CpuCount > 0);
        Assert.InRange(host.Samples.First().Links["vnet0"].RxBytes, 1UL, ulong.MaxValue);
        Assert.Null(host.Samples.First().Pairs);
    }

    [Fact]
    public void Knows_the_dirty_rate_that_libvirt_measured_and_that_it_did_not()
    {
        // One VM was measured while it wrote into its memory, the other was not.
        Assert.Equal([null, 8L << 20], new Recording("dirty").Facts.Domains!.Select(d => d.DirtyBytesPerSecond));
    }

    [Fact]
    public void A_sample_tells_how_long_the_processors_were_idle()
    {
        string[] block = new Recording("bridge").Blocks.First(b => b[0].StartsWith("@sample", StringComparison.Ordinal));
        Assert.Null(((HostSample)SamplerReader.Parse("kvm-a", block)).Cpu);

        CpuTime before = Cpu("@cpu 13244290 14077519");
        Assert.Equal(new CpuTime(13_244_290, 14_077_519), before);
        Assert.Equal(0.25, Cpu("@cpu 13244340 14077719").IdleShareSince(before));
        Assert.Null(before.IdleShareSince(before));
        // Waits for disks may count backwards.
        Assert.Equal(0, Cpu("@cpu 13244280 14077719").IdleShareSince(before));

        CpuTime Cpu(string line) => ((HostSample)SamplerReader.Parse("kvm-a", [.. block, line])).Cpu!.Value;
    }

    [Fact]
    public void A_paused_VM_is_not_among_the_running() =>
        Assert.Single(new Recording("paused").Facts.Domains!);

    [Fact]
    public void Pairs_are_counted_with_their_Ethernet_headers()
    {
        var host = new Recording("pairs");
        string nic = host.Facts.Domains!.Single(d => d.Name == "vm1").Interfaces[0]!;
        string line = host.Blocks[^1].Last(l => l.Contains($"\"{nic}\" . \"uplink0\"", StringComparison.Ordinal));
        ulong[] figures = [.. line.Split(' ', ',').Where(w => ulong.TryParse(w, out _)).Select(ulong.Parse)];
        PairSample pairs = host.Samples.Last().Pairs!;

        Assert.Equal(figures[1] + (14 * figures[0]), pairs.Bytes[new PortPair(nic, "uplink0")]);
        // While this was recorded the host read 300 kB from the other VM.
        string other = host.Facts.Domains!.Single(d => d.Name != "vm1").Interfaces[0]!;
        Assert.InRange(pairs.Bytes[new PortPair(other, PortPair.Host)], 300_000UL, 330_000UL);
        Assert.InRange(pairs.Bytes[new PortPair(PortPair.Host, other)], 500UL, 30_000UL);
        Assert.InRange(pairs.Time.Since(host.Samples.Last().Time), 0.001, 1);
    }

    [Fact]
    public async Task A_greeting_of_the_login_script_is_no_answer()
    {
        using var stream = new FakeStream("Welcome to kvm-a!\n\n@domains nothing\n" + new Recording("bridge").Text);
        Assert.IsType<HostFacts>(await Reader(stream).ReadAsync(TestContext.Current.CancellationToken));
        Assert.IsType<HostSample>(await Reader(stream).ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_sampler_that_ends_is_an_error_with_what_it_said()
    {
        using var stream = new FakeStream("@facts\n@domains", new CommandResult(3, "", "sh: 1: out of memory"));
        var e = await Assert.ThrowsAsync<MigrationException>(() => Reader(stream).ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("CommandFailed", "kvm-a"), (e.ErrorId, e.HostName));
        Assert.Contains("out of memory", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_VMs_description_cannot_pretend_to_be_the_samplers_word()
    {
        // Put in where libvirt prints it: after a blank, which the script puts before every line of virsh.
        string text = new Recording("bridge").Text.Replace(
            "   <vcpu", "   <description>x\n @end\n @sample 1 1\n </domains>\n Domain: 'vm9'\n</description>\n   <vcpu".Replace("</domains>", "&lt;/domain&gt;", StringComparison.Ordinal).Replace("\n</description>", "\n </description>", StringComparison.Ordinal),
            StringComparison.Ordinal);
        using var stream = new FakeStream(text);
        var facts = Assert.IsType<HostFacts>(await Reader(stream).ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, facts.Domains!.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("@facts")]
    [InlineData("@sample 1 2")]
    [InlineData("@sample one two\n@counted 1 2")]
    [InlineData("@sample 1 2\neth0: 1 2 3\n@counted 1 2")]
    [InlineData("@sample 1 2\neth0: 1 2 0 0 0 0 0 0 -3 4 0 0 0 0 0 0\n@counted 1 2")]
    [InlineData("@sample 1 2\n@counted 1e99 2")]
    [InlineData("@surprise")]
    public void What_cannot_be_understood_is_an_error_that_names_the_host(string answer)
    {
        var e = Assert.Throws<MigrationException>(() => SamplerReader.Parse("kvm-a", answer.Length == 0 ? [] : answer.Split('\n')));
        Assert.Equal("AnswerNotUnderstood", e.ErrorId);
        Assert.Contains("'kvm-a'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[\"uuid\"]")]
    [InlineData("[]")]
    [InlineData("[\"set\",[[]]]")]
    [InlineData("[\"set\",[[\"uuid\"]]]")]
    [InlineData("\"uuid\"")]
    [InlineData("[\"uuid\",null]")]
    public void A_damaged_reference_of_Open_vSwitch_is_refused(string reference)
    {
        string[] facts = [.. new Recording("ovs").FactsLines.Select(line =>
            line.StartsWith("{\"data\":", StringComparison.Ordinal) ? Regex.Replace(line, """\["uuid","[^"]*"\]""", reference) : line)];
        var e = Assert.Throws<MigrationException>(() => SamplerReader.Parse("kvm-a", facts));
        Assert.Equal(("AnswerNotUnderstood", "kvm-a"), (e.ErrorId, e.HostName));
    }

    [Fact]
    public void A_damaged_answer_is_read_or_refused_but_never_anything_else()
    {
        string[] answers = [.. Names.Select(n => new Recording(n)).SelectMany(r => r.Blocks).Select(b => string.Join('\n', b))];
        Gen.Select(Gen.Int[0, answers.Length - 1], Gen.Double[0, 1], Gen.Int[0, 40], Gen.String).Sample(
            (which, where, length, insertion) =>
            {
                string answer = answers[which];
                int at = (int)(where * (answer.Length - 1));
                Damage.MustNotSurprise(answer.Remove(at, Math.Min(length, answer.Length - at)).Insert(at, insertion));
            },
            iter: 5_000);
    }

    private static SamplerReader Reader(FakeStream stream) => new(stream, "kvm-a");
}

/// <summary>What may come of a damaged answer.</summary>
internal static class Damage
{
    public static void MustNotSurprise(string answer)
    {
        try
        {
            if (SamplerReader.Parse("kvm-a", answer.Split('\n')) is HostFacts { Domains: not null } facts
                && Topology.Of(facts, null) is { } topology)
            {
                Assert.All(topology.Uplinks, name => Assert.True(facts.Links.ContainsKey(name)));
            }
        }
        catch (MigrationException e)
        {
            Assert.Equal(("AnswerNotUnderstood", "kvm-a"), (e.ErrorId, e.HostName));
        }
    }
}

/// <summary>A stream that says what a test gives it.</summary>
internal sealed class FakeStream : ICommandStream, IDisposable
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public FakeStream(string text, CommandResult? end = null)
    {
        foreach (string line in text.Split('\n'))
        {
            _lines.Writer.TryWrite(line);
        }

        if (end is not null)
        {
            _lines.Writer.Complete();
        }

        Completion = end is null ? new TaskCompletionSource<CommandResult>().Task : Task.FromResult(end);
    }

    public List<string> Asked { get; } = [];

    public Task<CommandResult> Completion { get; }

    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        await _lines.Reader.WaitToReadAsync(cancellationToken) && _lines.Reader.TryRead(out string? line) ? line : null;

    public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        Asked.Add(line);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Dispose()
    {
    }
}
