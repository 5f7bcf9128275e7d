using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Certificates in files, for keys that only an agent holds: it was given the key before there was a certificate.</summary>
public sealed class AgentCertificateTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Host => ["Host kvm1", "HostName 127.0.0.1", $"Port {server.Port}"];

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task CertificateFile_serves_a_key_of_the_agent(string type)
    {
        using Agent agent = AgentWith("named-" + type, out string key, type);
        File.Delete(key + ".pub");
        File.Move(key + "-cert.pub", server.At("elsewhere-" + type));
        string[] config = [.. Host, $"CertificateFile {server.At("elsewhere-" + type)}", $"IdentityAgent {agent.Address}"];

        await LogsInAsync(config, new HostEndpoint { HostName = "kvm1" });
        await Expect.FailureAsync("AuthenticationFailed", () => LogsInAsync([.. Host, config[^1]], new HostEndpoint { HostName = "kvm1" }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_beside_a_key_file_that_is_not_there_serves_the_agents_key(bool hasPublicKey)
    {
        using Agent agent = AgentWith("beside" + hasPublicKey, out string key);
        if (!hasPublicKey)
        {
            File.Delete(key + ".pub");
        }

        string[] config = [.. Host, $"IdentityAgent {agent.Address}"];
        await LogsInAsync([.. config, $"IdentityFile {key}", "IdentitiesOnly yes"], new HostEndpoint { HostName = "kvm1" });
        await LogsInAsync(config, new HostEndpoint { HostName = "kvm1", KeyFilePath = key });
    }

    [Fact]
    public async Task A_certificate_beside_a_locked_key_serves_the_agents_key()
    {
        using Agent agent = AgentWith("locked", out string key, passphrase: SshServer.Passphrase);

        await LogsInAsync([.. Host, $"IdentityAgent {agent.Address}"], new HostEndpoint { HostName = "kvm1", KeyFilePath = key });
    }

    [Fact]
    public async Task A_certificate_of_another_key_is_not_shown()
    {
        using Agent agent = AgentWith("other", out _);
        string[] config = [.. Host, $"CertificateFile {server.CertifiedKey}-cert.pub", $"IdentityAgent {agent.Address}"];

        MigrationException failure = await Expect.FailureAsync("AuthenticationFailed", () => LogsInAsync(config, new HostEndpoint { HostName = "kvm1" }));

        Assert.Contains("of the agent", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("certificate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_leaves_the_key_itself()
    {
        using Agent agent = AgentWith("expired", out string key, validity: "-2h:-1h");
        await File.AppendAllTextAsync(server.At("authorized_keys"), await File.ReadAllTextAsync(key + ".pub", Token), Token);

        await LogsInAsync([.. Host, $"IdentityAgent {agent.Address}", $"IdentityFile {key}"], new HostEndpoint { HostName = "kvm1" });
    }

    private async Task LogsInAsync(string[] config, HostEndpoint endpoint)
    {
        await using ICommandChannel channel = await server.ConnectorWith(config).ConnectAsync(endpoint, Token);
        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    /// <summary>An agent with a key, whose public key and certificate are files; the key itself is one only if it is locked.</summary>
    private Agent AgentWith(string name, out string key, string type = "ed25519", string passphrase = "", string validity = "-1h:+1h")
    {
        key = server.At(name);
        var agent = new Agent(server.At("agent-" + name));
        Tool.MakeKey(key, type);
        Tool.RunWith("SSH_AUTH_SOCK", agent.Address, "ssh-add", "-q", key);
        Tool.Run("ssh-keygen", "-q", "-s", server.At("ca"), "-I", "user", "-n", Environment.UserName, "-V", validity, key + ".pub");
        if (passphrase.Length > 0)
        {
            Tool.Run("ssh-keygen", "-q", "-p", "-P", string.Empty, "-N", passphrase, "-f", key);
        }
        else
        {
            File.Delete(key);
        }

        return agent;
    }
}
