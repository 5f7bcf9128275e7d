using TrafficMigration.Kvm;
using TrafficMigration.Preflight;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The way from source to destination, clocks and identities, and the scripts' own safety.</summary>
public sealed class PreflightRouteTests
{
    private const string Refused = "Connection refused";

    // What virsh 11.3 and OpenSSH 9.2 said in the lab.
    [Theory]
    [InlineData("error: failed to connect to the hypervisor\nerror: Cannot recv data: ssh: Could not resolve hostname kvm-b: Temporary failure in name resolution: Connection reset by peer", 1, "NameNotResolved")]
    [InlineData("error: failed to connect to the hypervisor\nerror: Cannot recv data: ssh: connect to host kvm-b port 22: Connection refused: Connection reset by peer", 1, "SshUnreachable")]
    [InlineData("error: Cannot recv data: Host key verification failed.: Connection reset by peer", 1, "HostKeyNotVerified")]
    [InlineData("error: Cannot recv data: root@kvm-b: Permission denied (publickey).: Connection reset by peer", 1, "LoginRefused")]
    [InlineData("error: End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Input/output error", 1, "LibvirtUnreachable")]
    [InlineData("", 124, "SshUnreachable")]
    [InlineData("11111111-2222-3333-4444-555555555555", 0, "DestinationIsAnother")]
    public async Task A_login_that_fails_is_told_by_its_cause(string said, int code, string check)
    {
        string uuid = PreflightHosts.Recorded("destination").Split("<uuid>")[1][..36];
        PreflightHosts hosts = new PreflightHosts().WithRoute($"{uuid}\n@NONCE = 0", $"{said}\n@NONCE = {code}");
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Error, check, "kvm-a", "kvm-b"), (finding.Severity, finding.Check, finding.Source, finding.Destination));
    }

    [Fact]
    public async Task Refused_means_that_packets_come_through_and_silence_that_they_do_not()
    {
        string door = $"kvm-b: line 1: /dev/tcp/kvm-b/49215: {Refused}";
        var hosts = new PreflightHosts();
        hosts.WithRoute(door, "").WithRoute($"kvm-b: connect: {Refused}\n\n@NONCE = 1", "\n@NONCE = 124");
        PreflightFinding some = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Warning, "MigrationPortsPartlyClosed"), (some.Severity, some.Check));
        hosts.WithRoute(Refused, "No route to host");
        PreflightFinding all = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Error, "MigrationPortsClosed"), (all.Severity, all.Check));
        Assert.Contains("49152-49215", all.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_is_not_root_proves_nothing_about_the_login()
    {
        string uuid = PreflightHosts.Recorded("destination").Split("<uuid>")[1][..36];
        PreflightHosts hosts = new PreflightHosts().With("kvm-a", "@NONCE user\n0", "@NONCE user\n1000").WithRoute($"@NONCE login 0\n{uuid}\n@NONCE = 0", "");
        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal((FindingSeverity.Information, "LoginNotVerified"), (finding.Severity, finding.Check));
    }

    [Fact]
    public async Task QEMU_that_listens_on_another_address_than_the_source_sends_to_is_an_error() =>
        Assert.Equal("MigrationAddressNotListened", Assert.Single(await new PreflightHosts()
            .With("kvm-b", "migration_address = \"198.51.100.12\"", "migration_address = \"198.51.100.204\"").CheckAsync()).Check);

    [Fact]
    public async Task Ports_of_qemu_conf_are_those_that_must_be_open()
    {
        PreflightHosts hosts = new PreflightHosts().With("kvm-b", "@NONCE settings\n", "@NONCE settings\nmigration_port_min = 50000\n  migration_port_max=50000\n")
            .With("kvm-b", "@NONCE listening\n", "@NONCE listening\n00000000:C350\n");
        // 50000 is C350, and it is in use.
        Assert.Contains("MigrationPortsUsedUp", (await hosts.CheckAsync()).Select(f => f.Check));
    }

    [Theory]
    [InlineData(5.9, "ClocksDiffer ClockSkewed")]
    [InlineData(-5.9, "ClocksDiffer ClockSkewed")]
    [InlineData(4.9, "")]
    public async Task A_clock_that_is_off_is_told_to_us_and_between_hosts(double seconds, string checks)
    {
        var hosts = new PreflightHosts { Skew = { ["kvm-b"] = TimeSpan.FromSeconds(seconds) } };
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync();
        Assert.Equal(checks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), found.Select(f => f.Check).Order());
        Assert.All(found, f => Assert.Equal(FindingSeverity.Warning, f.Severity));
    }

    [Fact]
    public void A_round_trip_is_no_skew()
    {
        DateTimeOffset asked = DateTimeOffset.UnixEpoch;
        // Asked at 0, answered after 8 s, of which the host worked for 2: it began anywhere from 0 to 6.
        HostClock clock = HostClock.Of((asked.AddSeconds(6), asked.AddSeconds(8)), asked, TimeSpan.FromSeconds(8));
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)), (clock.Skew, clock.Uncertainty));
        Assert.Null(clock.Significant);
        Assert.Equal(TimeSpan.FromSeconds(9), HostClock.Of((asked.AddSeconds(12), asked.AddSeconds(14)), asked, TimeSpan.FromSeconds(8)).Significant);
    }

    [Theory]
    [InlineData(false, "two machines")]
    [InlineData(true, "same host")]
    public async Task A_host_under_two_names_is_one_finding_and_a_clone_another(bool isSame, string says)
    {
        string source = PreflightHosts.Recorded("source"), destination = PreflightHosts.Recorded("destination");
        PreflightHosts hosts = new PreflightHosts().With("kvm-b", destination.Split("<uuid>")[1][..36], source.Split("<uuid>")[1][..36]);
        if (isSame)
        {
            hosts.With("kvm-b", destination.Split("@NONCE machine\n")[1][..32], source.Split("@NONCE machine\n")[1][..32]);
        }

        PreflightFinding finding = Assert.Single(await hosts.CheckAsync());
        Assert.Equal("SameHost", finding.Check);
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_VMs_of_one_name_cannot_go_to_one_host()
    {
        IReadOnlyList<PreflightFinding> found = await new PreflightHosts()
            .CheckAsync(PreflightHosts.Plan("vm1"), PreflightHosts.Plan("vm1", source: "kvm-b", destination: "KVM-B"));
        Assert.Equal(2, found.Count(f => f.Check == "NameTakenTwice"));
    }

    [Fact]
    public void A_hostile_name_stays_one_word_and_out_of_virshs_own_language()
    {
        string script = HostScript.For("f", ["it's; destroy vm2", "9fafdbc0-b65b-4fb2-9b5d-94eefdfb37da"]);
        Assert.Contains($"named {ShellText.Quote("it's; destroy vm2")}\n", Unquoted(script), StringComparison.Ordinal);
        Assert.Contains("known 9fafdbc0-b65b-4fb2-9b5d-94eefdfb37da\n", Unquoted(script), StringComparison.Ordinal);
    }

    [Fact]
    public void No_command_is_longer_than_Linux_takes()
    {
        string[] paths = [.. Enumerable.Range(0, 5000).Select(i => $"/var/lib/libvirt/images/a-rather-long-name-of-a-disk-{i}.qcow2")];
        IReadOnlyList<string> scripts = DemandScript.For("f", new HostQuestions(paths, [], [], []));
        Assert.All(scripts, s => Assert.InRange(s.Length, 1, 131_000));
        Assert.Equal(5000, scripts.Sum(s => Unquoted(s).Split("part path look '").Length - 1));
    }

    [Theory]
    [InlineData("0-3,8,^2", new[] { 0, 1, 3, 8 })]
    [InlineData("", new int[0])]
    public void A_list_of_numbers_is_read_as_the_kernel_writes_it(string text, int[] numbers) => Assert.Equal(numbers, NumberList.Parse(text));

    [Theory]
    [InlineData("3-1")]
    [InlineData("a")]
    [InlineData("0-9999999")]
    public void A_list_that_is_none_is_refused(string text) => Assert.Throws<FormatException>(() => NumberList.Parse(text));

    private static string Unquoted(string command) => command[7..^1].Replace(@"'\''", "'", StringComparison.Ordinal);
}
