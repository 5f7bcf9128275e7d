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

    /// <summary>
    /// How the migrations follow each other: Auto, Serial (one after another), Waves (as many as the limits let; the next
    /// when all of these have ended), Gangs (VMs that talk to each other together, gang after gang) or Parallel.
    /// </summary>
    [Parameter]
    public MigrationSchedule Schedule { get; set; }

    /// <inheritdoc/>
    protected private override void Plan(PlanRequest request, Action<Action> post)
    {
        IReadOnlyList<VMMigrationPlan> plans = Planner.CreatePlan(
            request with { Strategy = Strategy, Schedule = Schedule, Budget = request.Budget with { ThrottleLimit = ThrottleLimit }, Offline = Offline(request) }, StopToken);
        foreach (VMMigrationPlan endless in plans.Where(p => p.Converges == false))
        {
            post(() => WriteWarning(
                $"By prediction the {(endless.Technique == TrafficMigration.Technique.PreCopy ? "pre-copy" : "copy of the disks")} of VM '{endless.VMName}' never ends: {Cause(endless)}. {endless.Reason}."));
        }

        if (Schedule == MigrationSchedule.Gangs && plans.All(p => p.Gang is null))
        {
            post(() => WriteWarning(
                "No VM is known to talk to another of its host (Peers of the rates), so all are one stage. Get-VMTrafficRate tells where nft is on the host."));
        }

        VMMigrationPlan[] apart = [.. plans.Where(p => p.Apart.Length > 0)];
        if (apart.Length > 0)
        {
            string vms = string.Join("; ", apart.Take(3).Select(p => $"'{p.VMName}' to {p.Destination}: {p.Apart}"));
            post(() => WriteWarning(
                $"VMs that talk to each other within a host end up on different hosts. {vms}{(apart.Length > 3 ? $"; and {apart.Length - 3} more VMs" : "")}. -Together sends VMs to one destination."));
        }

        post(() => WriteObject(plans, enumerateCollection: true));
    }

    // A post-copy that never ends waits for its disks; of a pre-copy with disks it may be either.
    private static string Cause(VMMigrationPlan endless) => endless.StorageCopy == StorageCopy.None
        ? $"it dirties memory faster than '{endless.Source}' can send it, and it cannot be post-copied"
        : $"it writes to its memory, or to the disks that are copied, faster than '{endless.Source}' can send it";
}
