using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>When memory is compressed, what a plan expects of it, what QEMU is told, and what is reported.</summary>
public sealed class CompressionTests : IDisposable
{
    private const long Link = 1_000_000_000;
    private const MemoryCompression All = MemoryCompression.Xbzrle | MemoryCompression.Zlib | MemoryCompression.Zstd;

    private readonly TemporaryStore _journals = new();

    private static readonly VMTrafficRate Receiver = new()
    {
        HostName = "kvm1", VMName = "vm1", VMId = "vm1", TxBitsPerSecond = 0, RxBitsPerSecond = 400_000_000, LinkBitsPerSecond = Link, MemoryBytes = 4L << 30,
        PostCopyCapable = true, CompressedMemoryShare = 0.4, HostCompression = All, HostIdleCpuCount = 4,
    };

    private static readonly HostTraffic Destination = new() { HostName = "kvm2", LinkBitsPerSecond = Link, Compression = All, IdleCpuCount = 4 };

    public void Dispose() => _journals.Dispose();

    [Fact]
    public void Memory_that_compresses_is_compressed_where_all_that_it_needs_is_there()
    {
        VMMigrationPlan plan = Plan(Receiver);
        VMMigrationPlan without = Plan(Receiver, compression: MemoryCompression.None);

        Assert.Equal((Technique.PreCopy, MemoryCompression.Zstd), (plan.Technique, plan.Compression));
        Assert.Equal(0.4, plan.PredictedBytes!.Value / (double)without.PredictedBytes!.Value, 2);
        Assert.Equal(0.4, plan.PredictedDuration!.Value / without.PredictedDuration!.Value, 2);
        // 125 MB/s are 313 MB/s before, at 200 MB/s a processor.
        Assert.Equal(2, plan.Connections);
        Assert.Equal("Zstd leaves about 40% of the memory, for 1.6 idle processors", plan.CompressionReason);
        Assert.Contains(plan.CompressionReason, plan.Explain(), StringComparison.Ordinal);
    }

    [Fact]
    public void Zlib_is_taken_where_one_host_lacks_zstd() =>
        Assert.Equal(MemoryCompression.Zlib, Plan(Receiver with { HostIdleCpuCount = 64 }, Destination with { Compression = MemoryCompression.Zlib, IdleCpuCount = 64 }).Compression);

    public static TheoryData<string> Lacks => [
        "share", "source's abilities", "destination's abilities", "source's processors", "destination's processors", "links", "busy source", "busy destination", "content"];

    [Theory]
    [MemberData(nameof(Lacks))]
    public void Memory_goes_as_it_is_where_anything_is_missing(string what)
    {
        (VMTrafficRate rate, HostTraffic to) = what switch
        {
            "share" => (Receiver with { CompressedMemoryShare = null }, Destination),
            "source's abilities" => (Receiver with { HostCompression = null }, Destination),
            "destination's abilities" => (Receiver, Destination with { Compression = MemoryCompression.Xbzrle }),
            "source's processors" => (Receiver with { HostIdleCpuCount = null }, Destination),
            "destination's processors" => (Receiver, Destination with { IdleCpuCount = null }),
            "links" => (Receiver with { LinkBitsPerSecond = null }, Destination with { LinkBitsPerSecond = null }),
            "busy source" => (Receiver with { HostIdleCpuCount = 2 }, Destination),
            "busy destination" => (Receiver, Destination with { IdleCpuCount = 0.5 }),
            _ => (Receiver with { CompressedMemoryShare = 0.95 }, Destination),
        };
        VMMigrationPlan plan = Plan(rate, to);
        VMMigrationPlan without = Plan(rate, to, MemoryCompression.None);

        Assert.Equal((MemoryCompression.None, 1), (plan.Compression, plan.Connections));
        Assert.Equal(without.PredictedDuration, plan.PredictedDuration);
        Assert.Equal(what is "busy source" or "busy destination" or "content" || what.EndsWith("processors", StringComparison.Ordinal), plan.CompressionReason.Length > 0);
    }

    [Fact]
    public void What_is_post_copied_or_may_be_switched_by_plan_is_not_compressed_by_page()
    {
        Assert.Equal((Technique.PostCopy, MemoryCompression.None), Chosen(Plan(Receiver with { TxBitsPerSecond = 600_000_000 })));
        Assert.Equal((Technique.PreCopy, MemoryCompression.None), Chosen(Plan(Receiver, strategy: Strategy.PreCopyThenPostCopy)));

        static (Technique, MemoryCompression) Chosen(VMMigrationPlan plan) => (plan.Technique, plan.Compression);
    }

