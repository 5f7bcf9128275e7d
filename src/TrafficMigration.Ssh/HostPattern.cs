using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>The first field of a known_hosts line: a list of name patterns, or one name as a keyed hash.</summary>
internal sealed class HostPattern
{
    private const string HashMark = "|1|";

    private readonly ImmutableArray<string> _wanted;
    private readonly ImmutableArray<string> _unwanted;
    private readonly (ImmutableArray<byte> Salt, ImmutableArray<byte> Hash)? _hashed;

    private HostPattern(IEnumerable<string> names)
    {
        _wanted = [.. names.Where(name => !name.StartsWith('!'))];
        _unwanted = [.. names.Where(name => name.StartsWith('!')).Select(name => name[1..])];
    }

    private HostPattern(byte[] salt, byte[] hash)
    {
        _wanted = [];
        _unwanted = [];
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

    /// <summary>Whether the line speaks of the host that <see cref="NameOf"/> names.</summary>
    public bool Matches(string name)
    {
        if (_hashed is var (salt, hash))
        {
            // The format prescribes SHA-1. It only hides names from who reads the file; no trust rests on it.
#pragma warning disable CA5350
            return HMACSHA1.HashData(salt.AsSpan(), Encoding.UTF8.GetBytes(name)).AsSpan().SequenceEqual(hash.AsSpan());
#pragma warning restore CA5350
        }

        // One exclusion outweighs any number of inclusions, wherever it stands in the list.
        return !_unwanted.Any(pattern => Fits(pattern, name)) && _wanted.Any(pattern => Fits(pattern, name));
    }

    // Host names carry no meaning in their case, and OpenSSH hashes and compares them in lower case.
#pragma warning disable CA1308
    private static string Normal(string host) => host.ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>Glob with <c>*</c> and <c>?</c> only; brackets are part of names such as <c>[host]:2222</c>.</summary>
    /// <remarks>Remembers only the last star: linear memory, no exponential time on hostile patterns.</remarks>
    private static bool Fits(string pattern, string name)
    {
        int p = 0;
        int star = -1;
        int resume = 0;
        for (int n = 0; n < name.Length;)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = n;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
