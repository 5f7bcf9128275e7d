using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Keys of hosts that nobody has recorded, and authorities that vouch for hosts.</summary>
public sealed class AcceptHostKeyTests(SshServer server) : IClassFixture<SshServer>
{
    private readonly List<string> _told = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private HostEndpoint New => server.Endpoint with { AcceptHostKey = HostKeyAcceptance.New };

    [Fact]
    public async Task A_new_key_is_recorded_as_ssh_does_and_counts_from_then_on()
    {
        string path = server.At("new/ssh/known_hosts");
        var connector = new SshHostConnector([path], server.NoKeys);

        await using (await connector.ConnectAsync(New, _told.Add, Token))
        {
        }

        Assert.Equal($"{server.Name} {server.HostKey()}\n", await File.ReadAllTextAsync(path, Token));
        Assert.Equal("600", Tool.Run("stat", "-c", "%a", path).Trim());
        string fingerprint = Tool.Run("ssh-keygen", "-l", "-f", server.At("host_ed25519.pub")).Split(' ')[1];
        Assert.Contains(fingerprint, Assert.Single(_told), StringComparison.Ordinal);
        await using ICommandChannel again = await connector.ConnectAsync(server.Endpoint, Token);
    }

    [Fact]
    public async Task A_name_is_hidden_where_HashKnownHosts_wants_that_and_the_file_stays_whole()
    {
        string path = server.KnownHosts();
        await File.WriteAllTextAsync(path, "# without a line break at its end", Token);
        SshHostConnector connector = server.ConnectorWith(path, ["HashKnownHosts yes"]);

        await using (await connector.ConnectAsync(New, _told.Add, Token))
        {
        }

        string[] lines = await File.ReadAllLinesAsync(path, Token);
        Assert.Equal("# without a line break at its end", lines[0]);
        Assert.StartsWith("|1|", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines[1], Tool.Run("ssh-keygen", "-F", server.Name, "-f", path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrong.pub", "HostKeyMismatch", "")]
    [InlineData("host_ed25519.pub", "HostKeyRevoked", "@revoked ")]
    public async Task A_key_that_has_changed_or_is_revoked_is_refused_all_the_same(string key, string errorId, string mark)
    {
        string path = server.KnownHosts(mark + $"{server.Name} {await File.ReadAllTextAsync(server.At(key), Token)}");
        string before = await File.ReadAllTextAsync(path, Token);

        await Expect.FailureAsync(errorId, () => new SshHostConnector([path], server.NoKeys).ConnectAsync(New, Token));

        Assert.Equal(before, await File.ReadAllTextAsync(path, Token));
    }

    [Fact]
    public async Task A_host_where_the_login_fails_is_not_recorded()
    {
        string path = server.KnownHosts();

        await Expect.FailureAsync(
            "AuthenticationFailed", () => new SshHostConnector([path], server.NoKeys).ConnectAsync(New with { KeyFilePath = server.WrongKey }, Token));

        Assert.Empty(await File.ReadAllTextAsync(path, Token));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_said_and_the_host_used()
    {
        var connector = new SshHostConnector(["/proc/no/known_hosts"], server.NoKeys);

        await using ICommandChannel channel = await connector.ConnectAsync(New, _told.Add, Token);

        Assert.StartsWith("Not recorded", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_would_be_a_pattern_is_not_recorded()
    {
        string path = server.KnownHosts();
        SshHostConnector connector = server.ConnectorWith(path, ["HostKeyAlias *"]);

        await using ICommandChannel channel = await connector.ConnectAsync(New, _told.Add, Token);

        Assert.StartsWith("Not recorded", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Empty(await File.ReadAllTextAsync(path, Token));
    }

    [Theory]
    [InlineData("accept-new", null, true)]
    [InlineData("accept-new", HostKeyAcceptance.Never, false)]
    [InlineData("yes", HostKeyAcceptance.New, true)]
    [InlineData("ask", null, false)]
    public async Task The_parameter_outweighs_ssh_config(string configured, HostKeyAcceptance? asked, bool accepted)
    {
        SshHostConnector connector = server.ConnectorWith(server.KnownHosts(), ["StrictHostKeyChecking " + configured]);
        HostEndpoint endpoint = server.Endpoint with { AcceptHostKey = asked };

        if (accepted)
        {
            await using ICommandChannel channel = await connector.ConnectAsync(endpoint, _told.Add, Token);
        }
        else
        {
            MigrationException failure = await Expect.FailureAsync("HostKeyUnknown", () => connector.ConnectAsync(endpoint, _told.Add, Token));
            Assert.Contains("-AcceptHostKey New", failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("*.example", true)]
    [InlineData("kvm1.example", true)]
    [InlineData("other.example", false)]
    public async Task An_authority_vouches_for_the_hosts_that_it_is_trusted_for(string hosts, bool trusted)
    {
        SshHostConnector connector = server.ConnectorWith(server.KnownHosts($"@cert-authority {hosts} {server.HostAuthority}"), [$"HostKeyAlias {SshServer.CertifiedName}"]);

        if (trusted)
        {
            await using ICommandChannel channel = await connector.ConnectAsync(server.Endpoint, Token);
        }
        else
        {
            await Expect.FailureAsync("HostKeyUnknown", () => connector.ConnectAsync(server.Endpoint, Token));
        }
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused()
    {
        SshHostConnector connector = server.ConnectorWith(server.KnownHosts($"@cert-authority * {server.HostAuthority}"), ["HostKeyAlias kvm2.example"]);

        MigrationException failure = await Expect.FailureAsync("HostCertificateInvalid", () => connector.ConnectAsync(server.Endpoint, Token));

        Assert.Contains("it is for kvm1.example, not for 'kvm2.example'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Security, failure.Kind);
    }

    [Fact]
    public async Task A_revoked_authority_or_key_outweighs_a_trusted_one()
    {
        string[] config = [$"HostKeyAlias {SshServer.CertifiedName}"];
        string trusted = $"@cert-authority * {server.HostAuthority}";

        await Expect.FailureAsync(
            "HostKeyRevoked", () => server.ConnectorWith(server.KnownHosts(trusted, $"@revoked * {server.HostAuthority}"), config).ConnectAsync(server.Endpoint, Token));
        await Expect.FailureAsync(
            "HostKeyRevoked", () => server.ConnectorWith(server.KnownHosts(trusted, $"@revoked * {server.HostKey()}"), config).ConnectAsync(server.Endpoint, Token));
    }

    [Fact]
    public async Task A_key_that_is_recorded_itself_needs_no_certificate_that_fits()
    {
        string path = server.KnownHosts($"@cert-authority * {server.HostAuthority}", $"kvm2.example {server.HostKey()}");

        await using ICommandChannel channel = await server.ConnectorWith(path, ["HostKeyAlias kvm2.example"]).ConnectAsync(server.Endpoint, Token);
    }
}
