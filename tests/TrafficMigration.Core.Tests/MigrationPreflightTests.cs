using TrafficMigration.Planning;
using TrafficMigration.Preflight;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What the pre-flight makes of hosts' answers; see Recorded/README.md for where they come from.</summary>
public sealed class MigrationPreflightTests
{
    private const string OtherId = "11111111-2222-3333-4444-555555555555";

    [Theory]
    [InlineData(Technique.PreCopy)]
    [InlineData(Technique.PostCopy)]
    public async Task Two_healthy_hosts_give_no_finding_by_two_commands_each(Technique technique)
    {
        var hosts = new PreflightHosts();
        Assert.Empty(await hosts.CheckAsync(technique));
        // Each tells about itself; then the source tries its way, and the destination looks for what the VM needs.
        Assert.Equal((2, 2), (hosts.Commands["kvm-a"], hosts.Commands["kvm-b"]));
    }

    [Theory]
    [InlineData("<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source></hostdev>", "DevicePassedThrough", "PCI device 0000:06:02.0")]
    [InlineData("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>", "DevicePassedThrough", "USB device 1234:beef")]
    [InlineData("<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>", "DevicePassedThrough", "the TPM")]
    [InlineData("<shmem name='pool' role='peer'/>", "FeatureNotMigratable", "shmem 'pool'")]
    [InlineData("<disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vdb'/><transient/></disk>", "FeatureNotMigratable", "'vdb' is transient")]
    [InlineData("<disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vdb'/><mirror type='file' job='copy'/></disk>", "BlockJobActive", "'vdb'")]
    [InlineData("<disk type='network' device='disk'><auth username='u'><secret type='ceph' uuid='11111111-2222-3333-4444-555555555555'/></auth><source protocol='rbd' name='p/i'/><target dev='vdb'/></disk>", "SecretMissing", OtherId)]
    [InlineData("<disk type='volume' device='disk'><source pool='fast' volume='v'/><target dev='vdb'/></disk>", "PoolMissing", "'fast'")]
    [InlineData("<interface type='network'><source network='blue'/></interface>", "NetworkMissing", "'blue'")]
    [InlineData("<interface type='direct'><source dev='eth9' mode='bridge'/></interface>", "BridgeMissing", "'eth9'")]
    [InlineData("<graphics type='vnc' port='22' autoport='no'/>", "GraphicsPortTaken", "port 22")]
    [InlineData("<graphics type='vnc' port='-1' autoport='yes'><listen type='address' address='198.51.100.11'/></graphics>", "GraphicsAddressMissing", "198.51.100.11")]
    [InlineData("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>", "TpmMissing", "swtpm")]
    public async Task A_device_that_cannot_move_or_does_not_find_its_counterpart_is_an_error(string device, string check, string says)
    {
        var hosts = new PreflightHosts { EmulatorAnswer = Part("emulator", 0) };
        PreflightFinding finding = Assert.Single(await hosts.WithDevice(device).CheckAsync());
        Assert.Equal((FindingSeverity.Error, check, "vm1", "kvm-a", "kvm-b"), (finding.Severity, finding.Check, finding.VMName, finding.Source, finding.Destination));
        Assert.Contains(says, finding.Message + finding.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<interface type='network'><source network='default'/></interface>")]
    [InlineData("<interface type='hostdev'><source/><teaming type='transient' persistent='ua-a'/></interface>")]
    [InlineData("<graphics type='vnc' port='22' autoport='yes'/>")]
    [InlineData("<graphics type='spice' port='5900' autoport='no'><listen type='address' address='127.0.0.1'/></graphics>")]
    [InlineData("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>")]
    [InlineData("<disk type='file' device='cdrom'><target dev='sdb'/><readonly/></disk>")]
    public async Task A_device_that_moves_is_not_worth_a_word(string device) =>
        Assert.Empty(await new PreflightHosts().WithDevice(device).CheckAsync());

    [Theory]
    [InlineData("<cputune><vcpupin vcpu='0' cpuset='8-9'/></cputune>", "PlacementImpossible")]
    [InlineData("<numatune><memory mode='strict' nodeset='0-1'/></numatune>", "PlacementImpossible")]
    [InlineData("<memoryBacking><hugepages/></memoryBacking>", "HugePagesOff")]
    public async Task A_VM_bound_to_what_the_destination_lacks_is_an_error(string element, string check) =>
        Assert.Equal(check, Assert.Single(await new PreflightHosts().WithElement(element).CheckAsync()).Check);

    [Theory]
    [InlineData("<cputune><vcpupin vcpu='0' cpuset='1-9'/></cputune>")]
    [InlineData("<numatune><memory mode='preferred' nodeset='1'/></numatune>")]
    public async Task A_binding_that_the_destination_can_keep_is_fine(string element) =>
        Assert.Empty(await new PreflightHosts().WithElement(element).CheckAsync());

    [Theory]
    [InlineData(71, true)]
    [InlineData(72, false)]
    public async Task Huge_pages_are_counted_by_size(int free, bool tooFew)
    {
        // 147456 KiB are 72 pages of 2048 KiB.
        PreflightHosts hosts = new PreflightHosts().WithElement("<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>")
            .With("kvm-b", "2048kB 0 0", $"2048kB {free + 3} 3").With("kvm-b", "@NONCE hugetlbfs\n", "@NONCE hugetlbfs\nhugetlbfs /dev/hugepages hugetlbfs rw 0 0\n");
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync();
        Assert.Equal(tooFew ? ["HugePagesTooFew"] : [], found.Select(f => f.Check));
    }

    [Theory]
    [InlineData("kvm-a", "Job type: 0", "Job type: 3", FindingSeverity.Error, "JobActive")]
    [InlineData("kvm-a", "Job type: 0", "Job type: 0\n\n s1   2026-01-01 00:00:01 +0000   running", FindingSeverity.Error, "SnapshotsPresent")]
    [InlineData("kvm-a", "Autostart:      disable", "Autostart:      enable", FindingSeverity.Information, "AutostartLost")]
    [InlineData("kvm-a", "Persistent:     yes", "Persistent:     no", FindingSeverity.Information, "NotPersistent")]
    [InlineData("kvm-a", "State:          running", "State:          paused", FindingSeverity.Error, "VMNotRunning")]
    [InlineData("kvm-b", "Using library: libvirt 11.3.0", "Using library: libvirt 9.0.0", FindingSeverity.Warning, "LibvirtOlder")]
    [InlineData("kvm-b", "hypervisor: QEMU 10.0.2", "hypervisor: QEMU 8.2.2", FindingSeverity.Warning, "QemuOlder")]
    [InlineData("kvm-b", "/etc/libvirt\n4096", "/etc/libvirt\nclosed /etc/libvirt\n4096", FindingSeverity.Error, "FolderNotWritable")]
    [InlineData("kvm-b", "@NONCE hostname\nkvm-b", "@NONCE hostname\nkvm-a", FindingSeverity.Error, "SameHostName")]
    [InlineData("kvm-b", "@NONCE states\n", "@NONCE states\nDomain: 'vm9'\n  state.state=3\n  state.reason=2\n", FindingSeverity.Warning, "MigrationArriving")]
    public async Task A_fact_of_a_host_that_matters_is_found(string host, string old, string now, FindingSeverity severity, string check)
    {
        PreflightHosts hosts = new PreflightHosts().With(host, old, now);
        if (check == "MigrationArriving")
        {
            hosts.With("kvm-b", "@NONCE list\n", $"@NONCE list\n{OtherId} vm9\n");
        }

        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((severity, check), (finding.Severity, finding.Check));
    }

    [Fact]
    public async Task A_VM_that_libvirt_calls_tainted_twice_has_no_snapshot()
    {
        const string Once = "Messages:       tainted: running with undesirable elevated privileges";
        PreflightHosts hosts = new PreflightHosts().With("kvm-a", Once, Once + "\n                tainted: custom monitor control commands issued");
        Assert.Empty(await hosts.CheckAsync());
    }

    [Theory]
    [InlineData(OtherId, "vm1", 5, "NameTaken", FindingSeverity.Error)]
    [InlineData(null, "vm1", 5, "DefinitionReplaced", FindingSeverity.Warning)]
    [InlineData(null, "vm1", 1, "VMAlreadyAtDestination", FindingSeverity.Error)]
    [InlineData(null, "older", 5, "IdTaken", FindingSeverity.Error)]
    public async Task A_name_or_UUID_that_the_destination_has_is_found(string? id, string name, int state, string check, FindingSeverity severity)
    {
        string own = PreflightHosts.Recorded("source").Split("<uuid>")[2][..36];
        PreflightHosts hosts = new PreflightHosts().With("kvm-b", "@NONCE list\n", $"@NONCE list\n{id ?? own} {name}\n")
            .With("kvm-b", "@NONCE states\n", $"@NONCE states\nDomain: '{name}'\n  state.state={state}\n  state.reason=1\n");
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((severity, check), (finding.Severity, finding.Check));
    }

    [Theory]
    [InlineData("regular file|7|512|nfs|-|", "regular file|7|512|nfs|-|", null)]
    [InlineData("regular file|7|512|nfs|-|", "regular file|8|512|nfs|-|", "Error StorageDiffers")]
    [InlineData("regular file|7|512|nfs|-|", null, "Error PathMissing")]
    [InlineData("regular file|7|512|xfs|-|", "regular file|7|512|xfs|-|", "Error StorageNotShared")]
    [InlineData("regular file|7|512|nfs|-|", "regular file|7|512|xfs|-|", "Error StorageNotShared")]
    [InlineData("regular file|7|512|fuseblk|-|", "regular file|8|512|fuseblk|-|", "Information StorageNotVerified")]
    [InlineData("block special file|7|0|devtmpfs|2048|mpath-3600", "block special file|9|0|devtmpfs|2048|mpath-3600", null)]
    [InlineData("block special file|7|0|devtmpfs|2048|mpath-3600", "block special file|9|0|devtmpfs|2048|mpath-3601", "Error StorageDiffers")]
    [InlineData("block special file|7|0|devtmpfs|2048|", "block special file|9|0|devtmpfs|4096|", "Error StorageDiffers")]
    [InlineData("block special file|7|0|devtmpfs|2048|", "block special file|9|0|devtmpfs|2048|", "Information StorageNotVerified")]
    public async Task A_disk_must_be_the_same_at_both_hosts(string here, string? there, string? expected)
    {
        PreflightHosts hosts = new PreflightHosts().WithPath("kvm-a", "/data/d", here).WithPath("kvm-b", "/data/d", there)
            .WithDevice("<disk type='file' device='disk'><source file='/data/d'/><target dev='vda'/></disk>");
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync();
        Assert.Equal(expected is null ? [] : [expected], found.Select(f => $"{f.Severity} {f.Check}"));
    }

    [Fact]
    public async Task A_folder_that_the_administrator_declares_shared_is_shared()
    {
        const string Declared = "@NONCE settings\nshared_filesystems = [\n  \"/exports/\",\n  \"/data\"\n]\n";
        PreflightHosts hosts = new PreflightHosts().With("kvm-a", "@NONCE settings\n", Declared)
            .WithPath("kvm-a", "/data/d", "regular file|7|512|xfs|-|").WithPath("kvm-b", "/data/d", "regular file|7|512|nfs|-|")
            .WithDevice("<disk type='file' device='disk'><source file='/data/d'/><target dev='vda'/></disk>");
        Assert.Empty(await hosts.CheckAsync());
    }

    [Theory]
    [InlineData("<disk type='file' device='cdrom'><source file='/m'/><target dev='sdb'/><readonly/></disk>", "/m", FindingSeverity.Error)]
    [InlineData("<disk type='file' device='cdrom'><source file='/m' startupPolicy='optional'/><target dev='sdb'/><readonly/></disk>", "/m", FindingSeverity.Warning)]
    [InlineData("<disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vdb'/><backingStore type='file'><source file='/m'/></backingStore></disk>", "/m", FindingSeverity.Error)]
    [InlineData("<parallel type='file'><source path='/logs/vm/p.log'/></parallel>", "/logs/vm", FindingSeverity.Error)]
    [InlineData("<rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>", "/dev/hwrng", FindingSeverity.Error)]
    public async Task What_QEMU_needs_to_start_must_be_at_the_destination(string device, string path, FindingSeverity severity)
    {
        PreflightFinding finding = Assert.Single(await new PreflightHosts().WithDevice(device).WithPath("kvm-b", path, null).CheckAsync());
        Assert.Equal((severity, "PathMissing", "kvm-b"), (finding.Severity, finding.Check, finding.HostName));
        Assert.Contains($"'{path}'", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "MachineTypeUnknown")]
    [InlineData(2, "EmulatorMissing")]
    [InlineData(3, "EmulatorMissing")]
    public async Task A_QEMU_that_cannot_run_the_VM_is_an_error(int recorded, string check)
    {
        var hosts = new PreflightHosts { EmulatorAnswer = Part("emulator", recorded) };
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Error, check), (finding.Severity, finding.Check));
    }

