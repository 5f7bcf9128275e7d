namespace TrafficMigration;

/// <content>Errors about reports of runs.</content>
public static partial class Failures
{
    private const string NothingWritten = "No page was written.";

    /// <summary>No run came in.</summary>
    public static MigrationException NothingToReport() => Make(
        nameof(NothingToReport), FailureKind.NotFound, null, null, null,
        $"No run came in, so there is nothing to report. {NothingWritten} Get-TrafficSensitiveMigration lists the runs; -JournalPath names another folder.");

    /// <summary>What came in is no run, no result and no identifier of a run.</summary>
    public static MigrationException ReportInputInvalid(string what, string problem) => Make(
        nameof(ReportInputInvalid), FailureKind.InvalidInput, null, null, null,
        $"'{what}' cannot be reported: {Sentence(problem)} It was left out. Give runs from Get-TrafficSensitiveMigration, results of Start-TrafficSensitiveMigration, or identifiers of runs.");

    /// <summary>The file is there, and is not to be replaced.</summary>
    public static MigrationException ReportExists(string path) => Make(
        nameof(ReportExists), FailureKind.InvalidState, null, null, null,
        $"The file '{path}' exists, and -NoClobber forbids to replace it. {NothingWritten} Give another name, or leave -NoClobber out.");

    /// <summary>The file cannot be written.</summary>
    public static MigrationException ReportUnwritable(string path, string reason, Exception? cause = null) => Make(
        nameof(ReportUnwritable), FailureKind.Unavailable, null, null, cause,
        $"The report '{path}' cannot be written: {Sentence(reason)} {NothingWritten} Give another path, or make room or access there.");

    /// <summary>The error of a result that was kept in a file: known by its id and its words only.</summary>
    public static MigrationException Kept(string errorId, string message, string? host, string? vm) =>
        Make(errorId, FailureKind.Failed, host, vm, null, message);
}
