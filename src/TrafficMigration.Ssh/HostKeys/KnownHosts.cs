using System.Collections.Immutable;

namespace TrafficMigration.Ssh;

/// <summary>The host keys that the user and the machine have recorded, as OpenSSH's known_hosts files hold them.</summary>
internal sealed class KnownHosts
{
    private readonly ImmutableArray<KnownHost> _entries;

    private KnownHosts(IEnumerable<KnownHost> entries) => _entries = [.. entries];

    /// <summary>Reads files in the given order; those that do not exist or may not be read count as empty.</summary>
    public static KnownHosts Load(IEnumerable<string> paths) =>
        new(paths.SelectMany(path => Parse(ReadLines(path), path)));

    /// <summary>Reads lines of one file.</summary>
    public static KnownHosts FromLines(IEnumerable<string> lines, string path) => new(Parse(lines, path));

    /// <summary>Judges the key that a host shows.</summary>
    /// <param name="host">The host as the user named it.</param>
    /// <param name="port">Its SSH port.</param>
    /// <param name="key">The public key as it came over the wire.</param>
    public HostKeyVerdict Judge(string host, int port, ReadOnlySpan<byte> key)
    {
        ImmutableArray<KnownHost> recorded = Find(host, port);
        // OpenSSH also accepts a host on another port by its plain name, but only a fitting key counts then:
        // another server on the same machine may well have another key.
        ImmutableArray<KnownHost> plain = port == 22 ? [] : Find(host, 22);

        if ((Same(recorded, key, KnownHostMark.Revoked) ?? Same(plain, key, KnownHostMark.Revoked)) is { } warning)
        {
            return Verdict(HostKeyTrust.Revoked, warning);
        }

        if (Same(recorded, key, KnownHostMark.None) is { } match)
        {
            return Verdict(HostKeyTrust.Trusted, match);
        }

        string type = KnownHost.TypeOf(key);
        KnownHost[] others = [.. recorded.Where(entry => entry.Mark == KnownHostMark.None)];
        if ((others.FirstOrDefault(entry => entry.KeyType == type) ?? others.FirstOrDefault()) is { } other)
        {
            return Verdict(HostKeyTrust.Mismatch, other);
        }

        return Same(plain, key, KnownHostMark.None) is { } elsewhere
            ? Verdict(HostKeyTrust.Trusted, elsewhere)
            : new HostKeyVerdict(HostKeyTrust.Unknown);
    }

    /// <summary>Judges the authority that vouches for a host by a certificate.</summary>
    /// <returns><see cref="HostKeyTrust.Trusted"/>, <see cref="HostKeyTrust.Revoked"/> or <see cref="HostKeyTrust.Unknown"/>.</returns>
    public HostKeyVerdict JudgeAuthority(string host, int port, ReadOnlySpan<byte> authorityKey)
    {
        ImmutableArray<KnownHost> found = Everywhere(host, port);
        return Same(found, authorityKey, KnownHostMark.Revoked) is { } warning ? Verdict(HostKeyTrust.Revoked, warning)
            : Same(found, authorityKey, KnownHostMark.Authority) is { } match ? Verdict(HostKeyTrust.Trusted, match)
            : new HostKeyVerdict(HostKeyTrust.Unknown);
    }

    /// <summary>Whether an authority is recorded that may vouch for a host.</summary>
    public bool HasAuthority(string host, int port) => Everywhere(host, port).Any(entry => entry.Mark == KnownHostMark.Authority);

    /// <summary>The names that stand there plainly, without port, pattern or hash; in the files' order, each once.</summary>
    public IEnumerable<string> PlainNames() => _entries
        .Where(entry => entry.Mark == KnownHostMark.None)
        .SelectMany(entry => entry.Hosts.PlainNames)
        .Distinct(StringComparer.Ordinal);

    /// <summary>The types of the keys recorded for a host, so that it can be asked for one of those first.</summary>
    public ImmutableArray<string> KeyTypesOf(string host, int port)
    {
        ImmutableArray<string> types = TypesOf(Find(host, port));
        return types.IsEmpty && port != 22 ? TypesOf(Find(host, 22)) : types;
    }

    private static ImmutableArray<string> TypesOf(ImmutableArray<KnownHost> found) =>
        [.. found.Where(entry => entry.Mark == KnownHostMark.None).Select(entry => entry.KeyType).Distinct()];

    private static KnownHost? Same(ImmutableArray<KnownHost> found, ReadOnlySpan<byte> key, KnownHostMark mark)
    {
        foreach (KnownHost entry in found)
        {
            if (entry.Mark == mark && entry.Key.Span.SequenceEqual(key))
            {
                return entry;
            }
        }

        return null;
    }

    private static HostKeyVerdict Verdict(HostKeyTrust trust, KnownHost entry) => new(trust, entry.Path, entry.Line);

    private static IEnumerable<KnownHost> Parse(IEnumerable<string> lines, string path) =>
        lines.Select((text, index) => KnownHost.TryParse(text, path, index + 1)).OfType<KnownHost>();

    private static string[] ReadLines(string path)
    {
        try
        {
            return SettingsFile.ReadLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No record means no trust: the host then counts as unknown, and the message names the file.
            return [];
        }
    }

    private ImmutableArray<KnownHost> Everywhere(string host, int port) =>
        port == 22 ? Find(host, 22) : [.. Find(host, port), .. Find(host, 22)];

    private ImmutableArray<KnownHost> Find(string host, int port)
    {
        string name = HostPattern.NameOf(host, port);
        return [.. _entries.Where(entry => entry.Hosts.Matches(name))];
    }
}
