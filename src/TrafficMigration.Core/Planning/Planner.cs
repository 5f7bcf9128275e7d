using TrafficMigration.Prediction;

namespace TrafficMigration.Planning;

/// <summary>Makes plans from rates.</summary>
public static class Planner
{
    /// <summary>Plans the migration of VMs from the hosts they run on to the destinations.</summary>
    /// <param name="request">Rates, destinations, wishes.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>One part a VM, by VM name and then by source; each knows the whole plan.</returns>
    /// <exception cref="MigrationException">
    /// <c>NoVMToPlan</c>, <c>RateInvalid</c>, <c>NameMissing</c>, <c>DuplicateVM</c>, <c>DuplicateDestination</c>,
    /// <c>DestinationIsSource</c>, <c>HostFigureInvalid</c>, <c>WishUnknownVM</c>, <c>DestinationUnknown</c>,
    /// <c>WishInvalid</c>, <c>WishesInConflict</c>, <c>DestinationWithoutRoom</c>, <c>NoDestinationForVM</c>, <c>NoDestinationWithRoom</c>,
    /// <c>PredictionImpossible</c>, <c>DeadlineTooClose</c>.
    /// </exception>
    public static IReadOnlyList<VMMigrationPlan> CreatePlan(PlanRequest request, CancellationToken cancellationToken = default) =>
        Make(request, cancellationToken).Write();

    /// <summary>Whether a schedule and the limits go together; one after another is a limit of its own.</summary>
    private static PlanRequest Checked(PlanRequest request) => request.Schedule switch
    {
        MigrationSchedule.Serial => request with { Budget = request.Budget with { ThrottleLimit = 1 } },
        MigrationSchedule.Waves when request.Budget == new MigrationBudget() =>
            throw Failures.WishInvalid("-Schedule Waves", "nothing says how large a wave is; give -ThrottleLimit, or a limit per host"),
        MigrationSchedule.Parallel when request.Budget.ThrottleLimit > 0 =>
            throw Failures.WishInvalid("-Schedule Parallel", FormattableString.Invariant($"it moves all at once, but -ThrottleLimit {request.Budget.ThrottleLimit} was given")),
        _ => request,
    };

    /// <summary>Decides, schedules and predicts.</summary>
    internal static PlanDraft Make(PlanRequest request, CancellationToken cancellationToken)
    {
        request = Checked(request);
        Site site = Site.From(request);
        var decider = new Decider(site, Wish.Of(request.Wishes, site), request, cancellationToken);
        var forecast = new Forecast(site, switches: request.Strategy == Strategy.PreCopyThenPostCopy, new TransferChooser(site, request), request.Offline);
        Decision decision = decider.Decide(forecast);
        if (request.Offline is { } offline)
        {
            decision = decision with { Techniques = [.. decision.Techniques.Select(_ => Technique.Offline)] };
            Schedule order = Schedule.ByName(site.VMs.Length, new MigrationBudget()) with { Order = OrderOf(site, offline.StartOrder) };
            return new PlanDraft(site, decider.Problem, decider.Endless, request, decision, order, forecast, forecast.Run(decision, order, null, cancellationToken));
        }

        if (request.Strategy != Strategy.TrafficSensitive)
        {
            decision = decision with { RelativeBound = decider.RelativeBound() };
        }

        PlanDraft draft = Scheduled(decision, null);
        if (request is { Strategy: Strategy.TrafficSensitive, Objective: PlanObjective.Time })
        {
            // Order and limits can turn the two round: both are scheduled, and the faster one is taken.
            PlanDraft faster = Scheduled(new TimeSearch(site, decider.Problem, forecast, request.Budget, cancellationToken).From(decision), null);
            draft = Outcome.Of(faster.Run!).CompareTo(Outcome.Of(draft.Run!)) < 0 ? faster : draft;
        }

        return request.Deadline is { } deadline ? Scheduled(draft.Decision, deadline) : draft;

        PlanDraft Scheduled(Decision decided, TimeSpan? within)
        {
            var scheduler = new Scheduler(site, decided, forecast, request.Budget, cancellationToken);
            Schedule schedule = within is { } limit ? scheduler.Gentlest(request.Schedule, limit) : scheduler.Of(request.Schedule);
            SimulatedRun? run = forecast.Run(decided, schedule, null, cancellationToken);
            return new PlanDraft(site, decider.Problem, decider.Endless, request, decided, schedule, forecast, run);
        }
    }

    /// <summary>The VMs that are named, in that order, and the others after them.</summary>
    private static int[] OrderOf(Site site, IReadOnlyList<VMRef> first)
    {
        int Place(int vm) => first.Select((r, i) => (r, i)).Where(p => p.r.VMName == site.VMs[vm].VMName && p.r.HostName == site.VMs[vm].HostName)
            .Select(p => p.i).DefaultIfEmpty(int.MaxValue).First();
        return [.. Enumerable.Range(0, site.VMs.Length).OrderBy(Place)];
    }
}
