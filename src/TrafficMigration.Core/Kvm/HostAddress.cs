using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>A host as users of SSH name it: <c>[user@]host[:port]</c>.</summary>
/// <param name="HostName">Name or address alone; an IPv6 address without brackets.</param>
/// <param name="UserName">Login name; <see langword="null"/> where none is said.</param>
/// <param name="Port">TCP port; <see langword="null"/> where none is said.</param>
public sealed record HostAddress(string HostName, string? UserName, int? Port)
{
    /// <summary>Reads what a user wrote; <see langword="null"/> if it names no host.</summary>
    /// <remarks>
    /// Several colons are an IPv6 address: <c>::1</c> is one without a port, which is <c>[::1]:22</c> with one. A login
    /// name may hold <c>@</c>, as a directory's do; a host's cannot.
    /// </remarks>
    public static HostAddress? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.LastIndexOf('@');
        string? user = at < 0 ? null : text[..at];
        string rest = text[(at + 1)..];
        (string host, string port) = rest.StartsWith('[') && rest.IndexOf(']', StringComparison.Ordinal) is var end and > 0
            && (end + 1 == rest.Length || rest[end + 1] == ':')
                ? (rest[1..end], rest[(end + 1)..].TrimStart(':'))
            : rest.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 && colon == rest.LastIndexOf(':')
                ? (rest[..colon], rest[(colon + 1)..])
            : (rest, string.Empty);
        ushort number = 0;
        bool isHost = host.Length > 0 && user is not "" && !text.Contains('/', StringComparison.Ordinal)
            && !(host.StartsWith('[') && host.Contains(':', StringComparison.Ordinal))
            && (port.Length == 0 || (ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0));
        return isHost ? new HostAddress(host, user, number == 0 ? null : number) : null;
    }

    /// <summary>Reads what a user wrote.</summary>
    /// <exception cref="MigrationException"><c>HostNameInvalid</c>.</exception>
    public static HostAddress Parse(string text) => TryParse(text) ?? throw Failures.HostNameInvalid(text);

    /// <summary>Gives a name that stands for a host wherever it is used, on other hosts and in plans too: one without user and port.</summary>
    /// <param name="parameter">What the name was given for, for the message.</param>
    /// <param name="text">The name.</param>
    /// <exception cref="MigrationException"><c>HostNameNotPlain</c>, <c>HostNameInvalid</c>.</exception>
    public static string Plain(string parameter, string text) =>
        Parse(text).HostName is var host && host == text ? text : throw Failures.HostNameNotPlain(parameter, text, host);
}
