using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Turns signs of life into progress bars: one for the run, one below it for each VM that moves.</summary>
/// <param name="plans">The VMs of the run.</param>
internal sealed class RunProgress(IReadOnlyList<VMMigrationPlan> plans)
{
    private const int RunId = 1;
    private const string RunActivity = "Migrating VMs";
    private const double Mebibyte = 1 << 20;

    // By VM and source: two hosts may have VMs of one name.
    private readonly Dictionary<(string, string), int> _ids = plans.Select((p, i) => (p, i)).ToDictionary(x => (x.p.VMName, x.p.Source), x => RunId + 1 + x.i);
    private int _ended;

    /// <summary>A VM's bar after a sign of life.</summary>
    public IEnumerable<ProgressRecord> Update(MigrationProgress seen)
    {
        VMMigrationPlan plan = seen.Plan;
        yield return Run();
        yield return new ProgressRecord(_ids[(plan.VMName, plan.Source)], PlainText.OneLine($"{plan.VMName}: {plan.Source} -> {plan.Destination}"), Status(seen))
        {
            ParentActivityId = RunId,
            PercentComplete = Percent(seen),
            SecondsRemaining = (int?)Remaining(seen)?.TotalSeconds ?? -1,
        };
    }

    /// <summary>The bars after a VM has ended.</summary>
    public IEnumerable<ProgressRecord> Update(VMMigrationResult result)
    {
        _ended++;
        yield return Done(_ids[(result.VMName, result.Source)], PlainText.OneLine(result.VMName));
        yield return Run();
    }

    /// <summary>The bars at the end of the run.</summary>
    public static IEnumerable<ProgressRecord> Completed()
    {
        yield return Done(RunId, RunActivity);
    }

    /// <summary>Where a migration is, in words: state, sent, to go, rate, dirty rate, and when it should end.</summary>
    internal static string Status(MigrationProgress seen)
    {
        if (seen.Figures is not { } f)
        {
            return seen.State.ToString();
        }

        string rates = f.BytesPerSecond is { } rate
            ? FormattableString.Invariant($", {rate * 8 / 1e6:0} Mbps{(f.DirtyBytesPerSecond is > 0 and { } dirty && seen.State == MigrationState.PreCopying ? FormattableString.Invariant($", dirtied at {dirty * 8 / 1e6:0} Mbps") : "")}")
            : "";
        string end = Remaining(seen) is { } left ? $", ends about {DateTimeOffset.Now + left:HH:mm:ss}"
            : IsLosing(f) && seen.State == MigrationState.PreCopying ? ", no end in sight: memory is dirtied as fast as it is sent"
            : "";
        return FormattableString.Invariant($"{seen.State}, {f.BytesTransferred / Mebibyte:0} MiB sent, {f.BytesRemaining / Mebibyte:0} MiB to go{rates}{end}");
    }

    /// <summary>
    /// How long what remains should take: at the present rate, less what the guest dirties meanwhile. It is a guess
    /// for pre-copy, and none is made where what remains does not shrink.
    /// </summary>
    internal static TimeSpan? Remaining(MigrationProgress seen)
    {
        if (seen.Figures is not { BytesPerSecond: > 0 and { } rate } f)
        {
            return null;
        }

        long gained = seen.State == MigrationState.PreCopying ? rate - (f.DirtyBytesPerSecond ?? 0) : rate;
        return gained > rate / 20 ? TimeSpan.FromSeconds((double)f.BytesRemaining / gained) : null;
    }

    private static bool IsLosing(JobFigures f) => f.DirtyBytesPerSecond >= f.BytesPerSecond * 0.95;

    // -1 shows no bar: during pre-copy what remains can grow, so a share done would only be honest once it cannot.
    private static int Percent(MigrationProgress seen) => seen switch
    {
        { State: MigrationState.PostCopying, Figures: { BytesTotal: > 0 } f } =>
            (int)Math.Clamp(100 - (100.0 * f.BytesRemaining / f.BytesTotal), 0, 100),
        _ => -1,
    };

    private static ProgressRecord Done(int id, string activity) =>
        new(id, activity, "ended") { RecordType = ProgressRecordType.Completed };

    private ProgressRecord Run() => new(RunId, RunActivity, $"{_ended} of {plans.Count} ended")
    {
        PercentComplete = 100 * _ended / plans.Count,
    };
}
