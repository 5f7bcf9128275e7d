using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Turns signs of life into progress bars: one for the run, one below it for each VM that moves.</summary>
/// <param name="plans">The VMs of the run.</param>
internal sealed class RunProgress(IReadOnlyList<VMMigrationPlan> plans)
{
    private const int RunId = 1;
    private const string RunActivity = "Migrating VMs";
    private int _ended;

    /// <summary>A VM's bar after a sign of life.</summary>
    public IEnumerable<ProgressRecord> Update(MigrationProgress seen)
    {
        VMMigrationPlan plan = seen.Plan;
        string figures = seen.Figures is { } f
            ? FormattableString.Invariant($", {f.BytesTransferred / 1048576.0:0} MiB sent, {f.BytesRemaining / 1048576.0:0} MiB to go")
            : "";
        yield return Run();
        yield return new ProgressRecord(Id(plan.VMName), $"{plan.VMName}: {plan.Source} -> {plan.Destination}", $"{seen.Phase}{figures}")
        {
            ParentActivityId = RunId,
            PercentComplete = Percent(seen),
        };
    }

    /// <summary>The bars after a VM has ended.</summary>
    public IEnumerable<ProgressRecord> Update(VMMigrationResult result)
    {
        _ended++;
        yield return Done(Id(result.VMName), result.VMName);
        yield return Run();
    }

    /// <summary>The bars at the end of the run.</summary>
    public static IEnumerable<ProgressRecord> Completed()
    {
        yield return Done(RunId, RunActivity);
    }

    // -1 shows no bar: during pre-copy what remains can grow, so a share done would only be honest once it cannot.
    private static int Percent(MigrationProgress seen) => seen switch
    {
        { Phase: MigrationPhase.PostCopying, Figures: { BytesTotal: > 0 } f } =>
            (int)Math.Clamp(100 - (100.0 * f.BytesRemaining / f.BytesTotal), 0, 100),
        _ => -1,
    };

    private static ProgressRecord Done(int id, string activity) =>
        new(id, activity, "ended") { RecordType = ProgressRecordType.Completed };

    private ProgressRecord Run() => new(RunId, RunActivity, $"{_ended} of {plans.Count} ended")
    {
        PercentComplete = 100 * _ended / plans.Count,
    };

    private int Id(string vmName) => RunId + 1 + plans.TakeWhile(p => p.VMName != vmName).Count();
}
