using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class HostKeyTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_key_is_refused_with_its_fingerprint_and_file()
    {
        SshHostConnector connector = server.Connector("# nothing here");

        MigrationException failure = await Expect.FailureAsync("HostKeyUnknown", () => ConnectAsync(connector));

        string shown = Tool.Run("ssh-keygen", "-l", "-f", server.At("host_ed25519.pub")).Split(' ')[1];
        Assert.Contains("ssh-ed25519 " + shown + ")", failure.Message, StringComparison.Ordinal);
        Assert.Contains(server.At("known_"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_key_is_refused_with_the_line_that_contradicts()
    {
        string other = await File.ReadAllTextAsync(server.WrongKey + ".pub", Token);

        MigrationException failure = await Expect.FailureAsync(
            "HostKeyMismatch", () => ConnectAsync(server.Connector("# first", $"{server.Name} {other}")));

        Assert.Equal(FailureKind.Security, failure.Kind);
        Assert.Contains("line 2 ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_although_it_is_recorded()
    {
        string line = $"{server.Name} {server.HostKey()}";

        MigrationException failure = await Expect.FailureAsync(
            "HostKeyRevoked", () => ConnectAsync(server.Connector(line, "@revoked " + line)));

        Assert.Contains("line 2.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    public async Task The_host_is_asked_for_the_type_of_key_that_is_recorded(string type)
    {
        SshHostConnector connector = server.Connector($"{server.Name} {server.HostKey(type)}");

        await using ICommandChannel channel = await ConnectAsync(connector);

        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    [Fact]
    public async Task A_host_hashed_by_ssh_keygen_with_its_port_is_known()
    {
        string path = server.KnownHosts($"{server.Name} {server.HostKey()}");
        Tool.Run("ssh-keygen", "-q", "-H", "-f", path);
        Assert.StartsWith("|1|", await File.ReadAllTextAsync(path, Token), StringComparison.Ordinal);

        await using ICommandChannel channel = await ConnectAsync(new SshHostConnector([path], server.NoKeys));

        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    [Fact]
    public async Task Every_file_is_looked_at()
    {
        var connector = new SshHostConnector(
            [server.At("missing"), server.KnownHosts($"{server.Name} {server.HostKey()}")], server.NoKeys);

        await using ICommandChannel channel = await ConnectAsync(connector);
    }

    private Task<ICommandChannel> ConnectAsync(SshHostConnector connector) =>
        connector.ConnectAsync(server.Endpoint, Token);
}
