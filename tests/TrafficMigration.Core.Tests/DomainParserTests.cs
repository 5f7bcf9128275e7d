using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Definitions that a real libvirt took.</summary>
public sealed class DomainParserTests
{
    [Fact]
    public void A_passed_through_NIC_has_no_counters_and_forbids_post_copy()
    {
        DomainFacts vm = Domain("hostdev");

        Assert.Equal(2, vm.Interfaces.Count);
        Assert.Null(vm.Interfaces[0]);
        Assert.False(vm.PostCopy.Capable);
        Assert.Contains("passed through", vm.PostCopy.Blocker, StringComparison.Ordinal);
    }

    [Fact]
    public void A_NIC_without_counters_is_said_and_the_others_count()
    {
        var host = new Recording("bridge");
        HostFacts facts = host.FactsWith((" <target dev='vnet0'/>", " <target dev='vnet0'/></interface><interface type='hostdev'>"));
        VMTrafficRate vm = Recording.Window().Take(facts, host.Sample(0, ("vnet0", 0, 0)), host.Sample(1, ("vnet0", 1_000_000, 0)))
            .Measured().VirtualMachines.Single(v => v.VMName == "vm1");

        Assert.Equal((2, 1, 8_000_000), (vm.InterfaceCount, vm.UncountedInterfaceCount, vm.TxBitsPerSecond));
        Assert.False(vm.PostCopyCapable);
    }

    [Theory]
    [InlineData("hugepages", true, null)] // whole huge pages are fetched
    [InlineData("vhostuser", null, null)] // depends on the back end
    [InlineData("virtiofs", false, "virtiofs")]
    [InlineData("disks", true, null)]
    public void Whether_a_VM_can_be_post_copied_and_why_not(string definition, bool? capable, string? why)
    {
        PostCopyFacts postCopy = Domain(definition).PostCopy;

        Assert.Equal(capable, postCopy.Capable);
        Assert.Equal(why is null, postCopy.Blocker is null);
        Assert.Contains(why ?? "", postCopy.Blocker ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<source type='memfd'/>", "<source type='file'/>", "files")]
    [InlineData("<devices>", "<launchSecurity type='sev'/><devices>", "encrypted")]
    [InlineData("<devices>", "<devices><shmem name='s'/>", "shmem")]
    [InlineData("<devices>", "<devices><memory model='nvdimm'/>", "nvdimm")]
    public void Memory_that_userfaultfd_cannot_catch_forbids_post_copy(string old, string now, string why) =>
        Assert.Contains(why, Domain("vhostuser", (old, now)).PostCopy.Blocker, StringComparison.Ordinal);

    [Fact]
    public async Task Disks_are_located_by_what_they_lie_on()
    {
        DomainFacts vm = Domain("disks");
        Assert.Equal(["file", "block", "network"], vm.Disks.Select(d => d.Kind));

        foreach ((string type, DiskStorage expected) in ((string, DiskStorage)[])[("nfs", DiskStorage.Shared), ("xfs", DiskStorage.Local), ("", DiskStorage.Unknown)])
        {
            var host = new StatHost(type);
            IReadOnlyDictionary<DiskFacts, DiskPlace> located = await StorageQueries.LocateAsync(host, vm.Disks, TestContext.Current.CancellationToken);
            Assert.Equal([expected, DiskStorage.Unknown, DiskStorage.Shared], vm.Disks.Select(d => located[d].Storage));
            Assert.Contains("'/var/lib/libvirt/images/disks.qcow2'", host.Asked, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_VM_on_its_way_in_is_known_by_its_links_before_libvirt_tells_its_definition()
    {
        string[] xml = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Recorded", "domain-disks.xml")).Select(line => " " + line)];
        // As a destination said while vm1 came in by post-copy; the other VM runs there.
        string[] lines =
        [
            " Domain: 'disks'", "   state.state=1", "   state.reason=1", "   balloon.current=1048576", "   balloon.rss=229384",
            " Domain: 'vm1'", "   state.state=1", "   state.reason=10", "   balloon.current=163840", "   balloon.maximum=163840",
            " db01343c-f828-4c5e-b2cf-f775e93e8ee5Domain: 'vm1'", "   vcpu.current=1", "   vcpu.maximum=1", "   vcpu.0.state=1",
            "   net.count=1", "   net.0.name=vnet1", "   net.0.rx.bytes=0", "   net.0.tx.bytes=240",
            .. xml, " status 0",
        ];

        IReadOnlyList<DomainFacts> found = DomainParser.Domains(lines);

        Assert.Equal(["disks", "vm1"], found.Select(d => d.Name).Order());
        DomainFacts vm = found.Single(d => d.Name == "vm1");
        Assert.Equal(("db01343c-f828-4c5e-b2cf-f775e93e8ee5", 1, 163840L * 1024, null), (vm.Id, vm.VCpuCount, vm.MemoryBytes, vm.ResidentBytes));
        Assert.Equal(["vnet1"], vm.Interfaces);
        Assert.Null(vm.PostCopy.Capable);
        Assert.Equal([null], vm.Disks.Select(d => d.Source)); // whether it has one, and where, is not known
    }

    [Fact]
    public void A_VM_that_is_described_twice_is_an_error_and_not_two_VMs()
    {
        string[] lines = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Recorded", "domain-disks.xml")).Select(line => " " + line)];
        Assert.Throws<FormatException>(() => DomainParser.Domains([.. lines, .. lines]));
    }

    [Fact]
    public void A_definition_is_no_way_to_read_files_of_ours()
    {
        string[] lines = [" <domain type='kvm'>", " <name>x</name></domain>"];
        Assert.Throws<FormatException>(() => DomainParser.Domains(lines));
        string[] withEntity = [" <domain type='kvm'>", " <!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", " </domain>"];
        Assert.Throws<System.Xml.XmlException>(() => DomainParser.Domains(withEntity));
    }

    private static DomainFacts Domain(string definition, params (string Old, string New)[] replacements)
    {
        string xml = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", $"domain-{definition}.xml"));
        foreach ((string old, string now) in replacements)
        {
            Assert.Contains(old, xml, StringComparison.Ordinal);
            xml = xml.Replace(old, now, StringComparison.Ordinal);
        }

        return Assert.Single(DomainParser.Domains([.. xml.Split('\n').Select(line => " " + line)]));
    }

    private sealed class StatHost(string type) : ICommandChannel
    {
        public bool IsConnected => true;

        public string HostName => "kvm-a";

        public string Asked { get; private set; } = "";

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
        {
            Asked = commandLine;
            return Task.FromResult(new CommandResult(0, type + "\n", ""));
        }

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
