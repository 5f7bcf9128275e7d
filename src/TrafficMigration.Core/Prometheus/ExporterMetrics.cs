using System.Globalization;
using System.Text;

namespace TrafficMigration.Prometheus;

/// <summary>The names that libvirt exporters give to what is needed here, and the queries for them.</summary>
/// <remarks>
/// <para>
/// The exporters that are known descend from one (kumina/libvirt_exporter) and kept its names of counters. Tried
/// against a real libvirtd: Debian's <c>prometheus-libvirt-exporter</c> 0.2.0, which is kumina's. By their sources only:
/// Tinkoff/libvirt-exporter, inovex/prometheus-libvirt-exporter, zhangjianweibj/prometheus-libvirt-exporter.
/// </para>
/// <para>
/// Directions are the guest's in all of them: they pass on what libvirt says of a domain's interface, and libvirt
/// turns the tap device's counters round. With a flow out of a guest of 20 Mbit/s, Debian's showed 20 Mbit/s of
/// <c>transmit</c> while the kernel counted it as received by the tap device.
/// </para>
/// </remarks>
internal static class ExporterMetrics
{
    public const string Up = "libvirt_up";
    public const string TransmitBytes = "libvirt_domain_interface_stats_transmit_bytes_total";
    public const string ReceiveBytes = "libvirt_domain_interface_stats_receive_bytes_total";
    public const string TransmitPackets = "libvirt_domain_interface_stats_transmit_packets_total";
    public const string ReceivePackets = "libvirt_domain_interface_stats_receive_packets_total";

    /// <summary>Memory that the guest has now, bytes.</summary>
    public const string Memory = "libvirt_domain_info_memory_usage_bytes";

    public const string VCpus = "libvirt_domain_info_virtual_cpus";

    /// <summary>Labels only: Tinkoff's has the VM's <c>uuid</c> here and nowhere else.</summary>
    public const string Meta = "libvirt_domain_info_meta";

    /// <summary>A VM's state as a number of libvirt's: kumina's and zhangjianweibj's, Tinkoff's, inovex'.</summary>
    public static readonly IReadOnlyList<string> State =
        ["libvirt_domain_state_code", "libvirt_domain_info_vstate", "libvirt_domain_info_state"];

    /// <summary>Memory of the host that the VM's process holds, bytes: Tinkoff's and inovex'; kumina's has none.</summary>
    public static readonly IReadOnlyList<string> Resident = ["libvirt_domain_memory_stats_rss_bytes"];

    /// <summary>All that tells which VMs run now and what they are.</summary>
    /// <param name="hosts">The hosts; empty means all.</param>
    public static string QueryNow(IReadOnlyCollection<string> hosts) =>
        Selector([Up, TransmitBytes, Memory, VCpus, Meta, .. State, .. Resident], hosts);

    /// <summary>The interfaces' counters as they were scraped within a window.</summary>
    /// <param name="hosts">The hosts; empty means all.</param>
    /// <param name="window">The window, of at least a second.</param>
    public static string QueryWindow(IReadOnlyCollection<string> hosts, TimeSpan window) =>
        Selector([TransmitBytes, ReceiveBytes, TransmitPackets, ReceivePackets], hosts)
            + string.Create(CultureInfo.InvariantCulture, $"[{(long)window.TotalMilliseconds}ms]");

    private static string Selector(IEnumerable<string> names, IReadOnlyCollection<string> hosts)
    {
        string wanted = $"__name__=~{Quote(string.Join('|', names))}";
        if (hosts.Count > 0)
        {
            // Host names know no case. An IPv6 address stands in brackets where a port follows.
            string any = string.Join('|', hosts.Select(Literal));
            wanted += $",instance=~{Quote($@"(?i)\[?(?:{any})\]?(?::[0-9]+)?")}";
        }

        return "{" + wanted + "}";
    }

    /// <summary>Text that a regular expression of RE2 takes to the letter: it refuses a backslash before letters and blanks.</summary>
    private static string Literal(string text)
    {
        var escaped = new StringBuilder();
        foreach (char c in text)
        {
            if (char.IsAscii(c) && char.IsPunctuation(c) || char.IsAscii(c) && char.IsSymbol(c))
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }

    /// <summary>A string of PromQL.</summary>
    private static string Quote(string text) => '"' + text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal) + '"';
}
