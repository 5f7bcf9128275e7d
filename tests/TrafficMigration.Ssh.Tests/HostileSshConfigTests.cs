using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>ssh_config files that try to run something, lead elsewhere, or never come to an end.</summary>
public sealed class HostileSshConfigTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly string _home = Directory.CreateTempSubdirectory("tm-hostile-").FullName;

    public HostileSshConfigTests() => Directory.CreateDirectory(Path.Combine(_home, ".ssh"));

    public static TheoryData<string> Files => Corpus.Names("ssh_config");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_hostile_file_is_read_as_ssh_would_or_refused(string name)
    {
        // Those that include others find all of them.
        foreach (string file in Directory.GetFiles(Corpus.Folder("ssh_config")))
        {
            Write(Path.GetFileName(file), Corpus.Read("ssh_config", Path.GetFileName(file)));
        }

        HostSettings? settings = await ResolveAsync(name);

        Assert.Equal(name.EndsWith("-read", StringComparison.Ordinal), settings is not null);
        if (settings is not null)
        {
            Assert.NotEqual("evil", settings.User);
            Assert.Equal("kvm1", settings.HostName);
            Assert.Empty(settings.ProxyJump);
        }
    }

    [Fact]
    public async Task Files_that_each_include_the_next_one_many_times_come_to_an_end()
    {
        for (int i = 0; i < 12; i++)
        {
            Write($"{i}", System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"Include {i + 1}\n", 10))));
        }

        Assert.Null(await ResolveAsync("0"));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_as_our_own_error()
    {
        Gen<byte[]> word = Gen.OneOf(
            Gen.OneOf("Host", "Match", "Include", "HostName", "IdentityFile", "UserKnownHostsFile", "ProxyJump", "=", "\"", "%h", "%", "*", "/dev/null", "\n", "\r", "\0", "\x1b", "\u212a")
                .Select(System.Text.Encoding.UTF8.GetBytes),
            Gen.Byte.Array[0, 8]);
        word.Array[0, 20].Sample(
            words =>
            {
                Write("config", [.. words.SelectMany(w => w.Append((byte)' '))]);
                try
                {
                    HostSettings settings = Config("config").Resolve("kvm1", null, null);
                    Assert.DoesNotContain(settings.HostName, c => char.IsControl(c) || char.IsWhiteSpace(c) || "/?#@'\"$`".Contains(c, StringComparison.Ordinal));
                    Assert.DoesNotContain("\0", string.Concat([.. settings.IdentityFiles, .. settings.UserKnownHostsFiles]), StringComparison.Ordinal);
                }
                catch (MigrationException e) when (e.ErrorId == "SshConfigUnusable")
                {
                }
            },
            iter: 700, threads: 1);
    }

    /// <returns><see langword="null"/> if it was refused.</returns>
    private Task<HostSettings?> ResolveAsync(string name) => Task.Run(() =>
    {
        try
        {
            return Target.WayTo(new HostEndpoint { HostName = "kvm1" }, Config(name))[^1].Settings;
        }
        catch (MigrationException e) when (e.ErrorId == "SshConfigUnusable")
        {
            return null;
        }
    }).WaitAsync(Soon, TestContext.Current.CancellationToken);

    private SshConfig Config(string name) => new(Path.Combine(_home, ".ssh", name), null, _home);

    private void Write(string name, byte[] text) => Corpus.Write(Path.Combine(_home, ".ssh", name), text);
}
