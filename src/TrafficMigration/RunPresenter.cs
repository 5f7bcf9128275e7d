using System.Diagnostics;
using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Shows a run: bars where somebody looks, log lines where nobody does, events for whoever collects them, results.</summary>
/// <param name="plans">The VMs of the run.</param>
/// <param name="output">Where to.</param>
/// <param name="isInteractive">Whether somebody sees bars.</param>
internal sealed class RunPresenter(IReadOnlyList<VMMigrationPlan> plans, IRunOutput output, bool isInteractive)
{
    // Drawing must not slow the work; and a log file is not for every look.
    private static readonly TimeSpan BarInterval = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);

    private readonly RunProgress _progress = new(plans);
    private readonly Dictionary<VMMigrationPlan, Stopwatch> _sinceLine = [];
    private Stopwatch? _sinceBar;

    /// <summary>Something happened.</summary>
    public void Event(MigrationEvent happened)
    {
        string[] tags = isInteractive ? ["TrafficMigration"] : ["TrafficMigration", "PSHOST"];
        var record = new InformationRecord(happened, "TrafficMigration");
        record.Tags.AddRange(tags);
        output.Information(record);
        if (happened.Kind == MigrationEventKind.Trouble)
        {
            output.Warning(happened.ToString());
        }
    }

    /// <summary>A migration was looked at.</summary>
    public void Progress(MigrationProgress seen)
    {
        if (isInteractive)
        {
            Show(_progress.Update(seen));
        }
        else if (seen.Figures is not null && (!_sinceLine.TryGetValue(seen.Plan, out Stopwatch? since) || since.Elapsed > LineInterval))
        {
            _sinceLine[seen.Plan] = Stopwatch.StartNew();
            var record = new InformationRecord(PlainText.OneLine($"{DateTimeOffset.Now:HH:mm:ss} {seen.Plan.VMName}: {RunProgress.Status(seen)}"), "TrafficMigration");
            record.Tags.AddRange(["TrafficMigration", "PSHOST"]);
            output.Information(record);
        }
    }

    /// <summary>A VM has its result.</summary>
    public void Result(VMMigrationResult result)
    {
        if (isInteractive)
        {
            Show(_progress.Update(result));
        }

        if (result.Error is not null)
        {
            output.Error(ErrorRecords.From(result.Error, result));
        }

        output.Object(result);
    }

    /// <summary>Takes the bars away.</summary>
    public void Completed() => Show(RunProgress.Completed());

    private void Show(IEnumerable<ProgressRecord> records)
    {
        bool due = _sinceBar is null || _sinceBar.Elapsed > BarInterval;
        foreach (ProgressRecord record in records.Where(r => due || r.RecordType == ProgressRecordType.Completed))
        {
            output.Progress(record);
        }

        if (due)
        {
            _sinceBar = Stopwatch.StartNew();
        }
    }
}