    [Fact]
    public void Differences_are_sent_where_the_VM_changes_little_of_many_pages()
    {
        VMTrafficRate writer = Receiver with { CompressedMemoryShare = 1, ChangedPageShare = 0.05, DirtyBytesPerSecond = 60_000_000 };
        VMMigrationPlan plan = Plan(writer);
        VMMigrationPlan without = Plan(writer, compression: MemoryCompression.None);

        Assert.Equal(MemoryCompression.Xbzrle, plan.Compression);
        Assert.True(plan.PredictedBytes < 0.7 * without.PredictedBytes);
        Assert.Equal(MemoryCompression.None, Plan(writer with { ChangedPageShare = 0.8 }).Compression);
        Assert.Equal(MemoryCompression.None, Plan(writer with { ChangedPageShare = null }).Compression);
    }

    // 1 Gbit/s, 125 MB/s. Pages: 0.6 M / (125 - 0.6 d); differences: M / (125 - 0.05 d): equal at d = 88 MB/s.
    [Theory]
    [InlineData(20_000_000, MemoryCompression.Zstd)]
    [InlineData(80_000_000, MemoryCompression.Zstd)]
    [InlineData(100_000_000, MemoryCompression.Xbzrle)]
    [InlineData(300_000_000, MemoryCompression.Xbzrle)]
    public void Of_compressed_pages_and_differences_the_one_is_taken_that_ends_sooner(long dirty, MemoryCompression expected)
    {
        VMTrafficRate writer = Receiver with { CompressedMemoryShare = 0.6, ChangedPageShare = 0.05, DirtyBytesPerSecond = dirty };
        Assert.Equal(expected, Plan(writer).Compression);
    }

    [Theory]
    [InlineData(MemoryCompression.Zlib, true)]
    [InlineData(MemoryCompression.Xbzrle, false)]
    public void What_was_asked_for_is_done_without_figures(MemoryCompression wanted, bool usesChannels)
    {
        VMMigrationPlan plan = Plan(Receiver with { CompressedMemoryShare = null, HostCompression = null, HostIdleCpuCount = null }, compression: wanted);
        Assert.Equal((wanted, usesChannels), (plan.Compression, plan.UsesChannels));
    }

    [Fact]
    public void What_a_host_cannot_do_is_said_and_not_tried()
    {
        VMMigrationPlan plan = Plan(Receiver, Destination with { Compression = MemoryCompression.Xbzrle }, MemoryCompression.Zstd);
        Assert.Equal((MemoryCompression.None, "Not compressed: kvm2 cannot do Zstd"), (plan.Compression, plan.CompressionReason));
    }

    [Fact]
    public void A_link_faster_than_one_connection_gets_several()
    {
        VMTrafficRate fast = Receiver with { LinkBitsPerSecond = 40_000_000_000, CompressedMemoryShare = null };
        HostTraffic to = Destination with { LinkBitsPerSecond = 40_000_000_000 };
        Assert.Equal(4, Plan(fast, to).Connections);
        Assert.Equal(1, Plan(fast with { HostIdleCpuCount = 1 }, to).Connections);
        Assert.Equal(1, Plan(fast with { HostIdleCpuCount = null }, to).Connections);
        Assert.Equal(1, Plan(fast with { LinkBitsPerSecond = 10_000_000_000 }, to).Connections);
    }

