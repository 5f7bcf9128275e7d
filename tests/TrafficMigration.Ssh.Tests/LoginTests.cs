using System.Net;
using Renci.SshNet;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class LoginTests(SshServer server) : IClassFixture<SshServer>
{
    private const string Secret = "geheim-4711";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wrong_key_is_refused_and_named()
    {
        MigrationException failure = await Expect.FailureAsync(
            "AuthenticationFailed", () => ConnectAsync(server.Endpoint with { KeyFilePath = server.WrongKey }));

        Assert.Contains(server.WrongKey, failure.Message, StringComparison.Ordinal);
        Assert.Contains($"'{Environment.UserName}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encrypted_key_opens_with_its_passphrase()
    {
        await using ICommandChannel channel = await ConnectAsync(WithSecret(server.EncryptedKey, SshServer.Passphrase));

        Assert.Equal("ok\n", (await channel.ExecuteAsync("echo ok", Token)).Output);
    }

    [Fact]
    public async Task An_encrypted_key_without_passphrase_is_unusable()
    {
        MigrationException failure = await Expect.FailureAsync(
            "KeyFileUnusable", () => ConnectAsync(server.Endpoint with { KeyFilePath = server.EncryptedKey }));

        Assert.Contains("encrypted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_passphrase_is_said_without_saying_it()
    {
        MigrationException failure = await Expect.FailureAsync(
            "KeyFileUnusable", () => ConnectAsync(WithSecret(server.EncryptedKey, Secret)));

        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_key_file_is_unusable() => await Expect.FailureAsync(
        "KeyFileUnusable", () => ConnectAsync(server.Endpoint with { KeyFilePath = "~/no/such/key" }));

    [Fact]
    public async Task A_file_that_is_no_private_key_is_unusable() => await Expect.FailureAsync(
        "KeyFileUnusable", () => ConnectAsync(server.Endpoint with { KeyFilePath = server.UserKey + ".pub" }));

    [Fact]
    public async Task A_refused_password_is_not_in_the_message()
    {
        MigrationException failure = await Expect.FailureAsync(
            "AuthenticationFailed", () => ConnectAsync(WithSecret(server.WrongKey, Secret)));

        Assert.Contains("password, keyboard-interactive", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_key_and_password_the_host_refuses()
    {
        MigrationException failure = await Expect.FailureAsync(
            "AuthenticationFailed", () => ConnectAsync(server.Endpoint with { KeyFilePath = null }));

        Assert.Contains("no usable key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Default_keys_are_used_and_unusable_ones_passed_over()
    {
        string directory = server.At("defaults");
        Directory.CreateDirectory(directory);
        File.Copy(server.EncryptedKey, Path.Combine(directory, "id_ed25519"));
        await File.WriteAllTextAsync(Path.Combine(directory, "id_ecdsa"), "nonsense", Token);
        File.Copy(server.UserKey, Path.Combine(directory, "id_rsa"));
        var connector = new SshHostConnector([server.KnownHosts($"{server.Name} {server.HostKey()}")], directory);
        HostEndpoint endpoint = server.Endpoint with { KeyFilePath = null };

        await using ICommandChannel channel = await connector.ConnectAsync(endpoint, Token);
        File.Copy(server.WrongKey, Path.Combine(directory, "id_rsa"), overwrite: true);
        MigrationException failure = await Expect.FailureAsync(
            "AuthenticationFailed", () => connector.ConnectAsync(endpoint, Token));

        Assert.Contains("id_ed25519 (it is encrypted)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("id_ecdsa (it is not a private key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_is_never_offered_to_the_host_as_password()
    {
        using var login = Login.Prepare(TargetOf(WithSecret(server.EncryptedKey, SshServer.Passphrase)), server.NoKeys, null);

        Assert.IsType<PrivateKeyAuthenticationMethod>(Assert.Single(login.Methods));
    }

    [Theory]
    [InlineData("ann", "bob", "ann")]
    [InlineData(null, "bob", "bob")]
    [InlineData(null, "", null)]
    public void The_user_is_the_endpoints_then_the_credentials_then_the_current(
        string? wished, string credential, string? expected)
    {
        HostEndpoint endpoint = server.Endpoint with
        {
            UserName = wished,
            Credential = new NetworkCredential(credential, Secret),
        };

        using var login = Login.Prepare(TargetOf(endpoint), server.NoKeys, null);

        Assert.Equal(expected ?? Environment.UserName, login.User);
        Assert.Equal(["publickey", "password", "keyboard-interactive"], login.Methods.Select(method => method.Name));
    }

    private static Target TargetOf(HostEndpoint endpoint) => Assert.Single(Target.WayTo(endpoint, SshConfig.Empty));

    private HostEndpoint WithSecret(string key, string secret) => server.Endpoint with
    {
        KeyFilePath = key,
        Credential = new NetworkCredential(string.Empty, secret),
    };

    private Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint) => server.Connector().ConnectAsync(endpoint, Token);
}
