using System.Diagnostics;
using TrafficMigration.Prediction;

namespace TrafficMigration.Benchmarks.Planning;

/// <summary>Measures how long the simulator takes for large runs, and what it spends the time on.</summary>
/// <remarks>
/// The ratio to one progressive filling of the same flows, all of them running, is free of the machine's speed: it says how
/// many full fillings' worth of work a run is.
/// </remarks>
internal static class SimulatorCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  simulate";

    private const long Gigabit = 1_000_000_000;
    private const int Repetitions = 3;

    /// <summary>Runs the benchmark and prints a table.</summary>
    public static int Run()
    {
        // The first run pays for the compiler.
        new Simulation(Across(100, 5, 2, new MigrationBudget())).Run(CancellationToken.None);
        Console.WriteLine($"{"scenario",-44}{"ms",9}{"events",9}{"shared",9}{"fillings",9}{"one, ms",9}{"ratio",8}");
        foreach (int throttle in new[] { 0, 100 })
        {
            string budget = throttle == 0 ? "all at once" : $"{throttle} at once";
            Measure($"1,000 VMs, 50 to 20 hosts, {budget}", Across(1_000, 50, 20, new MigrationBudget(throttle)));
            Measure($"10,000 VMs, 1 to 1 host, {budget}", Across(10_000, 1, 1, new MigrationBudget(throttle)));
        }

        return 0;
    }

    private static void Measure(string name, Scenario scenario)
    {
        double best = double.PositiveInfinity;
        Simulation simulation = new(scenario);
        for (int i = 0; i < Repetitions; i++)
        {
            simulation = new Simulation(scenario);
            best = Math.Min(best, Milliseconds(() => simulation.Run(CancellationToken.None)));
        }

        double filling = OneFilling(scenario);
        SharedNetwork network = simulation.Network;
        Console.WriteLine(
            $"{name,-44}{best,9:F1}{simulation.Events,9}{network.Solutions,9}{network.Fillings,9}{filling,9:F3}{best / filling,8:F0}");
    }

    /// <summary>Time of one filling with every migration's memory on its way, as a mean of many.</summary>
    private static double OneFilling(Scenario scenario)
    {
        const int Times = 200;
        var network = new SharedNetwork(scenario);
        for (int i = 0; i < scenario.Migrations.Count; i++)
        {
            network.Route(i, MigrationPhase.PreCopy);
        }

        network.Share();
        int before = network.Fillings;
        double all = Milliseconds(() =>
        {
            for (int i = 0; i < Times; i++)
            {
                network.Share();
            }
        });
        return all / (network.Fillings - before);
    }

    private static double Milliseconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>VMs of 1 to 16 GB with traffic both ways, every second post-copied, every third dirtying memory.</summary>
    private static Scenario Across(int vms, int sources, int destinations, MigrationBudget budget)
    {
        var random = new Random(1);
        return new Scenario
        {
            Hosts = [.. Enumerable.Range(0, sources + destinations)
                .Select(_ => new ScenarioHost(10 * Gigabit, random.Next(1_000_000_000), random.Next(1_000_000_000)))],
            Migrations = [.. Enumerable.Range(0, vms).Select(i => new ScenarioMigration
            {
                Source = i % sources,
                Destination = sources + (i % destinations),
                Technique = i % 2 == 0 ? Technique.PreCopy : Technique.PostCopy,
                SwitchesToPostCopy = i % 2 == 0,
                MemoryBytes = random.NextInt64(1_000_000_000, 16_000_000_000),
                DirtyBytesPerSecond = i % 3 == 0 ? random.Next(50_000_000) : 0,
                WorkingSetBytes = 500_000_000,
                TxBitsPerSecond = random.Next(300_000_000),
                RxBitsPerSecond = random.Next(300_000_000),
            })],
            Budget = budget,
        };
    }
}
