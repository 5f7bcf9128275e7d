using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>What has been found about one host on the way through its configuration files.</summary>
/// <remarks>
/// For each setting the first value counts, but IdentityFile and CertificateFile add up. What changes how one connects
/// and is not supported is told, not passed over: a way round it could be the wrong one.
/// </remarks>
internal sealed class SshConfigValues(string host, string? user, int? port, string home)
{
    // Without them another host, another way, or less trust would result; with the value that changes nothing.
    // Everything else that is not heeded only concerns terminals, forwarding or speed.
    private static readonly FrozenDictionary<string, string> Missed = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["proxycommand"] = "none",
        ["knownhostscommand"] = "none",
        ["revokedhostkeys"] = "none",
        ["canonicalizehostname"] = "no",
        ["verifyhostkeydns"] = "no",
        ["addressfamily"] = "any",
        ["pkcs11provider"] = "none",
        ["securitykeyprovider"] = "internal",
        ["bindaddress"] = string.Empty,
        ["bindinterface"] = string.Empty,
        ["hostkeyalgorithms"] = string.Empty,
        ["kexalgorithms"] = string.Empty,
        ["ciphers"] = string.Empty,
        ["macs"] = string.Empty,
        ["pubkeyacceptedalgorithms"] = string.Empty,
        ["casignaturealgorithms"] = string.Empty,
        ["requiredrsasize"] = string.Empty,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private const int LongestValue = 64 * 1024;

    private readonly Dictionary<string, SshConfigLine> _first = new(StringComparer.Ordinal);
    private readonly List<string> _identities = [];
    private readonly List<string> _certificates = [];
    private readonly List<string> _warnings = [];

    /// <summary>The host as the user named it.</summary>
    public string Host => host;

    /// <summary>How many files have been read, a file that is included twice counted twice.</summary>
    public int FileCount { get; set; }

    /// <summary>Takes the user's home for a leading <c>~</c>.</summary>
    public static string Home(string path, string home) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? home + path[1..] : path;

    /// <summary>Whether a Host line speaks of this host.</summary>
    public bool IsHost(SshConfigLine line) => Glob.Matches(line.Arguments, host);

    /// <summary>Whether a Match line does. Criteria that run a program or ask the network are not supported, and then do not.</summary>
    public bool Matches(SshConfigLine line)
    {
        bool fits = !line.Arguments.IsEmpty;
        for (int i = 0; i < line.Arguments.Length; i++)
        {
            bool wanted = !line.Arguments[i].StartsWith('!');
            string criterion = line.Arguments[i].TrimStart('!').ToUpperInvariant();
            if (criterion == "ALL")
            {
                continue;
            }

            string? subject = criterion switch
            {
                "HOST" => Address,
                "ORIGINALHOST" => host,
                "USER" => user ?? Value("user") ?? Environment.UserName,
                "LOCALUSER" => Environment.UserName,
                _ => null,
            };
            if (subject is null || ++i == line.Arguments.Length)
            {
                Warn($"{line}: this Match is not supported ({criterion.ToUpperInvariant()}), so its settings are not heeded");
                return false;
            }

            fits &= Glob.Matches(line.Arguments[i].Split(','), subject) == wanted;
        }

        return fits;
    }

    /// <summary>Takes a setting that counts for this host.</summary>
    /// <exception cref="MigrationException"><c>SshConfigUnusable</c> if it has no value.</exception>
    public void Take(SshConfigLine line)
    {
        if (line.Arguments is not [var value, ..])
        {
            throw Failures.SshConfigUnusable(host, line.ToString(), $"'{line.Keyword}' has no value");
        }

        switch (line.Keyword)
        {
            case "identityfile":
                _identities.Add(value);
                break;
            case "certificatefile":
                _certificates.Add(value);
                break;
            // Of the two ways through something else the first that is said counts.
            case "proxycommand" when _first.ContainsKey("proxyjump"):
            case "proxyjump" when _first.ContainsKey("proxycommand"):
                break;
            // ssh's times do not distinguish this from nothing said: what a later line says still counts.
            case "connecttimeout" or "serveraliveinterval" when value == "none":
                break;
            default:
                if (_first.TryAdd(line.Keyword, line) && Missed.TryGetValue(line.Keyword, out string? harmless)
                    && !value.Equals(harmless, StringComparison.OrdinalIgnoreCase))
                {
                    Warn($"{line}: '{line.Keyword}' is not supported and is not heeded");
                }

                break;
        }
    }

    /// <summary>Notes what is not heeded, once.</summary>
    public void Warn(string text)
    {
        if (!_warnings.Contains(text))
        {
            _warnings.Add(text);
        }
    }