    [Fact]
    public void A_choice_is_never_predicted_to_be_slower() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 1], Gen.Long[0, 100_000_000], Gen.Double[0, 32], Gen.Double[0, 32], Gen.Long[10_000_000, 100_000_000_000])
            .Sample((share, changed, dirty, here, there, link) =>
            {
                VMTrafficRate rate = Receiver with
                {
                    CompressedMemoryShare = share, ChangedPageShare = changed, DirtyBytesPerSecond = dirty, HostIdleCpuCount = here,
                    LinkBitsPerSecond = link, RxBitsPerSecond = link / 3, TxBitsPerSecond = link / 5,
                };
                HostTraffic to = Destination with { LinkBitsPerSecond = link, IdleCpuCount = there };
                TimeSpan? chosen = Plan(rate, to, strategy: Strategy.PreCopy).PredictedDuration;
                TimeSpan? plain = Plan(rate, to, MemoryCompression.None, Strategy.PreCopy).PredictedDuration;
                return plain is null || chosen <= plain.Value * 1.001;
            }, iter: 300);

    [Theory]
    [InlineData(MemoryCompression.Zstd, 3, "--parallel --parallel-connections 3 --compressed --comp-methods zstd")]
    [InlineData(MemoryCompression.Xbzrle, 1, "--compressed --comp-methods xbzrle --comp-xbzrle-cache 536870912")]
    [InlineData(MemoryCompression.None, 2, "--parallel --parallel-connections 2")]
    [InlineData(MemoryCompression.None, 1, "")]
    public async Task QEMU_is_told_by_libvirt(MemoryCompression compression, int connections, string options) =>
        Assert.Equal(options, (await Run(Compressed(compression, connections), new RunOptions())).Single());

    [Fact]
    public async Task A_switch_or_a_tunnel_that_was_asked_for_is_worth_more_than_fewer_bytes()
    {
        VMMigrationPlan plan = Compressed(MemoryCompression.Zstd, 3);
        Assert.Equal([""], await Run(plan, new RunOptions { Transport = MemoryTransport.Tunnelled }));
        Assert.Equal([""], await Run(plan, new RunOptions { Timeout = TimeSpan.FromHours(1), TimeoutAction = TimeoutAction.PostCopy }));
    }

    [Fact]
    public void A_compressed_pre_copy_is_not_adapted()
    {
        VMMigrationPlan plan = Compressed(MemoryCompression.None, 1);
        Assert.True(PreCopyControl.MayAdapt(plan, new RunOptions()));
        Assert.True(PreCopyControl.MayAdapt(plan with { Compression = MemoryCompression.Xbzrle }, new RunOptions()));
        Assert.False(PreCopyControl.MayAdapt(plan with { Compression = MemoryCompression.Zstd }, new RunOptions()));
    }

    [Fact]
    public void What_was_saved_is_read_from_libvirts_figures()
    {
        // From the lab, virsh domjobinfo --rawstats: multifd with zstd; XBZRLE; neither.
        Assert.Equal(53_679_888, Saved("data_processed: 175401200", "memory_processed: 175401200", "memory_normal_bytes: 229081088"));
        Assert.Equal(
            (1000 * 4096) - 20000,
            Saved("data_processed: 229863289", "memory_processed: 229863289", "memory_normal_bytes: 229101568", "compression_bytes: 20000", "compression_pages: 1000"));
        Assert.Equal(0, Saved("data_processed: 229928980", "memory_processed: 229928980", "memory_normal_bytes: 229167104"));
        Assert.Null(Saved("data_processed: 7"));

        static long? Saved(params string[] lines) => JobFigures.Parse(lines)!.BytesSaved;
    }

    [Theory]
    [InlineData("11.3.0", true, All)]
    [InlineData("11.3.0", false, MemoryCompression.Xbzrle | MemoryCompression.Zlib)]
    [InlineData("9.3.0", true, MemoryCompression.Xbzrle)]
    [InlineData("", true, null)]
    public void A_hosts_abilities_are_told_by_the_versions_of_libvirt_and_by_what_QEMU_is_linked_with(string version, bool zstd, MemoryCompression? abilities) =>
        Assert.Equal(abilities, FactsParser.Compression([version, .. zstd ? (string[])["zstd"] : []]));

    private static VMMigrationPlan Compressed(MemoryCompression compression, int connections) =>
        Plan(Receiver) with { Compression = compression, Connections = connections };

    private async Task<IReadOnlyList<string>> Run(VMMigrationPlan plan, RunOptions options)
    {
        var site = new FakeSite();
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Moved);
        await new MigrationRun(_journals.Store, site.ConnectAsync, new Listener()).StartAsync(
            [plan], options with { Pace = FakeSite.Pace, SkipPreflight = true }, TestContext.Current.CancellationToken, CancellationToken.None);
        return [.. site.Transfers];
    }

    private static VMMigrationPlan Plan(
        VMTrafficRate rate, HostTraffic? to = null, MemoryCompression? compression = null, Strategy strategy = Strategy.TrafficSensitive) =>
        Planner.CreatePlan(
            new PlanRequest { Rates = [rate], Destinations = [to ?? Destination], Strategy = strategy, Compression = compression, CreatedAt = DateTimeOffset.UnixEpoch },
            TestContext.Current.CancellationToken)[0];
}
