using CsCheck;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Where a switch is advised, both continuations are simulated: the plan's own model has to agree.</summary>
public sealed class SwitchSimulationTests
{
    private const long Gigabit = 1_000_000_000;

    // Between the models: looks truncate figures to whole bytes, and the adviser takes the dirty rate from passes.
    private const double Difference = 0.02;

    private static readonly Gen<Scenario> Scenarios = Gen.Select(
        Gen.Select(Gen.Long[500_000_000, 8_000_000_000], Gen.Long[0, 120_000_000]),
        Gen.Select(Gen.Long[0, Gigabit], Gen.Long[0, Gigabit]), Gen.Select(Gen.Long[0, Gigabit / 2], Gen.Long[0, Gigabit / 2]),
        (memory, vm, background) => new Scenario
        {
            Hosts = [new ScenarioHost(Gigabit, BackgroundTxBitsPerSecond: background.Item1), new ScenarioHost(Gigabit, BackgroundRxBitsPerSecond: background.Item2)],
            Migrations = [new ScenarioMigration
            {
                Source = 0, Destination = 1, Technique = Technique.PreCopy, MemoryBytes = memory.Item1, DirtyBytesPerSecond = memory.Item2,
                TxBitsPerSecond = vm.Item1, RxBitsPerSecond = vm.Item2,
            }],
        });

    [Fact]
    public void Simulation_of_both_continuations_agrees_with_a_switch()
    {
        int contended = 0;
        int endless = 0;
        int kept = 0;
        Scenarios.Sample(
            scenario =>
            {
                ScenarioMigration migration = scenario.Migrations[0];
                var preCopy = new PlayedPreCopy(migration.MemoryBytes, migration.DirtyBytesPerSecond, RateOf(scenario));
                SwitchDecision[] decisions = SwitchAdviserTests.Play(
                    new SwitchAdviser(new SwitchRules { DirtyBytesPerSecond = migration.DirtyBytesPerSecond }), preCopy, _ => TrafficOf(scenario), first: 1);
                if (decisions.FirstOrDefault(d => d.Switches) is not { } decision)
                {
                    Interlocked.Increment(ref kept);
                    return true;
                }

                Interlocked.Increment(ref decision.Cause == SwitchCause.Contention ? ref contended : ref endless);
                double second = (decision.Time - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;
                double staying = Simulator.Run(scenario).Migrations[0].Duration?.TotalSeconds - second ?? double.PositiveInfinity;
                ScenarioMigration rest = migration with { Technique = Technique.PostCopy, MemoryBytes = (long)preCopy.RestAt(second) };
                double switching = Simulator.Run(scenario with { Migrations = [rest] }).Migrations[0].Duration!.Value.TotalSeconds;
                return staying >= SwitchThreshold.Begin.Contention * switching * (1 - Difference)
                    && Math.Abs(decision.PostCopyRemaining.TotalSeconds - switching) <= (Difference * switching) + 0.1;
            },
            iter: 150, threads: 1);

        // All three are met, or nothing was shown.
        Assert.True(contended > 15 && endless > 15 && kept > 15, $"{contended} by contention, {endless} without convergence, {kept} kept");
    }

    private static double RateOf(Scenario scenario)
    {
        var network = new SharedNetwork(scenario);
        network.Route(0, MigrationPhase.PreCopy);
        network.Share();
        return network.BytesPerSecond(0);
    }

    private static LiveTraffic TrafficOf(Scenario scenario) =>
        SwitchForecastTests.Sending(SwitchForecastTests.Quiet, scenario.Migrations[0].TxBitsPerSecond) with
        {
            RxBitsPerSecond = scenario.Migrations[0].RxBitsPerSecond,
            SourceOtherTxBitsPerSecond = scenario.Hosts[0].BackgroundTxBitsPerSecond,
            DestinationOtherRxBitsPerSecond = scenario.Hosts[1].BackgroundRxBitsPerSecond,
        };
}
