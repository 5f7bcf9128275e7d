using System.Net;
using System.Net.Sockets;
using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Host names, which come from files and from whoever types, and go into connections, URIs and known_hosts.</summary>
public sealed class HostileHostNameTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("tm-names-").FullName;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HostileHostNameTests() => _listener.Start();

    public static TheoryData<string> Names =>
    [
        "", " ", "-oProxyCommand=touch x", "-", ".kvm1", "kvm1 kvm2", "kvm1\n", "kvm1\nkvm2", "kvm1\t", "kvm1\0", "\x1b[2J", "\u009b2J", "kvm1\u202e", "kvm\u200b1", "kvm\u00a01",
        "kvm1;reboot", "$(reboot)", "`reboot`", "kvm1|x", "kvm1&", "kvm1>x", "it's", "\"kvm1\"", "kvm1\\", "kvm*", "kvm?", "!kvm1", "#kvm1", "{kvm1}", "~root",
        "kvm%1", "%h", "100%", "fe80::1%a/b", "kvm1/system", "kvm1/system?command=/tmp/x", "kvm1?socket=/tmp/x", "root@kvm1", "kvm1,kvm2", "[kvm1]:22", "\ud800", "😀", new string('a', 256),
    ];

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_is_no_name_of_a_host_is_refused_before_anything_is_connected_to(string name)
    {
        MigrationException failure = await Expect.FailureAsync("HostNameInvalid", () => ConnectAsync(name), withinSeconds: 5);

        Assert.False(_listener.Pending());
        Assert.Contains("No connection was made", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.InRange(failure.Message.Length, 1, 1_000);
    }

    [Fact]
    public void Any_name_that_is_taken_means_the_same_in_a_shell_and_in_a_URI() => Gen.OneOf(Gen.String[1, 8], Gen.Char["abc1.-_:%/?#@[]$&;'\" \n"].Array[1, 8].Select(letters => new string(letters))).Sample(
        name =>
        {
            try
            {
                new SshConfig(null, null, _home).Resolve(name, null, null);
            }
            catch (MigrationException e) when (e.ErrorId == "HostNameInvalid")
            {
                return;
            }

            Assert.True(name.All(c => char.IsLetterOrDigit(c) || "-._:%".Contains(c, StringComparison.Ordinal)) && name[0] != '-', name);
            Assert.True(!name.Contains('%', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal), name);
        },
        iter: 20_000);

    [Theory]
    [InlineData("kvm1")]
    [InlineData("kvm-1.lab.example")]
    [InlineData("KVM_1")]
    [InlineData("192.0.2.1")]
    [InlineData("::1")]
    [InlineData("fe80::1%eth0.7")]
    [InlineData("büro-虚拟机")]
    public async Task A_name_is_a_name(string name)
    {
        Task<MigrationException> failing = Expect.FailureAsync("HostUnreachable", () => ConnectAsync(name), withinSeconds: 10);
        // It got as far as the server, which hangs up.
        (await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken)).Dispose();
        await failing;
    }

    [Fact]
    public void A_look_alike_is_another_host_in_known_hosts()
    {
        byte[] key = [0, 0, 0, 1, (byte)'x', 1];
        var known = KnownHosts.FromLines([$"kvm1 x {Convert.ToBase64String(key)}"], "file");

        Assert.Equal(HostKeyTrust.Trusted, known.Judge("KVM1", 22, key).Trust);
        Assert.Equal(HostKeyTrust.Unknown, known.Judge("\u212avm1", 22, key).Trust); // the sign of Kelvin, whose small letter is k
    }

    /// <summary>Whatever the name is, ssh_config leads it to the listener.</summary>
    private Task<ICommandChannel> ConnectAsync(string name)
    {
        string config = Path.Combine(_home, "config");
        Corpus.Write(config, System.Text.Encoding.ASCII.GetBytes($"HostName 127.0.0.1\nPort {((IPEndPoint)_listener.LocalEndpoint).Port}"));
        var connector = new SshHostConnector([], _home, new SshConfig(config, null, _home));
        return connector.ConnectAsync(new HostEndpoint { HostName = name, ConnectTimeout = TimeSpan.FromSeconds(3) }, TestContext.Current.CancellationToken);
    }
}
