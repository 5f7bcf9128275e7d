using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>The first field of a known_hosts line: a list of name patterns, or one name as a keyed hash.</summary>
internal sealed class HostPattern
{
    private const string HashMark = "|1|";

    private readonly ImmutableArray<string> _names;
    private readonly (ImmutableArray<byte> Salt, ImmutableArray<byte> Hash)? _hashed;

    private HostPattern(IEnumerable<string> names) => _names = [.. names];

    private HostPattern(byte[] salt, byte[] hash)
    {
        _names = [];
        _hashed = ([.. salt], [.. hash]);
    }

    /// <summary>Reads the field; <see langword="null"/> if it is a damaged or unknown kind of hash.</summary>
    public static HostPattern? TryParse(string field)
    {
        if (!field.StartsWith('|'))
        {
            return new HostPattern(Normal(field).Split(',', StringSplitOptions.RemoveEmptyEntries));
        }

        string[] parts = field.StartsWith(HashMark, StringComparison.Ordinal) ? field[HashMark.Length..].Split('|') : [];
        byte[] salt = new byte[field.Length];
        byte[] hash = new byte[field.Length];
        return parts.Length == 2
            && Convert.TryFromBase64String(parts[0], salt, out int saltLength) && saltLength > 0
            && Convert.TryFromBase64String(parts[1], hash, out int hashLength) && hashLength > 0
            ? new HostPattern(salt[..saltLength], hash[..hashLength])
            : null;
    }

    /// <summary>The name under which OpenSSH records a host: the port shows only if it is not SSH's own.</summary>
    public static string NameOf(string host, int port) =>
        port == 22 ? Normal(host) : FormattableString.Invariant($"[{Normal(host)}]:{port}");

    /// <summary>The names that are neither patterns nor hidden, without the ports that some stand with.</summary>
    public IEnumerable<string> PlainNames => _names
        .Where(name => name.AsSpan().IndexOfAny("*?!") < 0)
        .Select(name => name.StartsWith('[') ? name[1..Math.Max(1, name.IndexOf(']', StringComparison.Ordinal))] : name);

    /// <summary>Whether the line speaks of the host that <see cref="NameOf"/> names.</summary>
    public bool Matches(string name)
    {
        if (_hashed is var (salt, hash))
        {
            return Hash(salt.AsSpan(), name).AsSpan().SequenceEqual(hash.AsSpan());
        }

        return Glob.Matches(_names, name);
    }

    /// <summary>A name as OpenSSH hides it (HashKnownHosts): its keyed hash, with a new salt each time.</summary>
    public static string Hidden(string name)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(HMACSHA1.HashSizeInBytes);
        return $"{HashMark}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(Hash(salt, name))}";
    }

    // The format prescribes SHA-1. It only hides names from who reads the file; no trust rests on it.
#pragma warning disable CA5350
    private static byte[] Hash(ReadOnlySpan<byte> salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350

    // Host names carry no meaning in their case, and OpenSSH hashes and compares them in lower case. As there, of ASCII
    // only: other scripts have letters whose small form is one of ASCII's, and another name must stay another name.
    private static string Normal(string host) => string.Create(host.Length, host, (lower, name) =>
    {
        for (int i = 0; i < name.Length; i++)
        {
            lower[i] = char.IsAsciiLetterUpper(name[i]) ? (char)(name[i] | ' ') : name[i];
        }
    });
}
