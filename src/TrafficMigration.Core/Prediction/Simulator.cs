namespace TrafficMigration.Prediction;

/// <summary>Foretells what a run of migrations comes to, by simulating its flows.</summary>
/// <remarks>
/// <para>
/// Flow-level: memory, applications and background are fluid flows that share the hosts' uplinks max-min fairly, as long-lived
/// TCP connections of similar round-trip time do. Rates hold until a migration starts, switches over or ends.
/// </para>
/// <para>
/// A pre-copy that never converges keeps its place in the budgets: migrations that wait for that place never start.
/// </para>
/// </remarks>
public static class Simulator
{
    /// <summary>Runs a scenario to its end, or until nothing can change any more.</summary>
    /// <param name="scenario">Hosts, migrations and traffic.</param>
    /// <param name="cancellationToken">Ends the simulation.</param>
    /// <exception cref="ArgumentException">An index names nothing, or a figure is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SimulatedRun Run(Scenario scenario, CancellationToken cancellationToken = default)
    {
        ScenarioCheck.ThrowIfInvalid(scenario);
        return new Simulation(scenario).Run(cancellationToken);
    }
}
