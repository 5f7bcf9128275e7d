using TrafficMigration.Prediction;
using TrafficMigration.Solving;

namespace TrafficMigration.Planning;

/// <summary>Looks for the decision whose run is predicted to end first, by single changes from several beginnings.</summary>
/// <remarks>No proof: the time comes from a simulation, which has no bound. Never worse than any of the beginnings.</remarks>
internal sealed class TimeSearch(Site site, AssignmentProblem problem, Forecast forecast, MigrationBudget budget, CancellationToken cancellationToken)
{
    // As many VMs are simulated in all; see Scheduler.
    private const int SimulatedVMs = 100_000;

    /// <summary>The best decision found.</summary>
    /// <param name="optimum">The decision of least contention: the first beginning, and the place of VMs in the others.</param>
    /// <exception cref="MigrationException"><c>PredictionImpossible</c>.</exception>
    public Decision From(Decision optimum)
    {
        if (forecast.Missing is { } missing)
        {
            throw Failures.PredictionImpossible("The objective Time", missing);
        }

        Decision best = optimum;
        Outcome outcome = Measure(optimum);
        foreach (Technique technique in Techniques.Live)
        {
            Decision uniform = optimum with { Techniques = [.. problem.VMs.Select((_, i) => problem.Allows(i, optimum.Destinations[i], technique) ? technique : optimum.Techniques[i])] };
            Keep(uniform, ref best, ref outcome);
        }

        int simulations = Math.Max(4, SimulatedVMs / site.VMs.Length);
        for (bool improved = true; improved && simulations > 0;)
        {
            improved = false;
            foreach (Decision neighbour in Enumerable.Range(0, site.VMs.Length).SelectMany(i => Neighbours(best, i)).Take(simulations))
            {
                simulations--;
                improved |= Keep(neighbour, ref best, ref outcome);
            }
        }

        return best;
    }

    private IEnumerable<Decision> Neighbours(Decision start, int i)
    {
        for (int d = 0; d < problem.Destinations.Count; d++)
        {
            foreach (Technique technique in Techniques.Live)
            {
                if ((d != start.Destinations[i] || technique != start.Techniques[i]) && problem.Allows(i, d, technique))
                {
                    yield return start with { Destinations = With(start.Destinations, i, d), Techniques = With(start.Techniques, i, technique) };
                }
            }
        }
    }

    private bool Keep(Decision candidate, ref Decision best, ref Outcome outcome)
    {
        if (!problem.Allows(candidate) || Measure(candidate) is var measured && measured.CompareTo(outcome) >= 0)
        {
            return false;
        }

        (best, outcome) = (candidate, measured);
        return true;
    }

    private Outcome Measure(Decision decision) =>
        Outcome.Of(forecast.Run(decision, Schedule.ByName(site.VMs.Length, budget), null, cancellationToken)!);

    private static T[] With<T>(T[] values, int index, T value)
    {
        T[] changed = [.. values];
        changed[index] = value;
        return changed;
    }
}
