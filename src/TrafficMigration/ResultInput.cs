using System.Management.Automation;
using TrafficMigration.Migration;

namespace TrafficMigration.Commands;

/// <summary>Reads a VM's result: as a run gave it, or as it came back from a file, where only names and values are left.</summary>
internal static class ResultInput
{
    /// <exception cref="FormatException">It is no result; the message says what is missing.</exception>
    public static VMMigrationResult Read(PSObject given)
    {
        if (given.BaseObject is VMMigrationResult live)
        {
            return live;
        }

        string vm = Needed(given, nameof(VMMigrationResult.VMName));
        string source = Needed(given, nameof(VMMigrationResult.Source));
        return new VMMigrationResult
        {
            VMName = vm,
            VMId = Loose.Text(given, nameof(VMMigrationResult.VMId)),
            Source = source,
            Destination = Needed(given, nameof(VMMigrationResult.Destination)),
            Technique = Loose.Choice<Technique>(given, nameof(VMMigrationResult.Technique)) ?? throw Missing(nameof(VMMigrationResult.Technique)),
            TechniqueUsed = Loose.Choice<Technique>(given, nameof(VMMigrationResult.TechniqueUsed)),
            Outcome = Loose.Choice<MigrationOutcome>(given, nameof(VMMigrationResult.Outcome)) ?? throw Missing(nameof(VMMigrationResult.Outcome)),
            StartTime = Loose.Time(Loose.Part(given, nameof(VMMigrationResult.StartTime))),
            TotalTime = Loose.Span(Loose.Part(given, nameof(VMMigrationResult.TotalTime))),
            Downtime = Loose.Span(Loose.Part(given, nameof(VMMigrationResult.Downtime))),
            BytesTransferred = Loose.Number(given, nameof(VMMigrationResult.BytesTransferred)),
            BytesTotal = Loose.Number(given, nameof(VMMigrationResult.BytesTotal)),
            PreCopyBytes = Loose.Number(given, nameof(VMMigrationResult.PreCopyBytes)),
            PostCopyBytes = Loose.Number(given, nameof(VMMigrationResult.PostCopyBytes)),
            PredictedDuration = Loose.Span(Loose.Part(given, nameof(VMMigrationResult.PredictedDuration))),
            PredictedBytes = Loose.Number(given, nameof(VMMigrationResult.PredictedBytes)),
            Decisions = Loose.Part(given, nameof(VMMigrationResult.Decisions)) is System.Collections.IEnumerable and not string
                ? [.. LanguagePrimitives.GetEnumerable(Loose.Part(given, nameof(VMMigrationResult.Decisions))).Cast<object?>().Select(d => d?.ToString() ?? "")]
                : [],
            RunId = Loose.Text(given, nameof(VMMigrationResult.RunId)),
            Error = Error(given, source, vm),
        };
    }

    private static MigrationException? Error(PSObject given, string source, string vm)
    {
        object? error = Loose.Part(given, nameof(VMMigrationResult.Error));
        string? message = Loose.Text(error, nameof(Exception.Message)) ?? error?.ToString();
        return string.IsNullOrEmpty(message) ? null
            : Failures.Kept(Loose.Text(error, nameof(MigrationException.ErrorId)) ?? "MigrationFailed", message, source, vm);
    }

    private static string Needed(PSObject given, string property) => Loose.Text(given, property) ?? throw Missing(property);

    private static FormatException Missing(string property) => new($"it has no {property}");
}
