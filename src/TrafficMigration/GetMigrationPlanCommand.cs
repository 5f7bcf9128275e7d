using System.Management.Automation;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Chooses technique and destination of every VM so that its memory flows against its traffic.</summary>
[Cmdlet(VerbsCommon.Get, "MigrationPlan", DefaultParameterSetName = DestinationSet, HelpUri = HelpPages.Folder + "Get-MigrationPlan.md")]
[OutputType(typeof(VMMigrationPlan))]
public sealed partial class GetMigrationPlanCommand : PlanningCmdlet
{
    /// <summary>How the techniques are chosen.</summary>
    [Parameter]
    public Strategy Strategy { get; set; } = Strategy.TrafficSensitive;

    /// <summary>How many migrations may run at once; 0 for all.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected private override void Plan(PlanRequest request, Action<Action> post)
    {
        IReadOnlyList<VMMigrationPlan> plans = Planner.CreatePlan(
            request with { Strategy = Strategy, Budget = request.Budget with { ThrottleLimit = ThrottleLimit }, Offline = Offline(request) }, StopToken);
        foreach (VMMigrationPlan endless in plans.Where(p => p.Converges == false))
        {
            post(() => WriteWarning(
                $"By prediction the pre-copy of VM '{endless.VMName}' never ends: it dirties memory faster than '{endless.Source}' can send it, and it cannot be post-copied. {endless.Reason}."));
        }

        post(() => WriteObject(plans, enumerateCollection: true));
    }
}