    /// <summary>What counts, when all files have been read.</summary>
    /// <exception cref="MigrationException"><c>SshConfigUnusable</c> if a value makes no sense.</exception>
    public HostSettings Settings() => new()
    {
        HostName = Address,
        Port = Port,
        User = user ?? Value("user"),
        IdentityFiles = [.. _identities.Where(file => file != "none").Select(Expand).Distinct(StringComparer.Ordinal)],
        CertificateFiles = [.. _certificates.Where(file => file != "none").Select(Expand)],
        IdentitiesOnly = IsYes("identitiesonly"),
        IdentityAgent = Value("identityagent") is { } agent && agent != "SSH_AUTH_SOCK" ? Variable(Expand(agent)) : null,
        ProxyJump = Value("proxyjump") is { } jumps && !jumps.Equals("none", StringComparison.OrdinalIgnoreCase)
            ? [.. Expand(jumps).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] : [],
        HostKeyAlias = Value("hostkeyalias") is { } alias ? Expand(alias) : null,
        UserKnownHostsFiles = Files("userknownhostsfile"),
        GlobalKnownHostsFiles = Files("globalknownhostsfile"),
        AcceptHostKey = AcceptHostKey(),
        HashKnownHosts = IsYes("hashknownhosts"),
        ConnectTimeout = Time("connecttimeout"),
        ServerAliveInterval = Time("serveraliveinterval"),
        Warnings = [.. _warnings],
    };

    /// <summary>HostName knows only the name that was asked for; everything else knows what comes of it.</summary>
    private string Address => Value("hostname") is not { } given ? host
        : Tokens(given, token => token == 'h' ? host : null) is var name && HostNameRule.IsName(name) ? name
        : throw Failures.SshConfigUnusable(host, _first["hostname"].ToString(), $"'{name}' is no name of a host");

    private int? Port => port ?? (Value("port") is not { } text ? null
        : ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0 ? number
        : throw Senseless("port", text));

    private HostKeyAcceptance? AcceptHostKey()
    {
        switch (Value("stricthostkeychecking")?.ToUpperInvariant())
        {
            case null or "ASK":
                return null;
            case "YES" or "TRUE":
                return HostKeyAcceptance.Never;
            case "ACCEPT-NEW":
                return HostKeyAcceptance.New;
            default:
                Warn($"{_first["stricthostkeychecking"]}: a host whose key has changed is refused all the same; only new keys are accepted");
                return HostKeyAcceptance.New;
        }
    }

    private ImmutableArray<string> Files(string keyword) => _first.TryGetValue(keyword, out SshConfigLine? line)
        ? [.. line.Arguments.Where(file => file != "none").Select(Expand)] : [];

    private string? Value(string keyword) => _first.TryGetValue(keyword, out SshConfigLine? line) ? line.Arguments[0] : null;

    private bool IsYes(string keyword) => Value(keyword)?.ToUpperInvariant() is "YES" or "TRUE";

    private TimeSpan? Time(string keyword) =>
        Value(keyword) is not { } text ? null : SshTime.TryParse(text) ?? throw Senseless(keyword, text);

    private MigrationException Senseless(string keyword, string text) =>
        Failures.SshConfigUnusable(host, _first[keyword].ToString(), $"'{text}' is no value for '{keyword}'");

    private string Expand(string text) => Home(
        Tokens(text, token => token switch
        {
            'h' => Address,
            'n' => host,
            'p' => (Port ?? 22).ToString(CultureInfo.InvariantCulture),
            'r' => user ?? Value("user") ?? Environment.UserName,
            'u' => Environment.UserName,
            'd' => home,
            'k' => Value("hostkeyalias") ?? host,
            'L' => Environment.MachineName.Split('.')[0],
            'l' => Environment.MachineName,
            _ => null,
        }),
        home);

    /// <summary>An agent's address may be an environment variable's name: <c>$NAME</c>.</summary>
    private static string? Variable(string text) =>
        text.StartsWith('$') ? Environment.GetEnvironmentVariable(text[1..].Trim('{', '}')) : text;

    /// <summary>Replaces tokens: ssh_config(5), TOKENS.</summary>
    private string Tokens(string text, Func<char, string?> meaning)
    {
        var replaced = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (replaced.Length > LongestValue)
            {
                throw Failures.SshConfigUnusable(host, $"'{text[..100]}...'", $"with its tokens replaced it has more than {LongestValue} characters");
            }

            if (text[i] != '%')
            {
                replaced.Append(text[i]);
                continue;
            }

            char token = ++i < text.Length ? text[i] : '\0';
            replaced.Append(token == '%' ? "%" : meaning(token)
                ?? throw Failures.SshConfigUnusable(host, $"'{text}'", $"the token '%{(token == '\0' ? string.Empty : token)}' is not known here"));
        }

        return replaced.ToString();
    }
}
