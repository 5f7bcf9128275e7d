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

    /// <summary>A destination came in twice.</summary>
    public static MigrationException DuplicateDestination(string host) => Make(
        nameof(DuplicateDestination), FailureKind.InvalidInput, host, null, null,
        $"Destination '{host}' came in more than once. {NothingPlanned} Name each destination once.");

    /// <summary>A VM is to go to a host that is no destination.</summary>
    public static MigrationException DestinationUnknown(string host, string vm) => Make(
        nameof(DestinationUnknown), FailureKind.InvalidInput, host, vm, null,
        $"VM '{vm}' is to go to '{host}', which is none of the destinations. {NothingPlanned} Add it to -Destination, or correct -PinDestination.");

    /// <summary>A wish is about a VM that did not come in.</summary>
    public static MigrationException WishUnknownVM(string vm) => Make(
        nameof(WishUnknownVM), FailureKind.InvalidInput, null, vm, null,
        $"A wish names VM '{vm}', but no rate of it came in. {NothingPlanned} Correct the name (wildcards are allowed), or pipe that VM's rate in, too.");

    /// <summary>A parameter's value makes no sense.</summary>
    public static MigrationException WishInvalid(string parameter, string problem) => Make(
        nameof(WishInvalid), FailureKind.InvalidInput, null, null, null,
        $"{parameter} cannot be used: {Sentence(problem)} {NothingPlanned} Correct the parameter.");

    /// <summary>Wishes contradict each other, or what the VMs and hosts are.</summary>
    public static MigrationException WishesInConflict(IReadOnlyList<string> wishes) => Make(
        nameof(WishesInConflict), FailureKind.InvalidInput, null, null, null,
        wishes.Count == 1
            ? $"This wish cannot be met with these VMs and hosts: {wishes[0]}. {NothingPlanned} Drop it, or add a destination with room that allows it."
            : $"These wishes cannot all be met, but any of them can be dropped to help: {string.Join("; ", wishes.Take(10))}{(wishes.Count > 10 ? $"; and {wishes.Count - 10} more like these" : "")}. {NothingPlanned} Drop one, or add a destination with room.");

    /// <summary>The deadline is too close.</summary>
    public static MigrationException DeadlineTooClose(TimeSpan deadline, TimeSpan fastest) => Make(
        nameof(DeadlineTooClose), FailureKind.InvalidInput, null, null, null,
        $"The run cannot end within {Seconds(deadline)} s: by prediction the fastest takes {Seconds(fastest)} s. {NothingPlanned} Give more time, exclude VMs, or add destinations.");

    /// <summary>Nothing can be predicted, so no deadline or least time can be planned for.</summary>
    public static MigrationException PredictionImpossible(string wish, string missing) => Make(
        nameof(PredictionImpossible), FailureKind.InvalidInput, null, null, null,
        $"{wish} needs a prediction, which is not possible: {Sentence(missing)} {NothingPlanned} Add it to the input, or measure with Get-VMTrafficRate.");

    /// <summary>The destination lacks memory.</summary>
    public static MigrationException DestinationWithoutRoom(string host, long neededBytes, long freeBytes) => Make(
        nameof(DestinationWithoutRoom), FailureKind.Unavailable, host, null, null,
        FormattableString.Invariant($"Destination '{host}' has no room: the VMs need {neededBytes / (double)(1L << 30):0.0} GiB of memory, {freeBytes / (double)(1L << 30):0.0} GiB are free. {NothingPlanned} Move fewer VMs, or choose another destination."));

    /// <summary>One VM fits on none of the destinations.</summary>
    public static MigrationException NoDestinationForVM(string host, string vm, string problem) => Make(
        nameof(NoDestinationForVM), FailureKind.Unavailable, host, vm, null,
        $"VM '{vm}' on host '{host}' fits on none of the destinations: {Sentence(problem)} {NothingPlanned} Add a destination with room, or -Exclude the VM.");

    /// <summary>The destinations together lack room.</summary>
    public static MigrationException NoDestinationWithRoom(string problem, bool isProven) => Make(
        nameof(NoDestinationWithRoom), FailureKind.Unavailable, null, null, null,
        $"{(isProven ? "The destinations have no room for all VMs" : "No way was found to fit all VMs onto the destinations, and none is proven not to exist")}: {Sentence(problem)} {NothingPlanned} Add a destination, or -Exclude VMs.");

    /// <summary>An input object is no plan.</summary>
    public static MigrationException PlanInvalid(string? vm, string problem) => Make(
        nameof(PlanInvalid), FailureKind.InvalidInput, null, vm, null,
        $"{(vm is null ? "An input object" : $"The plan of VM '{vm}'")} cannot be run: {Sentence(problem)} Nothing was moved. Pipe the output of Get-MigrationPlan, or what Import-Clixml or ConvertFrom-Json read of it.");

    /// <summary>A plan rests on rates that are too old, or of unknown age.</summary>
    public static MigrationException RatesTooOld(string host, string vm, TimeSpan? age, TimeSpan limit) => Make(
        nameof(RatesTooOld), FailureKind.InvalidInput, host, vm, null,
        $"The plan of VM '{vm}' on host '{host}' rests on rates {(age is { } a ? $"{Seconds(a)} s old" : "of unknown age")}, -MaxRateAge allows {Seconds(limit)} s. Nothing was moved. Measure and plan again, or allow more.");
}
