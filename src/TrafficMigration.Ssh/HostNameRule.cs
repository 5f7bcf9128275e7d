namespace TrafficMigration.Ssh;

/// <summary>What a host may be called.</summary>
/// <remarks>
/// A name is resolved, stands in the URI by which one libvirt finds the other (where <c>/</c>, <c>?</c>, <c>%</c> and
/// <c>@</c> mean something), and is an argument of ssh there (where a leading <c>-</c> does). So it is stricter than
/// OpenSSH, which refuses what a shell or an option could take for its own.
/// </remarks>
internal static class HostNameRule
{
    // DNS ends at 253; the user's own names in ssh_config need no more.
    private const int Longest = 255;

    /// <summary>Whether it is a name, or an address.</summary>
    public static bool IsName(string text)
    {
        bool isIPv6 = text.Contains(':', StringComparison.Ordinal);
        return text.Length is > 0 and <= Longest && text[0] is not ('-' or '.')
            // A per cent sign only in front of the link that an IPv6 address is valid on.
            && text.All(c => char.IsLetterOrDigit(c) || c is '-' or '.' or '_' or ':' || (c == '%' && isIPv6));
    }
}
