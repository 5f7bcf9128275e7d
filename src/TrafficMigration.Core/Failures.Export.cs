using TrafficMigration.Export;

namespace TrafficMigration;

/// <content>Errors about plans that are written for other managers.</content>
public static partial class Failures
{
    private const string NoFileWritten = "No file was written.";

    /// <summary>No plan came in.</summary>
    public static MigrationException NothingToExport() => Make(
        nameof(NothingToExport), FailureKind.InvalidInput, null, null, null,
        $"No plan came in, so there is nothing to export. {NoFileWritten} Pipe the output of Get-MigrationPlan, or what Import-Clixml, Import-Csv or ConvertFrom-Json read of it.");

    /// <summary>A parameter does not fit the manager, or its value is none.</summary>
    public static MigrationException ExportParameterInvalid(string parameter, string problem) => Make(
        nameof(ExportParameterInvalid), FailureKind.InvalidInput, null, null, null,
        $"{parameter} cannot be used: {Sentence(problem)} {NoFileWritten} Correct the parameter, or leave it out.");

    /// <summary>The manager can have nothing of this name.</summary>
    /// <param name="format">The manager.</param>
    /// <param name="host">The VM's source.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="property">The plan's property with the name.</param>
    /// <param name="problem">What is wrong with the name.</param>
    /// <param name="remedy">What to do.</param>
    public static MigrationException ExportNameInvalid(PlanFormat format, string host, string vm, string property, string problem, string remedy) => Make(
        nameof(ExportNameInvalid), FailureKind.InvalidInput, host, vm, null,
        $"The plan of VM '{vm}' on host '{host}' cannot be written for {format}: its {property} {Sentence(problem)} {NoFileWritten} {Sentence(remedy)}");

    /// <summary>Two plans are about one VM, as the manager sees it.</summary>
    public static MigrationException ExportDuplicateVM(PlanFormat format, string host, string vm, string name) => Make(
        nameof(ExportDuplicateVM), FailureKind.InvalidInput, host, vm, null,
        $"The plan of VM '{vm}' on host '{host}' cannot be written for {format}: another VM of the plan is '{name}' there, too. {NoFileWritten} Give each VM once, or correct the names.");

    /// <summary>The file is there, and is not to be replaced.</summary>
    public static MigrationException ExportExists(string path) => Make(
        nameof(ExportExists), FailureKind.InvalidState, null, null, null,
        $"The file '{path}' exists, and -NoClobber forbids to replace it. {NoFileWritten} Give another name, or leave -NoClobber out.");

    /// <summary>The file cannot be written.</summary>
    public static MigrationException ExportUnwritable(string path, string reason, Exception? cause = null) => Make(
        nameof(ExportUnwritable), FailureKind.Unavailable, null, null, cause,
        $"The plan's file '{path}' cannot be written: {Sentence(reason)} {NoFileWritten} Give another path, or make room or access there.");
}
