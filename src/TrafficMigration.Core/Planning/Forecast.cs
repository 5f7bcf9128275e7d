using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Asks the simulator what a decision would come to.</summary>
/// <param name="site">VMs and hosts.</param>
/// <param name="switches">Whether pre-copies that do not converge are switched to post-copy, where the VM can be.</param>
internal sealed class Forecast(Site site, bool switches)
{
    // The simulation of so many takes some ten seconds, and twice as many four times as long.
    private const int MostVMs = 20_000;

    /// <summary>What keeps the run from being predicted; <see langword="null"/> where nothing does.</summary>
    public string? Missing { get; } =
        site.VMs.Length > MostVMs ? FormattableString.Invariant($"more than {MostVMs} VMs are not simulated")
        : site.VMs.FirstOrDefault(v => v.MemoryBytes is null) is { } vm ? $"MemoryBytes of VM '{vm.VMName}' is not known"
        : site.Sources.All(s => s.LinkBitsPerSecond is null or 0) && site.Destinations.All(d => d.LinkBitsPerSecond is null or 0)
            ? "LinkBitsPerSecond is not known of any host"
            : null;

    /// <summary>Whether any VM is known to dirty memory.</summary>
    public bool AnyDirty { get; } = site.VMs.Any(v => v.DirtyBytesPerSecond > 0);

    /// <summary>Simulates.</summary>
    /// <param name="decision">Techniques and destinations.</param>
    /// <param name="schedule">Order, limits and budget.</param>
    /// <param name="window">The time over which applications' throughput is averaged; the run where not given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The run, its migrations in the order of the site's VMs; <see langword="null"/> where something is missing.</returns>
    public SimulatedRun? Run(Decision decision, Schedule schedule, TimeSpan? window, CancellationToken cancellationToken)
    {
        if (Missing is not null)
        {
            return null;
        }

        var scenario = new Scenario
        {
            Hosts = [
                .. site.Sources.Select(s => new ScenarioHost(Speed(s.LinkBitsPerSecond), s.BackgroundTx, s.BackgroundRx)),
                .. site.Destinations.Select(d => new ScenarioHost(
                    Speed(d.LinkBitsPerSecond), d.BackgroundTxBitsPerSecond, d.BackgroundRxBitsPerSecond))],
            Migrations = [.. schedule.Order.Select(i => Migration(decision, i, schedule.LimitsBitsPerSecond[i]))],
            Budget = schedule.Budget,
            Window = window,
        };
        SimulatedRun run = TogetherWhereOffline(Simulator.Run(scenario, cancellationToken), decision);
        var byVM = new SimulatedMigration[schedule.Order.Length];
        for (int turn = 0; turn < byVM.Length; turn++)
        {
            byVM[schedule.Order[turn]] = run.Migrations[turn];
        }

        return run with { Migrations = byVM };
    }

    /// <summary>VMs that move while they stand still go on when the last of them has come.</summary>
    private static SimulatedRun TogetherWhereOffline(SimulatedRun run, Decision decision) => decision.Techniques.Contains(Technique.Offline)
        ? run with { Migrations = [.. run.Migrations.Select(m => m with { Duration = run.TotalMigrationTime - m.Start, Downtime = run.TotalMigrationTime - m.Start })] }
        : run;

    /// <summary>Memory that a VM's migration sends at least, bytes: pages that it never touched are not sent.</summary>
    public static long MemoryToMove(VMTrafficRate vm) => Math.Min(vm.MemoryBytes ?? 0, vm.ResidentBytes ?? long.MaxValue);

    private static long? Speed(long? linkBitsPerSecond) => linkBitsPerSecond > 0 ? linkBitsPerSecond : null;

    private ScenarioMigration Migration(Decision decision, int i, long? limit)
    {
        VMTrafficRate vm = site.VMs[i];
        int destination = decision.Destinations[i];
        return new ScenarioMigration
        {
            Source = site.SourceOf[i],
            Destination = site.Sources.Length + destination,
            Technique = decision.Techniques[i],
            SwitchesToPostCopy = switches && decision.Techniques[i] == Technique.PreCopy && CanSwitch(vm, site.Destinations[destination]),
            MemoryBytes = MemoryToMove(vm),
            DirtyBytesPerSecond = vm.DirtyBytesPerSecond ?? 0,
            BandwidthLimitBitsPerSecond = limit,
            TxBitsPerSecond = vm.TxBitsPerSecond,
            RxBitsPerSecond = vm.RxBitsPerSecond,
        };
    }

    /// <summary>Whether a pre-copy of this VM to this host could become a post-copy.</summary>
    public static bool CanSwitch(VMTrafficRate vm, HostTraffic destination) =>
        (vm.PostCopyCapable ?? true) && (destination.PostCopyCapable ?? true);
}
