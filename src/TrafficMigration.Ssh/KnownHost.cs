using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>One usable line of a known_hosts file: which hosts, which key.</summary>
/// <param name="Hosts">The hosts that the line speaks of.</param>
/// <param name="KeyType">Type of the key, for example <c>ssh-ed25519</c>.</param>
/// <param name="Key">The public key as it travels on the wire.</param>
/// <param name="IsRevoked">Whether the line warns of the key rather than vouching for it.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line in it, counted from 1.</param>
internal sealed record KnownHost(
    HostPattern Hosts, string KeyType, ReadOnlyMemory<byte> Key, bool IsRevoked, string Path, int Line)
{
    private const string Revoked = "@revoked";

    /// <summary>
    /// Reads a line; <see langword="null"/> for what carries no plain key: empty lines, comments, certificate
    /// authorities, unknown markers and damaged lines. A key that cannot be read can vouch for nobody.
    /// </summary>
    public static KnownHost? TryParse(string text, string path, int line)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0].StartsWith('#'))
        {
            return null;
        }

        bool revoked = words[0] == Revoked;
        ReadOnlySpan<string> rest = words.AsSpan(revoked ? 1 : 0);
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

        return new KnownHost(hosts, rest[1], key.AsMemory(0, length), revoked, path, line);
    }

    /// <summary>The type that a public key names itself; empty if it is not a public key.</summary>
    /// <remarks>
    /// Not the name of the signature algorithm: an RSA key is an <c>ssh-rsa</c> key with every hash that it signs with.
    /// </remarks>
    public static string TypeOf(ReadOnlySpan<byte> key)
    {
        if (key.Length < sizeof(int))
        {
            return string.Empty;
        }

        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(key);
        ReadOnlySpan<byte> rest = key[sizeof(int)..];
        return length > 0 && length <= rest.Length ? Encoding.ASCII.GetString(rest[..length]) : string.Empty;
    }
}
