using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>What a known_hosts line says of its key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).</summary>
internal enum KnownHostMark
{
    /// <summary>It is the hosts' own.</summary>
    None,

    /// <summary>It must never be accepted for the hosts.</summary>
    Revoked,

    /// <summary>It is an authority's, whose certificates for these hosts are accepted.</summary>
    Authority,
}

/// <summary>One usable line of a known_hosts file: which hosts, which key.</summary>
/// <param name="Hosts">The hosts that the line speaks of.</param>
/// <param name="KeyType">Type of the key, for example <c>ssh-ed25519</c>.</param>
/// <param name="Key">The public key as it travels on the wire.</param>
/// <param name="Mark">What the line says of the key.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line in it, counted from 1.</param>
internal sealed record KnownHost(
    HostPattern Hosts, string KeyType, ReadOnlyMemory<byte> Key, KnownHostMark Mark, string Path, int Line)
{
    // OpenSSH knows no other; a carriage return is what a file from Windows has at the end of its lines.
    private static readonly char[] Blanks = [' ', '\t', '\r'];

    // RFC 4251, 6: printable US-ASCII without a comma, 64 characters at most.
    private const int LongestType = 64;

    /// <summary>
    /// Reads a line; <see langword="null"/> for what carries no key: empty lines, comments, unknown markers and damaged
    /// lines. A key that cannot be read can vouch for nobody.
    /// </summary>
    public static KnownHost? TryParse(string text, string path, int line)
    {
        string[] words = text.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0].StartsWith('#'))
        {
            return null;
        }

        KnownHostMark mark = words[0] switch
        {
            "@revoked" => KnownHostMark.Revoked,
            "@cert-authority" => KnownHostMark.Authority,
            _ => KnownHostMark.None,
        };
        ReadOnlySpan<string> rest = words.AsSpan(mark == KnownHostMark.None ? 0 : 1);
        if (rest.Length < 3 || rest[0].StartsWith('@') || HostPattern.TryParse(rest[0]) is not { } hosts)
        {
            return null;
        }

        byte[] key = new byte[rest[2].Length];
        if (!Convert.TryFromBase64String(rest[2], key, out int length)
            || TypeOf(key.AsSpan(0, length)) != rest[1])
        {
            return null;
        }

        return new KnownHost(hosts, rest[1], key.AsMemory(0, length), mark, path, line);
    }

    /// <summary>The type that a public key names itself; empty if it is not a public key.</summary>
    /// <remarks>
    /// Not the name of the signature algorithm: an RSA key is an <c>ssh-rsa</c> key with every hash that it signs with.
    /// A host chooses these bytes, and they go into files and messages: what is no name of a type is none.
    /// </remarks>
    public static string TypeOf(ReadOnlySpan<byte> key)
    {
        if (key.Length < sizeof(int))
        {
            return string.Empty;
        }

        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(key);
        ReadOnlySpan<byte> rest = key[sizeof(int)..];
        return length is > 0 and <= LongestType && length <= rest.Length && !rest[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~')
            && !rest[..length].Contains((byte)',')
            ? Encoding.ASCII.GetString(rest[..length]) : string.Empty;
    }
}
