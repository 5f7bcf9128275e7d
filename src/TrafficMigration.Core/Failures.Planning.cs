namespace TrafficMigration;

/// <content>Errors of planning.</content>
public static partial class Failures
{
    private const string NothingPlanned = "Nothing was planned.";

    /// <summary>No VM came in.</summary>
    public static MigrationException NoVMToPlan() => Make(
        nameof(NoVMToPlan), FailureKind.InvalidInput, null, null, null,
        $"No VM to plan for: no traffic rate came in. {NothingPlanned} Pipe the output of Get-VMTrafficRate, or a CSV with HostName, VMName, TxBitsPerSecond and RxBitsPerSecond.");

    /// <summary>A rate is missing, negative, not a number or absurd.</summary>
    public static MigrationException RateInvalid(string? host, string? vm, string property, string problem) => Make(
        nameof(RateInvalid), FailureKind.InvalidInput, host, vm, null,
        $"{property} of VM '{vm}' on host '{host}' cannot be used: {Sentence(problem)} {NothingPlanned} Measure again, or correct the input.");

    /// <summary>A figure of a destination given as an object is negative, not a number or absurd.</summary>
    public static MigrationException HostFigureInvalid(string host, string property, string value) => Make(
        nameof(HostFigureInvalid), FailureKind.InvalidInput, host, null, null,
        $"{property} of destination '{host}' cannot be used: '{value}' is no figure of at least 0. {NothingPlanned} Correct the input, or name the host alone to have it measured.");

    /// <summary>A host's or VM's name is missing in the input.</summary>
    public static MigrationException NameMissing(string property) => Make(
        nameof(NameMissing), FailureKind.InvalidInput, null, null, null,
        $"An input object has no {property}. {NothingPlanned} Each needs HostName, VMName, TxBitsPerSecond and RxBitsPerSecond.");

    /// <summary>The same VM came in twice.</summary>
    public static MigrationException DuplicateVM(string host, string vm) => Make(
        nameof(DuplicateVM), FailureKind.InvalidInput, host, vm, null,
        $"VM '{vm}' on host '{host}' came in more than once. {NothingPlanned} Give each VM one rate, for example by Sort-Object HostName, VMName -Unique.");

    /// <summary>Source and destination are the same host.</summary>
    public static MigrationException DestinationIsSource(string host) => Make(
        nameof(DestinationIsSource), FailureKind.InvalidInput, host, null, null,
        $"Host '{host}' is both source and destination. {NothingPlanned} Name another host in -Destination.");

    /// <summary>More than one source or destination, which is not supported.</summary>
    public static MigrationException OnePairOnly(string role, IEnumerable<string> hosts) => Make(
        nameof(OnePairOnly), FailureKind.InvalidInput, null, null, null,
        $"A plan has one source and one destination, but these {role} came in: {string.Join(", ", hosts)}. {NothingPlanned} Make one plan a pair of hosts.");

    /// <summary>The destination lacks memory.</summary>
    public static MigrationException DestinationWithoutRoom(string host, long neededBytes, long freeBytes) => Make(
        nameof(DestinationWithoutRoom), FailureKind.Unavailable, host, null, null,
        FormattableString.Invariant($"Destination '{host}' has no room: the VMs need {neededBytes / (double)(1L << 30):0.0} GiB of memory, {freeBytes / (double)(1L << 30):0.0} GiB are free. {NothingPlanned} Move fewer VMs, or choose another destination."));
}
