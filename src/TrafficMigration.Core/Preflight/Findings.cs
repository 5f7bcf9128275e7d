using TrafficMigration.Planning;
using static TrafficMigration.Preflight.FindingSeverity;

namespace TrafficMigration.Preflight;

/// <summary>Every finding of the pre-flight: its name is the check, its text says what was found and what to do.</summary>
internal static partial class Findings
{
    /// <summary>A host that cannot be reached or asked.</summary>
    public static PreflightFinding HostFailed(string host, MigrationException cause) => new()
    {
        Severity = Error,
        Check = cause.ErrorId,
        HostName = host,
        Message = cause.Message,
        Remedy = $"Make '{host}' reachable and its libvirt answer, then check again.",
    };

    private static PreflightFinding OfVM(
        FindingSeverity severity, string check, VMMigrationPlan plan, string host, string message, string remedy) => new()
        {
            Severity = severity,
            Check = check,
            VMName = plan.VMName,
            HostName = host,
            Source = plan.Source,
            Destination = plan.Destination,
            Message = message,
            Remedy = remedy,
        };

    private static PreflightFinding OfPair(
        FindingSeverity severity, string check, string source, string destination, string host, string message, string remedy) => new()
        {
            Severity = severity,
            Check = check,
            HostName = host,
            Source = source,
            Destination = destination,
            Message = message,
            Remedy = remedy,
        };

    private static PreflightFinding OfDestination(FindingSeverity severity, string check, string host, string message, string remedy) =>
        new() { Severity = severity, Check = check, HostName = host, Destination = host, Message = message, Remedy = remedy };

    private static string Gibibytes(long bytes) => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.0} GiB");

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(n => $"'{n}'"));
}
