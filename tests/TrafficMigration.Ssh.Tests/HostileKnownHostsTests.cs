using System.Buffers.Binary;
using System.Text;
using CsCheck;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>known_hosts files and keys that try to be trusted where nobody has trusted them.</summary>
public sealed class HostileKnownHostsTests : IDisposable
{
    private static readonly byte[] Key = Wire("ssh-ed25519");
    private static readonly string Line = $"kvm1 ssh-ed25519 {Convert.ToBase64String(Key)}";

    private readonly string _folder = Directory.CreateTempSubdirectory("tm-hostile-").FullName;

    public static TheoryData<string> Files => Corpus.Names("known_hosts");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Files))]
    public void Only_the_plain_line_is_trusted(string name) => Assert.Equal(
        name == "trusted",
        KnownHosts.Load([Path.Combine(Corpus.Folder("known_hosts"), name)]).Judge("kvm1", 22, Key).Trust == HostKeyTrust.Trusted);

    [Fact]
    public void A_damaged_line_never_trusts_another_key_or_another_host() =>
        Gen.Select(Gen.Int[0, Line.Length - 1], Gen.Int[0, 8], Gen.Char[" \t*?!,|@[]=%-#aA1kK\u212a\0\r\x1b"].Array[0, 4]).Sample(
            (at, length, letters) =>
            {
                string line = Line.Remove(at, Math.Min(length, Line.Length - at)).Insert(at, new string(letters));
                var known = KnownHosts.FromLines([line], "file");
                Assert.NotEqual(HostKeyTrust.Trusted, known.Judge("kvm1", 22, Wire("ssh-ed25519", 2)).Trust);
                Assert.NotEqual(HostKeyTrust.Trusted, known.JudgeAuthority("kvm1", 22, Key).Trust);
                // Only a line that still ends in the whole key, whoever's it then is, may vouch at all.
                Assert.True(line.TrimEnd().Contains(Convert.ToBase64String(Key), StringComparison.Ordinal)
                    || known.Judge("kvm1", 22, Key).Trust != HostKeyTrust.Trusted, line);
            },
            iter: 20_000);

    [Fact]
    public void Any_bytes_are_read_without_a_word_and_trust_nobody() => Gen.Byte.Array[0, 200].Sample(
        bytes =>
        {
            string path = Path.Combine(_folder, "any");
            File.WriteAllBytes(path, bytes);
            Assert.Equal(HostKeyTrust.Unknown, KnownHosts.Load([path]).Judge("kvm1", 22, Key).Trust);
        },
        iter: 500, threads: 1);

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/")]
    [InlineData("a\0b")]
    public async Task A_file_that_is_none_or_never_ends_trusts_nobody(string path) =>
        Assert.Equal(HostKeyTrust.Unknown, await Task.Run(() => KnownHosts.Load([path]).Judge("kvm1", 22, Key).Trust)
            .WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));

    [Fact]
    public void A_key_whose_type_is_more_than_a_word_is_not_recorded()
    {
        // An ECDSA key names its curve itself: SSH.NET looks only at how the name of its type begins.
        string path = Path.Combine(_folder, "known_hosts");
        byte[] smuggler = Wire($"ecdsa-sha2-nistp256 AAAA\nkvm2 ssh-ed25519 {Convert.ToBase64String(Key)}\n#");

        Assert.Throws<IOException>(() => HostKeyRecorder.Record(path, Target, smuggler));

        Assert.Equal(HostKeyTrust.Unknown, KnownHosts.Load([path]).Judge("kvm2", 22, Key).Trust);
    }

    [Fact]
    public void Whatever_key_a_host_shows_it_is_recorded_as_one_line_for_that_host_or_not_at_all() =>
        Gen.Char["ssh-ed25519 ,\n\r\t\0\x1b#@|*"].Array[0, 20].Select(letters => new string(letters)).Sample(
            type =>
            {
                string path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
                try
                {
                    HostKeyRecorder.Record(path, Target, Wire(type));
                }
                catch (IOException)
                {
                    return;
                }

                Assert.Equal(HostKeyTrust.Trusted, KnownHosts.Load([path]).Judge("kvm1", 22, Wire(type)).Trust);
                Assert.Single(File.ReadAllText(path), c => c == '\n');
            },
            iter: 300, threads: 1);

    private static Target Target => new() { HostName = "kvm1", User = "root", Settings = new HostSettings { HostName = "kvm1" } };

    private static byte[] Wire(string type, byte fill = 1)
    {
        byte[] name = Encoding.ASCII.GetBytes(type);
        byte[] key = new byte[4 + name.Length + 4 + 32];
        Array.Fill(key, fill);
        BinaryPrimitives.WriteInt32BigEndian(key, name.Length);
        name.CopyTo(key, 4);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(4 + name.Length), 32);
        return key;
    }
}
