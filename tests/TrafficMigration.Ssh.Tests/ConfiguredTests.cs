using System.Net;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Connections as the user's ssh_config wants them.</summary>
public sealed class ConfiguredTests(SshServer server) : IClassFixture<SshServer>
{
    private static readonly HostEndpoint Alias = new() { HostName = "kvm1", ConnectTimeout = TimeSpan.FromSeconds(20) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Host => ["Host kvm1", "HostName 127.0.0.1", $"Port {server.Port}", $"IdentityFile {server.UserKey}"];

    [Fact]
    public async Task A_host_is_reached_by_its_alias()
    {
        await using ICommandChannel channel = await server.ConnectorWith(Host).ConnectAsync(Alias, Token);

        Assert.Equal("kvm1", channel.HostName);
        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    [Fact]
    public async Task Keys_are_recorded_under_the_alias_that_HostKeyAlias_names()
    {
        SshHostConnector connector = server.ConnectorWith(server.KnownHosts($"rack7 {server.HostKey()}"), [.. Host, "HostKeyAlias rack7"]);

        await using ICommandChannel channel = await connector.ConnectAsync(Alias, Token);
    }

    [Fact]
    public async Task What_is_not_heeded_is_told_and_the_connection_made()
    {
        var told = new List<string>();

        await using ICommandChannel channel = await server.ConnectorWith([.. Host, "Ciphers aes256-ctr"]).ConnectAsync(Alias, told.Add, Token);

        Assert.Contains("ciphers", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_is_reached_through_another()
    {
        string[] config = [.. Host, "ProxyJump gate", "Host gate", "HostName 127.0.0.1", $"Port {server.Port}", $"IdentityFile {server.UserKey}"];
        int before = Logins();

        await using (ICommandChannel channel = await server.ConnectorWith(config).ConnectAsync(Alias, Token))
        {
            Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
        }

        Assert.Equal(before + 2, Logins());
    }

    [Fact]
    public async Task A_host_on_the_way_that_lets_nobody_pass_is_named()
    {
        string[] config = [.. Host, "ProxyJump gate", "Host gate", "HostName 127.0.0.1", $"Port {server.Port}", $"IdentityFile {server.NoForwardingKey}"];

        MigrationException failure = await Expect.FailureAsync("HostUnreachable", () => server.ConnectorWith(config).ConnectAsync(Alias, Token));

        Assert.Equal("kvm1", failure.HostName);
        Assert.Contains("'gate' (ProxyJump) does not connect to it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_on_the_way_whose_key_is_unknown_is_refused_and_named()
    {
        string[] config = [.. Host, "ProxyJump gate", "Host gate", "HostName localhost", $"Port {server.Port}", $"IdentityFile {server.UserKey}"];

        MigrationException failure = await Expect.FailureAsync("HostKeyUnknown", () => server.ConnectorWith(config).ConnectAsync(Alias, Token));

        Assert.Equal("kvm1", failure.HostName);
        Assert.Contains("'gate' (ProxyJump)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_users_secret_is_not_shown_to_a_host_on_the_way()
    {
        string[] config = ["Host kvm1", "HostName 127.0.0.1", $"Port {server.Port}", "ProxyJump gate", "Host gate", "HostName 127.0.0.1", $"Port {server.Port}"];
        HostEndpoint endpoint = Alias with { Credential = new NetworkCredential(Environment.UserName, "geheim-4711") };

        MigrationException failure = await Expect.FailureAsync("AuthenticationFailed", () => server.ConnectorWith(config).ConnectAsync(endpoint, Token));

        Assert.Contains("no usable key and no password", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_agents_keys_log_in()
    {
        using var agent = new Agent(server.At("agent"));
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", server.WrongKey);
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", server.UserKey);
        var connector = new SshHostConnector([server.KnownHosts($"{server.Name} {server.HostKey()}")], server.NoKeys, agent: agent.Address);

        await using ICommandChannel channel = await connector.ConnectAsync(server.Endpoint with { KeyFilePath = null }, Token);

        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task A_locked_key_is_used_by_way_of_the_agent(string type)
    {
        using var agent = new Agent(server.At("agent-" + type));
        string key = server.At("locked-" + type);
        Tool.MakeKey(key, type);
        await File.AppendAllTextAsync(server.At("authorized_keys"), await File.ReadAllTextAsync(key + ".pub", Token), Token);
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", key);
        Tool.Run("ssh-keygen", "-q", "-p", "-P", string.Empty, "-N", SshServer.Passphrase, "-f", key);
        var connector = new SshHostConnector([server.KnownHosts($"{server.Name} {server.HostKey()}")], server.NoKeys, agent: agent.Address);

        await using ICommandChannel channel = await connector.ConnectAsync(server.Endpoint with { KeyFilePath = key }, Token);
    }

    [Fact]
    public async Task Of_the_agents_keys_IdentitiesOnly_leaves_those_that_are_named()
    {
        using var agent = new Agent(server.At("agent-only"));
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", server.UserKey);
        string[] config = ["Host kvm1", "HostName 127.0.0.1", $"Port {server.Port}", $"IdentityFile {server.WrongKey}", "IdentitiesOnly yes", $"IdentityAgent {agent.Address}"];

        MigrationException failure = await Expect.FailureAsync("AuthenticationFailed", () => server.ConnectorWith(config).ConnectAsync(Alias, Token));

        Assert.Contains(server.WrongKey, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("of the agent", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_not_there_is_said_and_the_rest_tried()
    {
        string[] config = [.. Host[..3], $"IdentityFile {server.WrongKey}", $"IdentityAgent {server.At("no-agent")}"];

        MigrationException failure = await Expect.FailureAsync("AuthenticationFailed", () => server.ConnectorWith(config).ConnectAsync(Alias, Token));

        Assert.Contains("not the agent (no agent answers)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_beside_the_key_logs_in()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint with { KeyFilePath = server.CertifiedKey }, Token);

        File.Copy(server.CertifiedKey, server.At("uncertified"));
        await Expect.FailureAsync("AuthenticationFailed", () => server.Connector().ConnectAsync(server.Endpoint with { KeyFilePath = server.At("uncertified") }, Token));
    }

    [Fact]
    public async Task A_certificate_of_the_agent_logs_in()
    {
        using var agent = new Agent(server.At("agent-certificate"));
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", server.CertifiedKey);
        var connector = new SshHostConnector([server.KnownHosts($"{server.Name} {server.HostKey()}")], server.NoKeys, agent: agent.Address);

        await using ICommandChannel channel = await connector.ConnectAsync(server.Endpoint with { KeyFilePath = null }, Token);
    }

    private int Logins() => server.Log.Split('\n').Count(line => line.StartsWith("Accepted publickey", StringComparison.Ordinal));
}
