using System.Diagnostics;
using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Runs a plan: migrates its VMs in parallel, each with its planned technique.</summary>
[Cmdlet(VerbsLifecycle.Start, "TrafficSensitiveMigration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VMMigrationResult))]
public sealed class StartTrafficSensitiveMigrationCommand : HostCmdlet
{
    private readonly List<VMMigrationPlan> _plans = [];
    private Stopwatch? _sinceShown;

    /// <summary>The VMs' plans, from Get-MigrationPlan.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNullOrEmpty]
    public VMMigrationPlan[] InputObject { get; set; } = [];

    /// <summary>How many migrations may run at once; 0 runs all at once, as the plan's prediction assumes.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (VMMigrationPlan plan in InputObject)
        {
            // Asked a VM, before anything moves: whoever says no to the third VM has not moved the first.
            if (ShouldProcess($"VM '{plan.VMName}' from '{plan.Source}' to '{plan.Destination}'", $"Migrate with {plan.Technique}"))
            {
                _plans.Add(plan);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_plans.Count == 0)
        {
            return;
        }

        var progress = new RunProgress(_plans);
        try
        {
            RunAsync(post => MigrationRun.RunAsync(
                _plans,
                ConnectAsync,
                ThrottleLimit,
                seen => post(() => Show(progress.Update(seen))),
                result => post(() => Write(result, progress)),
                StopToken));
        }
        finally
        {
            if (!Stopping)
            {
                Show(RunProgress.Completed());
            }
        }
    }

    private void Write(VMMigrationResult result, RunProgress progress)
    {
        Show(progress.Update(result));
        if (result.Error is not null)
        {
            WriteError(ErrorRecords.From(result.Error, result));
        }

        WriteObject(result);
    }

    /// <summary>Shows bars, at most four times a second: drawing them must not slow the work.</summary>
    private void Show(IEnumerable<ProgressRecord> records)
    {
        bool due = _sinceShown is not { ElapsedMilliseconds: < 250 };
        foreach (ProgressRecord record in records.Where(r => due || r.RecordType == ProgressRecordType.Completed))
        {
            WriteProgress(record);
        }

        if (due)
        {
            _sinceShown = Stopwatch.StartNew();
        }
    }
}
