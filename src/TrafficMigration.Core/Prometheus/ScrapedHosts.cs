namespace TrafficMigration.Prometheus;

/// <summary>A VM that an exporter shows now.</summary>
/// <param name="Host">Its host, as the user named it or else by the <c>instance</c> label without the port.</param>
/// <param name="Name">Its name.</param>
/// <param name="Series">What the exporter says of it now.</param>
internal sealed record ScrapedVM(string Host, string Name, IReadOnlyList<PrometheusSeries> Series)
{
    // libvirt's numbers: running, and blocked on a resource, which is running too.
    private static readonly double[] RunningStates = [1, 2];

    /// <summary>
    /// Whether it runs. Some exporters show VMs that are shut off, too; one that tells no state shows active VMs only,
    /// but a VM without counters is then not known to be one.
    /// </summary>
    public bool Running => Gauge(ExporterMetrics.State) is double state ? RunningStates.Contains(state) : Interfaces.Count > 0;

    /// <summary>libvirt's UUID, where the exporter has it.</summary>
    public string? Id => Series.Select(s => s.Label("uuid")).FirstOrDefault(id => id is not null);

    /// <summary>
    /// The interfaces that have counters now, each by the labels of its series. What comes more than once, from two
    /// jobs or from two servers of a cluster, counts once: the one that is first by its labels, for all interfaces alike.
    /// </summary>
    public IReadOnlyList<string> Interfaces { get; } =
    [
        .. Series.Where(s => s.Name == ExporterMetrics.TransmitBytes)
            .GroupBy(s => s.Label("target_device"), s => s.Identity, StringComparer.Ordinal)
            .Select(same => same.Min(StringComparer.Ordinal)!),
    ];

    /// <summary>The value now of a metric by one of its names; <see langword="null"/> where it has none that is a number.</summary>
    public double? Gauge(IReadOnlyList<string> names) => Series
        .Where(s => names.Contains(s.Name) && s.Values.Count > 0 && double.IsFinite(s.Values[^1].Value))
        .OrderBy(s => s.Identity, StringComparer.Ordinal)
        .Select(s => (double?)s.Values[^1].Value)
        .FirstOrDefault();
}

/// <summary>A host that an exporter reports of now.</summary>
/// <param name="Name">The host, as the user named it or else by the <c>instance</c> label without the port.</param>
/// <param name="LibvirtAnswers">Whether libvirt answered the exporter.</param>
/// <param name="VirtualMachines">Its VMs.</param>
internal sealed record ScrapedHost(string Name, bool LibvirtAnswers, IReadOnlyList<ScrapedVM> VirtualMachines)
{
    /// <summary>Sorts what the exporters say now by host and VM.</summary>
    /// <param name="series">The series.</param>
    /// <param name="asked">The hosts as the user named them; empty means all.</param>
    public static IReadOnlyList<ScrapedHost> From(IEnumerable<PrometheusSeries> series, IReadOnlyCollection<string> asked)
    {
        var spelled = asked.ToDictionary(h => h, StringComparer.OrdinalIgnoreCase);
        return
        [
            .. series
                .Select(s => (Host: HostOf(s), Series: s))
                .Where(s => s.Host is not null && (asked.Count == 0 || spelled.ContainsKey(s.Host)))
                .GroupBy(s => spelled.GetValueOrDefault(s.Host!, s.Host!), s => s.Series, StringComparer.OrdinalIgnoreCase)
                .OrderBy(h => h.Key, StringComparer.OrdinalIgnoreCase)
                .Select(h => Of(h.Key, [.. h])),
        ];
    }

    private static ScrapedHost Of(string host, PrometheusSeries[] series)
    {
        PrometheusSeries[] up = [.. series.Where(s => s.Name == ExporterMetrics.Up && s.Values.Count > 0)];
        return new ScrapedHost(
            host,
            up.Length == 0 || up.Any(s => s.Values[^1].Value == 1),
            [
                .. series.Where(s => s.Label("domain") is not null)
                    .GroupBy(s => s.Label("domain")!, StringComparer.Ordinal)
                    .OrderBy(vm => vm.Key, StringComparer.Ordinal)
                    .Select(vm => new ScrapedVM(host, vm.Key, [.. vm])),
            ]);
    }

    /// <summary>The <c>instance</c> label without the port, and an IPv6 address without its brackets.</summary>
    private static string? HostOf(PrometheusSeries series)
    {
        string? instance = series.Label("instance");
        if (instance is null)
        {
            return null;
        }

        int colon = instance.LastIndexOf(':');
        bool port = colon > 0 && colon < instance.Length - 1 && instance.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0
            // Without brackets, a second colon makes it an address of IPv6 and no port.
            && (instance[0] == '[' ? instance[colon - 1] == ']' : instance.IndexOf(':', StringComparison.Ordinal) == colon);
        string host = port ? instance[..colon] : instance;
        return host.Length > 2 && host[0] == '[' && host[^1] == ']' ? host[1..^1] : host;
    }
}
