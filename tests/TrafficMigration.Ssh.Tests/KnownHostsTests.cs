using System.Buffers.Binary;
using System.Text;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class KnownHostsTests
{
    private const string Ed25519 = "ssh-ed25519";
    private const string Rsa = "ssh-rsa";

    private static readonly byte[] KeyA = Key(Ed25519, 1);
    private static readonly byte[] KeyB = Key(Ed25519, 2);
    private static readonly byte[] RsaKey = Key(Rsa, 3);

    [Theory]
    [InlineData("node1", "node1", 22, true)]
    [InlineData("NODE1", "node1", 22, true)]
    [InlineData("node1", "Node1", 22, true)]
    [InlineData("node1", "node12", 22, false)]
    [InlineData("node2,node1,10.0.0.1", "10.0.0.1", 22, true)]
    [InlineData("node?", "node1", 22, true)]
    [InlineData("node?", "node", 22, false)]
    [InlineData("*.lab", "a.b.lab", 22, true)]
    [InlineData("*a*b*c", "xxaxxbxxbxc", 22, true)]
    [InlineData("*a*b*c", "xxaxxbxxbxd", 22, false)]
    [InlineData("*.lab,!bad.lab", "bad.lab", 22, false)]
    [InlineData("!bad.lab,*.lab", "bad.lab", 22, false)]
    [InlineData("!bad.lab,*.lab", "good.lab", 22, true)]
    [InlineData("!bad.lab", "good.lab", 22, false)]
    [InlineData("[node1]:2222", "node1", 2222, true)]
    [InlineData("[node1]:2222", "node1", 2223, false)]
    [InlineData("[node1]:2222", "node1", 22, false)]
    [InlineData("[*.lab]:2222", "a.lab", 2222, true)]
    [InlineData("node1", "node1", 2222, true)]
    [InlineData("fe80::1", "fe80::1", 22, true)]
    public void Names_match_as_in_OpenSSH(string field, string host, int port, bool matches) =>
        Assert.Equal(
            matches ? HostKeyTrust.Trusted : HostKeyTrust.Unknown, Known(Line(field, KeyA)).Judge(host, port, KeyA).Trust);

    [Fact]
    public void Another_key_of_the_same_type_is_a_mismatch_with_its_line()
    {
        HostKeyVerdict verdict = Known("# comment", Line("node1", RsaKey), Line("node1", KeyA)).Judge("node1", 22, KeyB);

        Assert.Equal(new HostKeyVerdict(HostKeyTrust.Mismatch, "file", 3), verdict);
    }

    [Fact]
    public void A_key_of_an_unrecorded_type_is_a_mismatch() =>
        Assert.Equal(
            new HostKeyVerdict(HostKeyTrust.Mismatch, "file", 1), Known(Line("node1", KeyA)).Judge("node1", 22, RsaKey));

    [Fact]
    public void Any_of_several_recorded_keys_is_trusted() =>
        Assert.Equal(
            new HostKeyVerdict(HostKeyTrust.Trusted, "file", 2),
            Known(Line("node1", KeyA), Line("node1", KeyB)).Judge("node1", 22, KeyB));

    [Fact]
    public void A_key_recorded_for_the_plain_name_does_not_condemn_another_server_on_another_port() =>
        Assert.Equal(HostKeyTrust.Unknown, Known(Line("node1", KeyA)).Judge("node1", 2222, KeyB).Trust);

    [Fact]
    public void A_key_recorded_for_the_port_outweighs_the_plain_name() =>
        Assert.Equal(
            HostKeyTrust.Mismatch,
            Known(Line("node1", KeyA), Line("[node1]:2222", KeyB)).Judge("node1", 2222, KeyA).Trust);

    [Theory]
    [InlineData("node1", 22)]
    [InlineData("node1", 2222)]
    public void A_revoked_key_is_refused_even_if_it_is_also_recorded(string host, int port) =>
        Assert.Equal(
            new HostKeyVerdict(HostKeyTrust.Revoked, "file", 2),
            Known(Line("node1", KeyA), "@revoked " + Line("*", KeyA), Line("[node1]:2222", KeyA)).Judge(host, port, KeyA));

    [Fact]
    public void A_revoked_key_says_nothing_about_others()
    {
        KnownHosts known = Known("@revoked " + Line("node1", KeyA));

        Assert.Equal(HostKeyTrust.Unknown, known.Judge("node1", 22, KeyB).Trust);
        Assert.Empty(known.KeyTypesOf("node1", 22));
    }

    [Fact]
    public void The_key_of_an_authority_is_not_the_key_of_a_host() =>
        Assert.Equal(
            HostKeyTrust.Unknown, Known("@cert-authority " + Line("*", KeyA)).Judge("node1", 22, KeyA).Trust);

    [Fact]
    public void Damaged_lines_are_passed_over_and_vouch_for_nobody()
    {
        string key = Convert.ToBase64String(KeyA);
        KnownHosts known = Known(
            "", "   ", "node1", "node1 " + Ed25519, "node1 ssh-rsa " + key, "node1 ssh-ed25519 !!!!", "node1 ssh-ed25519 AAAA",
            "|1|broken " + Ed25519 + " " + key, "|2|AAAA|AAAA " + Ed25519 + " " + key, "@strange " + Line("node1", KeyA),
            "node1 1024 35 1234567", "@revoked", "#" + Line("node1", KeyA));

        Assert.Equal(HostKeyTrust.Unknown, known.Judge("node1", 22, KeyA).Trust);
    }

    [Fact]
    public void Tabs_indentation_and_comments_are_allowed() =>
        Assert.Equal(
            HostKeyTrust.Trusted,
            Known($"  node1\t{Ed25519}\t{Convert.ToBase64String(KeyA)} me@here and there").Judge("node1", 22, KeyA).Trust);

    [Fact]
    public void A_key_that_is_no_key_is_refused()
    {
        KnownHosts known = Known(Line("node1", KeyA));

        Assert.Equal(HostKeyTrust.Mismatch, known.Judge("node1", 22, []).Trust);
        Assert.Equal(HostKeyTrust.Unknown, known.Judge("node2", 22, [0xff, 0xff, 0xff, 0xff, 1]).Trust);
    }

    [Fact]
    public void Recorded_types_are_known_in_order_without_repetition() =>
        Assert.Equal(
            [Rsa, Ed25519],
            Known(Line("node1", RsaKey), Line("node1", KeyA), Line("node*", KeyB)).KeyTypesOf("node1", 22));

    [Fact]
    public void Files_hashed_by_ssh_keygen_are_understood()
    {
        string directory = Directory.CreateTempSubdirectory("tm-known-").FullName;
        try
        {
            string path = Path.Combine(directory, "known_hosts");
            File.WriteAllLines(path, [Line("Node1.lab,10.0.0.1", KeyA), Line("[node2]:2222", KeyB)]);
            Tool.Run("ssh-keygen", "-q", "-H", "-f", path);
            Assert.All(File.ReadAllLines(path), line => Assert.StartsWith("|1|", line, StringComparison.Ordinal));

            KnownHosts known = KnownHosts.Load([Path.Combine(directory, "missing"), path]);

            Assert.Equal(HostKeyTrust.Trusted, known.Judge("node1.lab", 22, KeyA).Trust);
            Assert.Equal(HostKeyTrust.Trusted, known.Judge("10.0.0.1", 22, KeyA).Trust);
            Assert.Equal(HostKeyTrust.Trusted, known.Judge("NODE2", 2222, KeyB).Trust);
            Assert.Equal(HostKeyTrust.Mismatch, known.Judge("node2", 2222, KeyA).Trust);
            Assert.Equal(HostKeyTrust.Unknown, known.Judge("node2", 22, KeyB).Trust);
            Assert.Equal(HostKeyTrust.Unknown, known.Judge("node3", 22, KeyA).Trust);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static KnownHosts Known(params string[] lines) => KnownHosts.FromLines(lines, "file");

    private static string Line(string hosts, byte[] key) =>
        $"{hosts} {KnownHost.TypeOf(key)} {Convert.ToBase64String(key)}";

    /// <summary>A key in the wire format: its type, then 32 bytes of key.</summary>
    private static byte[] Key(string type, byte fill)
    {
        byte[] key = new byte[4 + type.Length + 4 + 32];
        Array.Fill(key, fill);
        BinaryPrimitives.WriteInt32BigEndian(key, type.Length);
        Encoding.ASCII.GetBytes(type, key.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(4 + type.Length), 32);
        return key;
    }
}
