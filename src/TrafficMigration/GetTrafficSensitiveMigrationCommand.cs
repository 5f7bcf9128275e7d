using System.Management.Automation;
using TrafficMigration.Migration;

namespace TrafficMigration.Commands;

/// <summary>Lists the runs of this user on this machine, the newest first, from their journals. No host is asked.</summary>
[Cmdlet(VerbsCommon.Get, "TrafficSensitiveMigration", HelpUri = HelpPages.Folder + "Get-TrafficSensitiveMigration.md")]
[OutputType(typeof(MigrationRunRecord))]
public sealed class GetTrafficSensitiveMigrationCommand : PSCmdlet
{
    /// <summary>Runs by their identifier; by default all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = ["*"];

    /// <summary>Only the newest of them.</summary>
    [Parameter]
    public SwitchParameter Last { get; set; }

    /// <summary>Only runs that stand so.</summary>
    [Parameter]
    public MigrationRunState? State { get; set; }

    /// <summary>The folder of the runs' journals; by default ~/.local/state/trafficmigration.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalPath { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var store = new RunStore(JournalPath is null ? RunStore.DefaultFolder : GetUnresolvedProviderPathFromPSPath(JournalPath));
        IReadOnlyList<MigrationRunRecord> runs = store.List(e => WriteError(ErrorRecords.From(e)));
        foreach (string wanted in Id)
        {
            var pattern = WildcardPattern.Get(wanted, WildcardOptions.IgnoreCase);
            MigrationRunRecord[] found = [.. runs.Where(r => pattern.IsMatch(r.Id) && (State is null || r.State == State))];
            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(wanted))
            {
                WriteError(ErrorRecords.From(Failures.RunNotFound(wanted, store.Folder), wanted));
            }

            WriteObject(Last ? found.Take(1) : found, enumerateCollection: true);
        }
    }
}
