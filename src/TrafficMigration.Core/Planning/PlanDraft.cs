using TrafficMigration.Prediction;
using TrafficMigration.Solving;

namespace TrafficMigration.Planning;

/// <summary>A plan as numbers, before it is written down for a user.</summary>
internal sealed record PlanDraft(
    Site Site, AssignmentProblem Problem, IReadOnlySet<int> Endless, PlanRequest Request, Decision Decision, Schedule Schedule,
    Forecast Forecast, SimulatedRun? Run)
{
    /// <summary>The run again, with applications' throughput over another time.</summary>
    public SimulatedRun? Simulate(TimeSpan? window, CancellationToken cancellationToken) =>
        Forecast.Run(Decision, Schedule, window, cancellationToken);

    /// <summary>The records that a user sees.</summary>
    public IReadOnlyList<VMMigrationPlan> Write() => PlanWriter.Write(this);
}
