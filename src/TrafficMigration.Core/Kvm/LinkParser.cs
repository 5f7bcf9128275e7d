using System.Globalization;
using System.Net;
using System.Text.Json;

namespace TrafficMigration.Kvm;

/// <summary>Reads what iproute2 prints with <c>-json</c>, and what sysfs knows beside it.</summary>
internal static class LinkParser
{
    /// <summary>The links of <c>ip -details -json addr show</c>.</summary>
    /// <param name="json">What ip printed.</param>
    /// <param name="sysfs">A line a link: name, speed in Mbit/s, duplex, 1 if hardware is behind it; <c>-</c> where not told.</param>
    public static IReadOnlyDictionary<string, LinkFacts> Links(string json, IReadOnlyList<string> sysfs)
    {
        using var document = JsonDocument.Parse(json);
        Dictionary<string, LinkFacts> links = document.RootElement.EnumerateArray()
            .Where(e => e.TryGetProperty("ifname", out _)) // ip prints {} for a link that vanished meanwhile
            .Select(Link)
            .ToDictionary(l => l.Name, StringComparer.Ordinal);
        foreach (string[] words in sysfs.Select(line => line.Split(' ')))
        {
            if (words.Length != 4)
            {
                throw new FormatException($"'{string.Join(' ', words)}' does not describe a link");
            }

            if (links.TryGetValue(words[0], out LinkFacts? link))
            {
                links[words[0]] = link with
                {
                    // -1, or no answer, where the driver does not know.
                    BitsPerSecond = long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long mbps) && mbps is > 0 and < uint.MaxValue
                        ? mbps * 1_000_000
                        : null,
                    Duplex = words[2] is "full" or "half" ? words[2] : null,
                    HasDevice = words[3] == "1",
                };
            }
        }

        return links;
    }

    /// <summary>The link of the first entry of <c>ip -json route</c> (<c>dev</c>) or <c>ip -json addr</c> (<c>ifname</c>).</summary>
    public static string? RouteLink(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateArray()
            .Select(e => Text(e, "dev") ?? Text(e, "ifname"))
            .FirstOrDefault(name => name is not null);
    }

    private static LinkFacts Link(JsonElement element)
    {
        JsonElement? info = element.TryGetProperty("linkinfo", out JsonElement found) ? found : null;
        // A parent in another network namespace is the far end of a veth, not something of this host.
        string? parent = element.TryGetProperty("link_netnsid", out _) ? null : Text(element, "link");
        if (parent is null && info is { } i && i.TryGetProperty("info_data", out JsonElement data) && data.ValueKind == JsonValueKind.Object)
        {
            parent = Text(data, "link"); // vxlan
        }

        return new LinkFacts(
            element.GetProperty("ifname").GetString()!,
            element.GetProperty("ifindex").GetInt32(),
            info is { } kind ? Text(kind, "info_kind") : null,
            Text(element, "master"),
            parent,
            element.TryGetProperty("mtu", out JsonElement mtu) ? mtu.GetInt32() : 0,
            [.. Addresses(element)]);
    }

    private static IEnumerable<IPAddress> Addresses(JsonElement link) =>
        link.TryGetProperty("addr_info", out JsonElement list)
            ? list.EnumerateArray()
                .Select(a => IPAddress.TryParse(Text(a, "local"), out IPAddress? address) ? address : null)
                .OfType<IPAddress>()
            : [];

    private static string? Text(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
