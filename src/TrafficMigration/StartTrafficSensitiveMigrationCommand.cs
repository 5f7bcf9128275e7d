using System.Diagnostics;
using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;

namespace TrafficMigration.Commands;

/// <summary>Runs a plan: migrates its VMs in parallel, each with its planned technique.</summary>
[Cmdlet(VerbsLifecycle.Start, "TrafficSensitiveMigration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VMMigrationResult))]
public sealed class StartTrafficSensitiveMigrationCommand : HostCmdlet
{
    private static readonly TimeSpan WarningAge = TimeSpan.FromMinutes(10);

    private readonly List<VMMigrationPlan> _plans = [];
    private readonly HashSet<(string, string)> _seen = [];
    private bool _warned;
    private Stopwatch? _sinceShown;

    /// <summary>The VMs' plans: from Get-MigrationPlan, or read back from a file by Import-Clixml or ConvertFrom-Json.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>How many migrations may run at once, 0 for all; by default as planned, and as the plan's prediction assumes.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int? ThrottleLimit { get; set; }

    /// <summary>Refuse plans whose rates are older than this, or of unknown age. Without it, rates of more than ten minutes are warned of.</summary>
    [Parameter]
    public TimeSpan? MaxRateAge { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject given in InputObject)
        {
            VMMigrationPlan plan = null!;
            Terminating(() => plan = Checked(PlanInput.Read(given)));
            // Asked a VM, before anything moves: whoever says no to the third VM has not moved the first.
            if (ShouldProcess($"VM '{plan.VMName}' from '{plan.Source}' to '{plan.Destination}'", $"Migrate with {plan.Technique}"))
            {
                _plans.Add(plan);
            }
        }
    }

    private VMMigrationPlan Checked(VMMigrationPlan plan)
    {
        if (!_seen.Add((plan.Source.ToUpperInvariant(), plan.VMName)))
        {
            throw Failures.PlanInvalid(plan.VMName, "it came in more than once");
        }

        TimeSpan? age = DateTimeOffset.Now - plan.SampledAt;
        if (MaxRateAge is { } limit && !(age <= limit))
        {
            throw Failures.RatesTooOld(plan.Source, plan.VMName, age, limit);
        }

        if (MaxRateAge is null && age > WarningAge && !_warned)
        {
            _warned = true;
            WriteWarning($"The rates of VM '{plan.VMName}' are {age.Value.TotalMinutes:0} minutes old: its traffic may be another by now. Measure again, or say with -MaxRateAge what is too old.");
        }

        return plan;
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
                Budget(),
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

    /// <summary>The plans' own budget; where plans of several runs come together, the strictest of each.</summary>
    private MigrationBudget Budget()
    {
        MigrationPlan[] plans = [.. _plans.Select(p => p.Plan).Distinct()];
        int Strictest(Func<MigrationPlan, int> limit) => plans.Select(limit).Where(l => l > 0).DefaultIfEmpty().Min();
        return new MigrationBudget(
            ThrottleLimit ?? Strictest(p => p.ThrottleLimit), Strictest(p => p.MaxOutgoingPerHost), Strictest(p => p.MaxIncomingPerHost));
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