    [Fact]
    public async Task A_processor_that_lacks_features_is_an_error_that_names_them()
    {
        var hosts = new PreflightHosts { CpuAnswer = Part("cpu", 1) };
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Error, "CpuIncompatible"), (finding.Severity, finding.Check));
        Assert.Contains("avx512f", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host CPU is a superset of CPU described in /dev/stdin", "CpuDiffers")]
    [InlineData("CPU described in /dev/stdin is identical to host CPU", null)]
    public async Task A_guest_that_sees_the_hosts_own_processor_needs_an_equal_one(string said, string? check)
    {
        PreflightHosts hosts = new PreflightHosts { CpuAnswer = $"{said}\n\n@NONCE = 0" }
            .With("kvm-a", "<domain type='qemu'", "<domain type='kvm'").With("kvm-a", "<cpu mode='custom' match='exact' check='full'>", "<cpu mode='host-passthrough'>");
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync();
        Assert.Equal(check is null ? [] : [check], found.Select(f => f.Check));
    }

    [Fact]
    public async Task Invariant_TSC_needs_a_frequency()
    {
        PreflightHosts hosts = new PreflightHosts().With("kvm-a", "<feature policy='require' name='lahf_lm'/>", "<feature policy='require' name='invtsc'/>");
        Assert.Equal("FeatureNotMigratable", Assert.Single(await hosts.CheckAsync()).Check);
        hosts.With("kvm-a", "<clock offset='utc'/>", "<clock offset='utc'><timer name='tsc' frequency='1000000000'/></clock>");
        Assert.Empty(await hosts.CheckAsync());
    }

    [Fact]
    public async Task Post_copy_is_checked_only_where_the_plan_uses_it()
    {
        PreflightHosts hosts = new PreflightHosts().With("kvm-b", "<baselabel type='kvm'>+0:+0", "<baselabel type='kvm'>+64055:+64055")
            .WithElement("<memoryBacking><source type='file'/></memoryBacking>");
        Assert.Empty(await hosts.CheckAsync());
        Assert.Equal(["PostCopyForbidden", "PostCopyNotPossible"], (await hosts.CheckAsync(Technique.PostCopy)).Select(f => f.Check).Order());
        Assert.Equal(2, (await hosts.CheckAsync(PreflightHosts.Plan("vm1") with { SwitchesToPostCopy = true })).Count);
    }

    [Fact]
    public async Task Memory_is_a_matter_of_the_VM_that_does_not_fit()
    {
        PreflightHosts hosts = new PreflightHosts();
        string free = PreflightHosts.Recorded("destination").Split("MemAvailable:")[1].Split("kB")[0];
        hosts.With("kvm-b", $"MemAvailable:{free}kB", "MemAvailable:   147455 kB");
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal(("VMTooLarge", "vm1"), (finding.Check, finding.VMName));
        hosts.With("kvm-b", "MemAvailable:   147455 kB", "MemAvailable:   147456 kB");
        Assert.Empty(await hosts.CheckAsync());
    }

    [Fact]
    public async Task A_full_folder_for_logs_is_a_warning_and_any_other_an_error()
    {
        string[] lines = PreflightHosts.Recorded("destination").Split('\n');
        string logs = lines.Single(l => l.EndsWith(" /var/log", StringComparison.Ordinal));
        string state = lines.Single(l => l.EndsWith(" /var/lib/libvirt", StringComparison.Ordinal));
        var hosts = new PreflightHosts();
        hosts.With("kvm-b", logs, "4096 4 0 4 2 /var/log");
        hosts.With("kvm-b", state, "4096 4 0 4 2 /var/lib/libvirt");
        Assert.Equal(["Error", "Warning"], (await hosts.CheckAsync()).Select(f => f.Severity.ToString()));
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_does_not_stop_the_others()
    {
        var hosts = new PreflightHosts();
        hosts.Unreachable.Add("kvm-c");
        VMMigrationPlan lost = PreflightHosts.Plan("vm1", destination: "kvm-c");
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync(lost, PreflightHosts.Plan("vm2"));
        Assert.Equal(["VMNotFound", "HostUnreachable"], found.Select(f => f.Check));
        Assert.Equal([false, true], found.Select(f => f.Concerns(lost)));
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_is_an_error_of_its_host()
    {
        PreflightFinding finding = Assert.Single(await new PreflightHosts().With("kvm-b", "@NONCE end\n", "").CheckAsync());
        Assert.Equal(("AnswerNotUnderstood", "kvm-b"), (finding.Check, finding.HostName));
    }

    [Fact]
    public async Task Errors_come_first_then_hosts_then_VMs()
    {
        PreflightHosts hosts = new PreflightHosts().With("kvm-a", "Autostart:      disable", "Autostart:      enable")
            .With("kvm-b", "hypervisor: QEMU 10.0.2", "hypervisor: QEMU 8.2.2").WithDevice("<interface type='bridge'><source bridge='br7'/></interface>");
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync(PreflightHosts.Plan("zz"), PreflightHosts.Plan("vm1"));
        Assert.Equal(["VMNotFound", "BridgeMissing", "QemuOlder", "AutostartLost"], found.Select(f => f.Check));
    }

    [Fact]
    public async Task No_plans_need_no_hosts() => Assert.Empty(await new PreflightHosts().CheckAsync([]));

    /// <summary>One of the recorded answers to demands, from behind its mark.</summary>
    private static string Part(string name, int index) =>
        PreflightHosts.Recorded("demands").Split($"@NONCE {name}\n")[index + 1].Split("\n\n@NONCE = ") is [var said, var code, ..]
            ? $"{said}\n\n@NONCE = {code[0]}"
            : throw new InvalidOperationException("The recording is another.");
}
