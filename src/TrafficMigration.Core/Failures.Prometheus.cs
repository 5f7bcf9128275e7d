namespace TrafficMigration;

/// <content>Errors of the rates that a Prometheus server gives.</content>
public static partial class Failures
{
    private const string NothingMeasured = "Nothing was measured.";

    /// <summary>The server's address cannot be used.</summary>
    /// <param name="problem">What is wrong with it; never the address itself, which may hold a password.</param>
    public static MigrationException PrometheusUriInvalid(string problem) => Make(
        nameof(PrometheusUriInvalid), FailureKind.InvalidInput, null, null, null,
        $"The address in -PrometheusUri cannot be used: {Sentence(problem)} {NothingMeasured} Give it like http://mon:9090, or https://mon.example.org/prometheus; a user name and password go into -Credential.");

    /// <summary>Parameters of measuring over SSH were given together with a Prometheus server.</summary>
    public static MigrationException PrometheusParameterUnused(IEnumerable<string> parameters) => Make(
        nameof(PrometheusParameterUnused), FailureKind.InvalidInput, null, null, null,
        $"With -PrometheusUri these parameters have no meaning: {string.Join(", ", parameters.Select(p => "-" + p))}. {NothingMeasured} Leave them out; -Window says over how many seconds the rates are.");

    /// <summary>No connection to the server could be made, or it broke.</summary>
    public static MigrationException PrometheusUnreachable(string server, string reason, Exception? cause = null) => Make(
        nameof(PrometheusUnreachable), FailureKind.Connection, server, null, cause,
        $"The Prometheus server '{server}' cannot be reached: {Sentence(reason)} {NothingMeasured} Check the address and port, that the server is up, and any firewall or proxy between.");

    /// <summary>TLS with the server failed: most often its certificate is not trusted here.</summary>
    public static MigrationException PrometheusNotTrusted(string server, string reason, Exception? cause = null) => Make(
        nameof(PrometheusNotTrusted), FailureKind.Security, server, null, cause,
        $"The Prometheus server '{server}' gave no TLS connection that can be trusted: {Sentence(reason)} {NothingMeasured} Check that it speaks https on that port, and that its certificate is for this name and from an authority that this machine trusts.");

    /// <summary>The server did not answer in time.</summary>
    public static MigrationException PrometheusTimeout(string server, TimeSpan limit, Exception? cause = null) => Make(
        nameof(PrometheusTimeout), FailureKind.Timeout, server, null, cause,
        $"The Prometheus server '{server}' was silent for {Seconds(limit)} s while it was asked for the VMs' counters. {NothingMeasured} Ask for fewer hosts or a shorter -Window; -ConnectTimeout allows more time.");

    /// <summary>The server, or a proxy before it, wants another login.</summary>
    public static MigrationException PrometheusAccessDenied(string server, string said, string? user) => Make(
        nameof(PrometheusAccessDenied), FailureKind.Authentication, server, null, null,
        $"The Prometheus server '{server}' refused the query {(user is null ? "without a login" : $"of user '{user}'")}: {Sentence(said)} {NothingMeasured} Check -Credential (basic authentication) and the user's rights there.");

    /// <summary>The server answered the query with an error, or sent elsewhere.</summary>
    public static MigrationException PrometheusRefused(string server, string said) => Make(
        nameof(PrometheusRefused), FailureKind.Failed, server, null, null,
        $"The Prometheus server '{server}' did not answer the query for the VMs' counters: {Sentence(said)} {NothingMeasured} Check that the address is the server's own, path included: its API is expected at api/v1/query below it. A redirect is not followed.");

    /// <summary>The server's answer is not one of Prometheus' API.</summary>
    public static MigrationException PrometheusAnswerNotUnderstood(string server, string detail) => Make(
        nameof(PrometheusAnswerNotUnderstood), FailureKind.InvalidAnswer, server, null, null,
        $"The server '{server}' gave an answer that is none of Prometheus' API: {Sentence(detail)} {NothingMeasured} Check that the address is that of Prometheus and not of a login page or another service.");

    /// <summary>The server's answer is larger than is read.</summary>
    public static MigrationException PrometheusAnswerTooLarge(string server, long limitBytes) => Make(
        nameof(PrometheusAnswerTooLarge), FailureKind.InvalidAnswer, server, null, null,
        $"The Prometheus server '{server}' answered with more than {limitBytes >> 20} MiB, and no more is read. {NothingMeasured} Name fewer hosts in -HostName, or give a shorter -Window.");

    /// <summary>The server has no metrics of a libvirt exporter now: none at all, or none of one host.</summary>
    public static MigrationException PrometheusNoData(string server, string? host) => Make(
        nameof(PrometheusNoData), FailureKind.NotFound, host ?? server, null, null,
        host is null
            ? $"The Prometheus server '{server}' has no metrics of a libvirt exporter now (libvirt_up). {NothingMeasured} Check under Status > Targets there that it scrapes prometheus-libvirt-exporter on the KVM hosts, and that the targets are up."
            : $"The Prometheus server '{server}' has no metrics of a libvirt exporter on host '{host}' now. This host was not measured. Check under Status > Targets there that the host's target is up, and that its label 'instance' is '{host}' with or without a port.");

    /// <summary>No VM of a host was scraped twice within the window.</summary>
    public static MigrationException PrometheusWindowTooShort(string server, string host, TimeSpan window) => Make(
        nameof(PrometheusWindowTooShort), FailureKind.Unavailable, host, null, null,
        $"The Prometheus server '{server}' has no two samples of any VM on host '{host}' within the last {Seconds(window)} s, so there is no rate. This host was not measured. Give a -Window of at least two scrape intervals; VMs started just now need two scrapes.");

    /// <summary>No running VM of that name has a rate.</summary>
    public static MigrationException PrometheusVMNotFound(string server, string vm) => Make(
        nameof(PrometheusVMNotFound), FailureKind.NotFound, null, vm, null,
        $"The Prometheus server '{server}' gave no rate of a running VM '{vm}' on the hosts asked for. This VM was not measured. Check the name and that the VM runs ('virsh list --all' on its host); one started just now needs two scrapes.");
}
