using System.Xml.Linq;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What is measured of disks; the answers are those of the lab's virsh and stat.</summary>
public sealed class DiskMeasureTests
{
    private const string Path = "/var/lib/libvirt/images/vm2.qcow2";
    private const string Base = "/var/lib/libvirt/images/vm2-base.qcow2";

    private static readonly XElement Definition = XElement.Parse(
        $"""
        <domain><devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2'/><source file='{Path}' index='1'/>
            <backingStore type='file' index='2'><format type='qcow2'/><source file='{Base}'/>
              <backingStore type='file' index='3'><format type='raw'/><source file='/images/deep'/><backingStore/></backingStore>
            </backingStore>
            <target dev='vda' bus='virtio'/>
          </disk>
          <disk type='file' device='cdrom'><source file='/iso'/><target dev='sda'/><readonly/></disk>
        </devices></domain>
        """);

    [Fact]
    public void A_disk_is_read_with_all_that_lies_below_it()
    {
        DiskFacts disk = Assert.Single(DiskParser.Writable(Definition));

        Assert.Equal(("vda", "qcow2", Path, null), (disk.Target, disk.Format, disk.Source, disk.Obstacle));
        Assert.Equal([new BackingFile(Base, "qcow2"), new BackingFile("/images/deep", "raw")], disk.Backing);
    }

    [Theory]
    [InlineData("type='qcow2'/><source", "type='vmdk'/><source", "vmdk")]
    [InlineData("<disk type='file' device='disk'>", "<disk type='dir' device='disk'>", "'dir'")]
    [InlineData("<target dev='vda'", "<shareable/><target dev='vda'", "several")]
    [InlineData("index='1'/>", "index='1'><encryption format='luks'/></source>", "encrypted")]
    public void What_cannot_be_copied_says_why(string old, string now, string why)
    {
        string xml = Definition.ToString(SaveOptions.DisableFormatting).Replace('"', '\'').Replace(" />", "/>", StringComparison.Ordinal);
        Assert.Contains(old, xml, StringComparison.Ordinal);
        Assert.Contains(why, DiskParser.Writable(XElement.Parse(xml.Replace(old, now, StringComparison.Ordinal)))[0].Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_that_are_nonsense_are_none()
    {
        var said = new Dictionary<string, string>
        {
            ["block.count"] = "3", ["block.0.path"] = Path, ["block.0.wr.bytes"] = "4096", ["block.0.capacity"] = "67108864",
            ["block.1.path"] = "/x", ["block.1.wr.bytes"] = "-1", ["block.1.capacity"] = "5", ["block.2.path"] = "/y",
        };
        Assert.Equal([new(Path, new BlockFigures(4096, 67108864))], DiskParser.Figures(said));
        Assert.Empty(DiskParser.Figures(new Dictionary<string, string> { ["block.count"] = "99999999999999999999" }));
    }

    [Fact]
    public void The_rate_is_what_was_written_between_the_ends_of_the_window_by_the_hosts_clock()
    {
        var history = new DiskHistory(TimeSpan.FromSeconds(5));
        history.Observe(At(100, 1000));
        Assert.Null(history.WrittenBytesPerSecond("id", [Path]));
        history.Observe(At(102, 3000));
        history.Observe(At(105, 51_000));
        Assert.Equal(10_000, history.WrittenBytesPerSecond("id", [Path]));
        Assert.Null(history.WrittenBytesPerSecond("id", [Path, "/other"]));
        Assert.Null(history.WrittenBytesPerSecond("another", [Path]));

        // Older readings leave once the others cover the window.
        history.Observe(At(110, 101_000));
        Assert.Equal(10_000, history.WrittenBytesPerSecond("id", [Path]));
        // Started anew: the counter went back.
        history.Observe(At(111, 10));
        Assert.Null(history.WrittenBytesPerSecond("id", [Path]));
    }

    [Fact]
    public void Sizes_are_those_of_local_disks_and_what_is_not_known_stays_open()
    {
        DomainFacts vm = VM(1000);
        var rate = new VMTrafficRate { HostName = "kvm1", VMName = "vm2", TxBitsPerSecond = 0, RxBitsPerSecond = 0 };
        var places = new Dictionary<DiskFacts, DiskPlace>
        {
            [vm.Disks[0]] = new(DiskStorage.Local, 17_043_456), [new("file", Base)] = new(DiskStorage.Local, 1_000_000), [new("file", "/images/deep")] = new(DiskStorage.Shared, 5),
        };
        VMTrafficRate filled = new LocalDisks(places, new DiskHistory(TimeSpan.FromSeconds(5))).Fill(rate, vm);
        Assert.Equal(
            (DiskStorage.Local, 18_043_461, 17_043_456, 67_108_864, null),
            (filled.DiskStorage!.Value, filled.LocalDiskBytes!.Value, filled.LocalDiskIncrementalBytes!.Value, filled.LocalDiskCapacityBytes!.Value, filled.LocalDiskWriteBytesPerSecond));

        places[vm.Disks[0]] = new(DiskStorage.Local, null);
        Assert.Null(new LocalDisks(places, new DiskHistory(TimeSpan.FromSeconds(5))).Fill(rate, vm).LocalDiskBytes);
        places[vm.Disks[0]] = new(DiskStorage.Shared, 5);
        filled = new LocalDisks(places, new DiskHistory(TimeSpan.FromSeconds(5))).Fill(rate, vm);
        Assert.Equal((DiskStorage.Shared, 0, 0), (filled.DiskStorage!.Value, filled.LocalDiskBytes!.Value, filled.LocalDiskWriteBytesPerSecond!.Value));
        Assert.Null(new LocalDisks(new Dictionary<DiskFacts, DiskPlace>(), new DiskHistory(TimeSpan.FromSeconds(5))).Fill(rate, vm).LocalDiskBytes);
    }

    [Fact]
    public async Task Stat_tells_where_a_disk_and_its_backing_files_lie_and_what_they_take_up()
    {
        DiskFacts disk = DiskParser.Writable(Definition)[0];
        string asked = "";
        IReadOnlyDictionary<DiskFacts, DiskPlace> found = await StorageQueries.LocateAsync(
            new StatHost(command =>
            {
                asked = command;
                return "ext2/ext3|33288 512\nnfs|8 512\n|\n";
            }),
            [disk],
            TestContext.Current.CancellationToken);

        Assert.StartsWith($"for path in '{Path}' '{Base}' '/images/deep'; do", asked, StringComparison.Ordinal);
        Assert.Equal(new DiskPlace(DiskStorage.Local, 17_043_456), found[disk]);
        Assert.Equal(new DiskPlace(DiskStorage.Shared, 4096), found[new DiskFacts("file", Base)]);
        Assert.Equal(new DiskPlace(DiskStorage.Unknown, null), found[new DiskFacts("file", "/images/deep")]);
    }

    private static DomainFacts VM(long written) => new("id", "vm2", 1, 1, null, null, [], DiskParser.Writable(Definition), new PostCopyFacts(null, null))
    {
        Blocks = new Dictionary<string, BlockFigures> { [Path] = new(written, 67108864) },
    };

    private static HostFacts At(double seconds, long written) => new(
        new Dictionary<string, LinkFacts>(), [], null, null, [VM(written)], null, 0, 1, null)
    {
        Time = new HostTime(1e9 + seconds, seconds),
    };

    private sealed class StatHost(Func<string, string> answer) : ICommandChannel
    {
        public bool IsConnected => true;

        public string HostName => "kvm-a";

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
            Task.FromResult(new CommandResult(0, answer(commandLine), ""));

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
