using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace TrafficMigration.Preflight;

/// <summary>What qemu.conf says about migrations; libvirt's defaults where it says nothing or cannot be read.</summary>
/// <param name="FirstPort">First port of the memory streams.</param>
/// <param name="LastPort">Last port of the memory streams.</param>
/// <param name="ListenAddress">The only address that QEMU listens on for them; <see langword="null"/> for all.</param>
/// <param name="SharedFolders">Folders that the administrator declares shared though their file system does not look so (<c>shared_filesystems</c>).</param>
/// <param name="HugetlbfsIsOff">The administrator switched huge pages off (<c>hugetlbfs_mount = ""</c>).</param>
internal sealed record QemuSettings(int FirstPort, int LastPort, string? ListenAddress, IReadOnlyList<string> SharedFolders, bool HugetlbfsIsOff)
{
    /// <summary>Reads the lines of qemu.conf that matter.</summary>
    /// <remarks>Keys and defaults: libvirt's qemu.conf, where each is described.</remarks>
    public static QemuSettings Parse(string text)
    {
        int Port(string key, int otherwise) =>
            Regex.Match(text, $@"^\s*{key}\s*=\s*(\d{{1,5}})", RegexOptions.Multiline) is { Success: true } m ? int.Parse(m.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture) : otherwise;
        string? Text(string key) =>
            Regex.Match(text, $@"^\s*{key}\s*=\s*""([^""]*)""", RegexOptions.Multiline) is { Success: true } m ? m.Groups[1].Value : null;
        Match shared = Regex.Match(text, @"^\s*shared_filesystems\s*=\s*\[([^\]]*)\]", RegexOptions.Multiline);
        return new QemuSettings(
            Port("migration_port_min", 49152), Port("migration_port_max", 49215),
            Text("migration_address") is { Length: > 0 } address && !IsEveryAddress(address) ? address : null,
            [.. Regex.Matches(shared.Groups[1].Value, "\"([^\"]+)\"").Select(m => m.Groups[1].Value.TrimEnd('/'))],
            Text("hugetlbfs_mount") is { Length: 0 });
    }

    private static bool IsEveryAddress(string address) =>
        IPAddress.TryParse(address.Trim('[', ']'), out IPAddress? parsed) && (parsed.Equals(IPAddress.Any) || parsed.Equals(IPAddress.IPv6Any));

    /// <summary>Whether a file lies in a folder that the administrator declares shared.</summary>
    public bool IsShared(string path) => SharedFolders.Any(f => path.StartsWith(f + "/", StringComparison.Ordinal));
}
