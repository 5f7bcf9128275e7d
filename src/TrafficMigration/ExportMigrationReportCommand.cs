using System.Globalization;
using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Reporting;

namespace TrafficMigration.Commands;

/// <summary>Writes one page of HTML about one or several runs: what was planned, what happened, and what links carried meanwhile.</summary>
[Cmdlet(VerbsData.Export, "MigrationReport", SupportsShouldProcess = true, DefaultParameterSetName = InputSet, HelpUri = HelpPages.Folder + "Export-MigrationReport.md")]
[OutputType(typeof(FileInfo))]
public sealed class ExportMigrationReportCommand : PSCmdlet
{
    private const string InputSet = "InputObject";
    private const string IdSet = "Id";

    private readonly Dictionary<string, ReportedRun> _runs = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<VMMigrationResult>> _results = new(StringComparer.OrdinalIgnoreCase);
    private bool _hasFailed;
    private RunStore? _store;

    /// <summary>The file to write.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>
    /// What is reported: runs from Get-TrafficSensitiveMigration, results of Start-TrafficSensitiveMigration (also from
    /// Export-Clixml, JSON or CSV), or identifiers of runs.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = InputSet)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <summary>Runs by their identifier.</summary>
    [Parameter(Mandatory = true, ParameterSetName = IdSet)]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = [];

    /// <summary>The page's title.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>The folder of the runs' journals; by default ~/.local/state/trafficmigration.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalPath { get; set; }

    /// <summary>Replace a file that is read-only, too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Leave a file that exists as it is.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Put out the file that was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() =>
        _store = new RunStore(JournalPath is null ? RunStore.DefaultFolder : GetUnresolvedProviderPathFromPSPath(JournalPath));

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            foreach (string id in Id)
            {
                Take(id);
            }

            if (InputObject is not null)
            {
                Take(InputObject);
            }
        }
        catch (MigrationException e)
        {
            _hasFailed = true;
            WriteError(ErrorRecords.From(e, InputObject ?? (object)Id));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        ReportedRun[] runs = [.. _runs.Values, .. _results.Select(r => ReportedRun.FromResults(r.Key.Length > 0 ? r.Key : null, r.Value))];
        if (runs.Length == 0)
        {
            if (!_hasFailed)
            {
                ThrowTerminatingError(ErrorRecords.From(Failures.NothingToReport(), Path));
            }

            return;
        }

        try
        {
            var output = new OutputFile(NoClobber, Force, Failures.ReportExists, Failures.ReportUnwritable);
            string path = output.Resolve(SessionState, Path);
            if (!ShouldProcess(path, $"Write the report of {Names(runs)}"))
            {
                return;
            }

            FileInfo file = output.Write(path, MigrationReport.Write(runs, Title ?? $"Migration report: {Names(runs)}", DateTimeOffset.Now));
            if (PassThru)
            {
                WriteObject(file);
            }
        }
        catch (MigrationException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, Path));
        }
    }

    private static string Names(ReportedRun[] runs) => runs.Length > 3
        ? string.Create(CultureInfo.InvariantCulture, $"{runs.Length} runs")
        : string.Join(", ", runs.Select(r => r.Record.Id.Length > 0 ? $"run {r.Record.Id}" : "a run without a name"));

    private void Take(PSObject given)
    {
        switch (given.BaseObject)
        {
            case MigrationRunRecord run:
                _runs[run.Id] = new ReportedRun(run, SeriesOf(run.Id));
                break;
            case string id:
                Take(id);
                break;
            case var _ when Loose.Text(given, nameof(VMMigrationResult.VMName)) is not null:
                TakeResult(given);
                break;
            case var _ when Loose.Text(given, nameof(MigrationRunRecord.Id)) is { } id:
                Take(id);
                break;
            default:
                throw Failures.ReportInputInvalid(given.ToString(), "it has neither VMName nor Id");
        }
    }

    private void Take(string id)
    {
        if (!_runs.ContainsKey(id))
        {
            MigrationRunRecord run = _store!.Get(id);
            _runs[id] = new ReportedRun(run, SeriesOf(id));
        }
    }

    /// <summary>A result stands for its whole run where the run's journal is here; else for itself.</summary>
    private void TakeResult(PSObject given)
    {
        VMMigrationResult result;
        try
        {
            result = ResultInput.Read(given);
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            throw Failures.ReportInputInvalid(given.ToString(), e.Message);
        }

        string id = result.RunId ?? "";
        try
        {
            if (id.Length > 0 && !_results.ContainsKey(id))
            {
                Take(id);
                return;
            }
        }
        catch (MigrationException e) when (e.ErrorId == nameof(Failures.RunNotFound))
        {
            WriteVerbose($"{e.Message} The page has what its results tell.");
        }

        if (!_results.TryGetValue(id, out List<VMMigrationResult>? known))
        {
            _results[id] = known = [];
        }

        known.Add(result);
    }

    private RunSeries SeriesOf(string id)
    {
        try
        {
            return _store!.Series(id);
        }
        catch (MigrationException e) when (e.ErrorId == nameof(Failures.RunNotFound))
        {
            WriteWarning($"What links carried in run {id} is not in '{_store!.Folder}', so the page has no traffic of it; -JournalPath names another folder.");
            return new RunSeries([], []);
        }
    }
}
