using TrafficMigration.Traffic;

namespace TrafficMigration.Prometheus;

/// <summary>What a Prometheus server told of the VMs' traffic.</summary>
/// <param name="VirtualMachines">Running VMs, by host and name.</param>
/// <param name="Problems">
/// An error for each host without rates: <c>PrometheusNoData</c>, <c>PrometheusWindowTooShort</c>, <c>LibvirtUnavailable</c>.
/// </param>
/// <param name="Warnings">What the server warned of, for example that a part of a cluster did not answer.</param>
public sealed record PrometheusMeasurement(
    IReadOnlyList<VMTrafficRate> VirtualMachines, IReadOnlyList<MigrationException> Problems, IReadOnlyList<string> Warnings);

/// <summary>The traffic of VMs from a Prometheus server that scrapes libvirt exporters on their hosts.</summary>
/// <remarks>
/// <para>
/// The rates are of the same definitions as those measured over SSH, but less is known: an exporter does not tell by
/// which uplink an interface's traffic leaves, or whether it leaves the host at all. So Tx and Rx are all that a VM sends
/// and receives: upper bounds of what the migration's uplink carries. What is local or goes elsewhere, the host's own
/// traffic, the link's speed, disks and what post-copy needs are <see langword="null"/>.
/// </para>
/// <para>
/// SampledAt is the time of the last scrape; Window lies between the VM's first and last scrape that count, by the
/// server's clock. A counter that went back was reset: that interval does not count.
/// </para>
/// </remarks>
public static class PrometheusSource
{
    /// <summary>Reads the rates of a window that ends now.</summary>
    /// <param name="server">The server.</param>
    /// <param name="hosts">The hosts, by the <c>instance</c> label without its port; empty means all.</param>
    /// <param name="window">Length of the window; it must span at least two scrapes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MigrationException">
    /// <c>PrometheusUriInvalid</c>, <c>PrometheusUnreachable</c>, <c>PrometheusNotTrusted</c>, <c>PrometheusTimeout</c>,
    /// <c>PrometheusAccessDenied</c>, <c>PrometheusRefused</c>, <c>PrometheusAnswerTooLarge</c>,
    /// <c>PrometheusAnswerNotUnderstood</c>, <c>PrometheusNoData</c> if no hosts are named and there are none.
    /// </exception>
    public static async Task<PrometheusMeasurement> MeasureAsync(
        PrometheusServer server, IReadOnlyCollection<string> hosts, TimeSpan window, CancellationToken cancellationToken)
    {
        using SocketsHttpHandler network = PrometheusClient.NetworkHandler();
        using var client = new PrometheusClient(server, network);
        return await MeasureAsync(client, server.Name, hosts, window, cancellationToken);
    }

    /// <summary>As the other, by a client that a test made.</summary>
    internal static async Task<PrometheusMeasurement> MeasureAsync(
        PrometheusClient client, string server, IReadOnlyCollection<string> hosts, TimeSpan window, CancellationToken cancellationToken)
    {
        string[] asked = [.. hosts.Distinct(StringComparer.OrdinalIgnoreCase)];
        PrometheusAnswer now = await client.QueryAsync(ExporterMetrics.QueryNow(asked), null, cancellationToken);
        IReadOnlyList<ScrapedHost> found = ScrapedHost.From(now.Series, asked);
        if (asked.Length == 0 && found.Count == 0)
        {
            throw Failures.PrometheusNoData(server, null);
        }

        string[] warnings = [.. now.Warnings];
        ScrapedRates rates = new([]);
        if (found.Any(h => h.VirtualMachines.Count > 0))
        {
            // The window ends when the server said what runs now, whatever the clock here says.
            double moment = now.Series[0].Values[0].Milliseconds / 1000.0;
            PrometheusAnswer counters = await client.QueryAsync(ExporterMetrics.QueryWindow(asked, window), moment, cancellationToken);
            rates = new ScrapedRates(counters.Series);
            warnings = [.. warnings.Union(counters.Warnings)];
        }

        var virtualMachines = new List<VMTrafficRate>();
        var problems = new List<MigrationException>();
        foreach (ScrapedHost host in found)
        {
            if (!host.LibvirtAnswers)
            {
                problems.Add(Failures.LibvirtUnavailable(host.Name, "its libvirt exporter reports libvirt_up 0"));
                continue;
            }

            ScrapedVM[] running = [.. host.VirtualMachines.Where(vm => vm.Running)];
            VMTrafficRate[] measured = [.. running.Select(rates.Of).OfType<VMTrafficRate>()];
            virtualMachines.AddRange(measured);
            if (running.Length > 0 && measured.Length == 0)
            {
                problems.Add(Failures.PrometheusWindowTooShort(server, host.Name, window));
            }
        }

        string[] missing = [.. asked.Except(found.Select(h => h.Name), StringComparer.OrdinalIgnoreCase)];
        problems.AddRange(missing.Select(h => Failures.PrometheusNoData(server, h)));
        return new PrometheusMeasurement(virtualMachines, problems, warnings);
    }
}
