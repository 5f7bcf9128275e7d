using System.Management.Automation;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Lays strategies side by side for the same rates: contention, predicted time, data, downtime and applications' throughput.</summary>
[Cmdlet(VerbsData.Compare, "MigrationPlan", DefaultParameterSetName = DestinationSet, HelpUri = HelpPages.Folder + "Compare-MigrationPlan.md")]
[OutputType(typeof(StrategyComparison))]
public sealed class CompareMigrationPlanCommand : PlanningCmdlet
{
    /// <summary>The strategies to compare; by default all.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public Strategy[] Strategy { get; set; } = Enum.GetValues<Strategy>();

    /// <summary>How many migrations may run at once, each number a comparison of its own; by default 0 (all at once) and 1 (one after another).</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    [ValidateNotNullOrEmpty]
    public int[] ThrottleLimit { get; set; } = [0, 1];

    /// <summary>
    /// How the migrations follow each other, each a comparison of its own; by default Auto. Serial and Parallel have no
    /// limit, Waves take each -ThrottleLimit above 1.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public MigrationSchedule[] Schedule { get; set; } = [MigrationSchedule.Auto];

    /// <inheritdoc/>
    protected private override void Plan(PlanRequest request, Action<Action> post)
    {
        IReadOnlyList<StrategyComparison> compared = Comparer.Compare(request, Strategy, ThrottleLimit, Schedule, StopToken);
        post(() => WriteObject(compared, enumerateCollection: true));
    }
}
