using System.Globalization;
using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>ssh_config as OpenSSH itself reads it: <c>ssh -G</c> of the same files is what we are compared with.</summary>
public sealed class SshConfigTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("tm-config-").FullName;

    public SshConfigTests() => Directory.CreateDirectory(Path.Combine(_home, ".ssh"));

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("Host kvm1\n HostName 198.51.100.7\n User alice\n Port 2222")]
    [InlineData("Host kvm*\n Port 2200\nHost kvm1\n Port 2201\n User bob")]
    [InlineData("Host * !kvm1\n User nobody\nHost kvm?\n User somebody")]
    [InlineData("Host kvm2\n User a\nHost \"kvm1\"\n User=b\n Port = 77")]
    [InlineData("Host 'kvm1'\n User 'a \"b\" c'\n HostKeyAlias \"it's\"")]
    [InlineData("User first\nHost kvm1\n User second")]
    [InlineData("Host kvm1\n HostName %h.example.org\n ProxyJump root@gate:2022,inner")]
    [InlineData("Host kvm1\n ProxyJump none\nHost *\n ProxyJump gate")]
    [InlineData("Match host kvm1\n User m\nMatch all\n Port 99")]
    [InlineData("Match originalhost kvm2\n User m\nMatch !host kvm2\n Port 99")]
    [InlineData("Match originalhost kvm2,kvm1 user nobody\n User m\nMatch host kvm*,!kvm1\n Port 99")]
    [InlineData("Host kvm1\n HostName 198.51.100.7\nMatch host 198.51.100.*\n User by-address")]
    [InlineData("host KVM1\n user x\nhost kvm1 # comment\n user y # comment\n port 5")]
    [InlineData("Host kvm1\n IdentityFile /k/1\n IdentityFile /k/2\nHost *\n IdentityFile /k/3\n IdentitiesOnly yes")]
    [InlineData("Host kvm1\n\tUser \"a b\"\n   HostKeyAlias  other  \n")]
    [InlineData("Host kvm1\n ConnectTimeout 7\n ServerAliveInterval 1m\nHost *\n ConnectTimeout 3")]
    [InlineData("Host kvm1\n ConnectTimeout none\nHost *\n ConnectTimeout 3")]
    [InlineData("ConnectTimeout 1h1M30\nServerAliveInterval 1w")]
    [InlineData("ConnectTimeout 0")]
    public void Settings_are_those_of_ssh(string text) => AssertAsSsh(Write(".ssh/config", text), "kvm1");

    [Fact]
    public void Files_are_included_where_they_stand_and_only_there()
    {
        Write(".ssh/one.conf", "Host kvm2\n User two\nHost kvm1\n User one");
        Write(".ssh/two.conf", "User included\nPort 1234");
        Write(".ssh/.hidden.conf", "HostName hidden");
        string file = Write(
            ".ssh/config", $"Host kvm2\n Include {_home}/.ssh/t*.conf\nHost kvm1\n Include {_home}/.ssh/*.conf\n Port 5\nHost kvm3\n Include {_home}/.ssh/missing");

        AssertAsSsh(file, "kvm1");
        AssertAsSsh(file, "kvm2");
        AssertAsSsh(file, "kvm3");
    }

    [Fact]
    public void Any_blocks_give_what_ssh_says()
    {
        Gen<string> pattern = Gen.OneOf("kvm1", "kvm2", "kvm*", "*", "!kvm1", "k?m1", "other");
        Gen<string> setting = Gen.OneOf(
            "User a", "User b", "Port 2", "Port 3", "HostName h1", "HostName %h.net", "ProxyJump j1", "ProxyJump none", "IdentityFile /k1", "IdentityFile /k2",
            "ConnectTimeout 4", "ConnectTimeout none");
        Gen<string> block = Gen.Select(pattern.Array[1, 3], setting.Array[1, 4], (names, settings) => $"Host {string.Join(' ', names)}\n {string.Join("\n ", settings)}");
        block.Array[0, 5].Sample(blocks => AssertAsSsh(Write(".ssh/config", string.Join('\n', blocks)), "kvm1"), iter: 60, threads: 1);
    }

    [Fact]
    public void Parameters_outweigh_the_file_and_the_users_file_that_of_the_machine()
    {
        string users = Write(".ssh/config", "User users\nPort 2");
        string machines = Write("machine", "User machines\nPort 3\nHostName machines");
        var config = new SshConfig(users, machines, _home);

        HostSettings asked = config.Resolve("kvm1", "asked", 4);
        HostSettings plain = config.Resolve("kvm1", null, null);

        Assert.Equal(("asked", 4, "machines"), (asked.User, asked.Port, asked.HostName));
        Assert.Equal(("users", 2, "machines"), (plain.User, plain.Port, plain.HostName));
    }

    [Fact]
    public void Tokens_and_the_home_are_replaced()
    {
        HostSettings settings = Resolve("""
            HostName %h.example
            Port 2222
            User me
            IdentityFile ~/keys/%r@%n:%p-%%
            UserKnownHostsFile %d/a ~/b
            IdentityAgent none
            StrictHostKeyChecking accept-new
            HashKnownHosts yes
            ServerAliveInterval 7
            """);

        Assert.Equal([$"{_home}/keys/me@kvm1:2222-%"], settings.IdentityFiles);
        Assert.Equal([$"{_home}/a", $"{_home}/b"], settings.UserKnownHostsFiles);
        Assert.Equal("none", settings.IdentityAgent);
        Assert.Equal(HostKeyAcceptance.New, settings.AcceptHostKey);
        Assert.True(settings.HashKnownHosts);
        Assert.Equal(TimeSpan.FromSeconds(7), settings.ServerAliveInterval);
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("ProxyCommand nc %h %p", "proxycommand")]
    [InlineData("Ciphers aes128-ctr", "ciphers")]
    [InlineData("StrictHostKeyChecking no", "changed")]
    [InlineData("Match exec \"true\"\n User evil", "EXEC")]
    [InlineData("Include /x*/y", "not read")]
    [InlineData("KnownHostsCommand /bin/true", "knownhostscommand")]
    public void What_is_not_heeded_is_told_with_its_line(string text, string expected)
    {
        HostSettings settings = Resolve("\n" + text);

        string warning = Assert.Single(settings.Warnings);
        Assert.Contains(expected, warning, StringComparison.Ordinal);
        Assert.Contains("line 2", warning, StringComparison.Ordinal);
        Assert.Null(settings.User);
    }

    [Theory]
    [InlineData("ProxyCommand none\nAddressFamily any\nSendEnv LANG LC_*\nForwardAgent yes\nCompression yes")]
    [InlineData("ProxyJump gate\nProxyCommand nc %h %p")]
    public void What_changes_nothing_is_not_told(string text) => Assert.Empty(Resolve(text).Warnings);

    [Theory]
    [InlineData("Port 0")]
    [InlineData("Port twenty")]
    [InlineData("Port")]
    [InlineData("HostName %x")]
    [InlineData("IdentityFile 100%")]
    [InlineData("ConnectTimeout 5x")]
    [InlineData("ConnectTimeout -1")]
    [InlineData("ConnectTimeout s")]
    [InlineData("ConnectTimeout 99999999999")]
    [InlineData("ServerAliveInterval 2147483647w")]
    public void What_makes_no_sense_is_an_error(string text) =>
        Assert.Equal("SshConfigUnusable", Assert.Throws<MigrationException>(() => Resolve(text)).ErrorId);

    [Fact]
    public void A_file_that_others_may_write_is_refused()
    {
        string file = Write(".ssh/config", "User evil");
        Tool.Run("chmod", "660", file);

        MigrationException failure = Assert.Throws<MigrationException>(() => new SshConfig(file, "/none", _home).Resolve("kvm1", null, null));

        Assert.Equal("SshConfigUnusable", failure.ErrorId);
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_include_each_other_are_refused_as_ssh_does()
    {
        string file = Write(".ssh/config", $"User me\nInclude {_home}/.ssh/config");

        MigrationException failure = Assert.Throws<MigrationException>(() => new SshConfig(file, "/none", _home).Resolve("kvm1", null, null));

        Assert.Equal("SshConfigUnusable", failure.ErrorId);
        Assert.Contains("deep", failure.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Tool.Run("ssh", "-G", "-F", file, "kvm1"));
    }

    [Fact]
    public void Any_text_is_read_or_refused_as_our_own_error()
    {
        Gen<string> word = Gen.OneOf(Gen.OneOf("Host", "Match", "Include", "Port", "HostName", "ProxyJump", "=", "\"", "%", "~", "!", "*", "exec", "\\"), Gen.String[0, 12]);
        Gen.Select(word.Array[0, 6], words => string.Join(' ', words)).Array[0, 8].Sample(
            lines =>
            {
                try
                {
                    Resolve(string.Join('\n', lines));
                }
                catch (MigrationException e) when (e.ErrorId == "SshConfigUnusable")
                {
                }
            },
            iter: 500, threads: 1);
    }

    [Fact]
    public void The_way_through_other_hosts_is_that_of_ssh()
    {
        var config = new SshConfig(Write(".ssh/config", """
            Host kvm1
              ProxyJump ann@outer:2200,[inner]:23
              User root
            Host outer
              HostName outer.example
              ProxyJump first
            Host inner
              ProxyJump never-used
            """), "/none", _home);

        var way = Target.WayTo(new HostEndpoint { HostName = "kvm1", KeyFilePath = "/k", UserName = "bob" }, config);

        Assert.Equal(
            ["first:22", "outer.example:2200", "inner:23", "kvm1:22"],
            way.Select(target => string.Create(CultureInfo.InvariantCulture, $"{target.Address}:{target.Port}")));
        Assert.Equal([Environment.UserName, "ann", Environment.UserName, "bob"], way.Select(target => target.User));
        Assert.Equal([null, null, null, "/k"], way.Select(target => target.KeyFilePath));
    }

    [Theory]
    [InlineData("Host a\n ProxyJump b\nHost b\n ProxyJump a")]
    [InlineData("Host a\n ProxyJump a")]
    [InlineData("Host a\n ProxyJump @b")]
    [InlineData("Host a\n ProxyJump b:0")]
    [InlineData("Host a\n ProxyJump b:x")]
    public void A_way_that_leads_nowhere_is_an_error(string text)
    {
        var config = new SshConfig(Write(".ssh/config", text), "/none", _home);

        MigrationException failure = Assert.Throws<MigrationException>(() => Target.WayTo(new HostEndpoint { HostName = "a" }, config));

        Assert.Equal("SshConfigUnusable", failure.ErrorId);
        Assert.Contains("ProxyJump", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_for_completion_come_from_Host_lines_of_all_files()
    {
        Write(".ssh/more", "Host kvm3 kvm? !kvm9");
        var config = new SshConfig(Write(".ssh/config", "Host kvm1 kvm2 *.lab\nHost kvm1\n Include more\n Port nonsense"), "/none", _home);

        Assert.Equal(["kvm1", "kvm2", "kvm3"], config.HostNames().Order());
    }

    private HostSettings Resolve(string text) => new SshConfig(Write(".ssh/config", text), "/none", _home).Resolve("kvm1", null, null);

    private void AssertAsSsh(string file, string host)
    {
        HostSettings ours = new SshConfig(file, "/none", _home).Resolve(host, null, null);
        ILookup<string, string> theirs = Tool.Run("ssh", "-G", "-F", file, host)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)).ToLookup(words => words[0], words => words.Length > 1 ? words[1] : string.Empty);

        Assert.Empty(ours.Warnings);
        Assert.Equal(theirs["hostname"].Single(), ours.HostName);
        Assert.Equal(theirs["port"].Single(), (ours.Port ?? 22).ToString(CultureInfo.InvariantCulture));
        Assert.Equal(theirs["user"].Single(), ours.User ?? Environment.UserName);
        Assert.Equal(theirs["proxyjump"].SingleOrDefault() ?? string.Empty, string.Join(',', ours.ProxyJump));
        Assert.Equal(theirs["hostkeyalias"].SingleOrDefault(), ours.HostKeyAlias);
        Assert.Equal(theirs["connecttimeout"].Single(), Seconds(ours.ConnectTimeout) ?? "none");
        Assert.Equal(theirs["serveraliveinterval"].Single(), Seconds(ours.ServerAliveInterval) ?? "0");
        Assert.Equal(theirs["identitiesonly"].Single() == "yes", ours.IdentitiesOnly);
        if (!ours.IdentityFiles.IsEmpty)
        {
            Assert.Equal(theirs["identityfile"], ours.IdentityFiles);
        }
    }

    private static string? Seconds(TimeSpan? time) => time?.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        Tool.Run("chmod", "600", path);
        return path;
    }
}
