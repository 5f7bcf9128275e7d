using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Asks the simulator what a decision would come to.</summary>
/// <param name="site">VMs and hosts.</param>
/// <param name="switches">Whether pre-copies that do not converge are switched to post-copy, where the VM can be.</param>
/// <param name="transfers">How each VM's memory is sent.</param>
/// <param name="offline">What was wished for VMs that move while they stand still.</param>
internal sealed class Forecast(Site site, bool switches, TransferChooser transfers, OfflineWish? offline)
{
    // The simulation of so many takes some ten seconds, and twice as many four times as long.
    private const int MostVMs = 20_000;

    /// <summary>What keeps the run from being predicted; <see langword="null"/> where nothing does.</summary>
    public string? Missing { get; } =
        site.VMs.Length > MostVMs ? FormattableString.Invariant($"more than {MostVMs} VMs are not simulated")
        : site.VMs.FirstOrDefault(v => v.MemoryBytes is null) is { } vm ? $"MemoryBytes of VM '{vm.VMName}' is not known"
        : site.DisksUnknown() is { } unknown ? $"{unknown.Property} of VM '{unknown.VMName}' is not known"
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

        var turns = new int[schedule.Order.Length];
        for (int turn = 0; turn < turns.Length; turn++)
        {
            turns[schedule.Order[turn]] = turn;
        }

        int? Turn(int? vm) => vm is { } i ? turns[i] : null;
        var scenario = new Scenario
        {
            Hosts = [
                .. site.Sources.Select(s => new ScenarioHost(Speed(s.LinkBitsPerSecond), s.BackgroundTx, s.BackgroundRx)),
                .. site.Destinations.Select(d => new ScenarioHost(
                    Speed(d.LinkBitsPerSecond), d.BackgroundTxBitsPerSecond, d.BackgroundRxBitsPerSecond))],
            Migrations = [.. schedule.Order.Select(i => Migration(decision, i, schedule.LimitsBitsPerSecond[i]) with { Stage = schedule.Stages[i] })],
            Flows = [.. site.Mutual.Flows.Select(f => new ScenarioFlow(
                Turn(f.From), Turn(f.To), f.BitsPerSecond, f.Stays is null ? null : f.Source) { AddsAcknowledgements = false })],
            Budget = schedule.Budget,
            Window = window,
        };
        SimulatedRun run = TogetherWhereOffline(Simulator.Run(scenario, cancellationToken), decision);
        return run with { Migrations = [.. turns.Select(turn => run.Migrations[turn])] };
    }

    /// <summary>VMs that move while they stand still go on when the last of them has come.</summary>
    private static SimulatedRun TogetherWhereOffline(SimulatedRun run, Decision decision) => decision.Techniques.Contains(Technique.Offline)
        ? run with { Migrations = [.. run.Migrations.Select(m => m with { Duration = run.TotalMigrationTime - m.Start, Downtime = run.TotalMigrationTime - m.Start })] }
        : run;

    /// <summary>Memory that a VM's migration sends at least, bytes: pages that it never touched are not sent, nor those of zeros.</summary>
    public static long MemoryToMove(VMTrafficRate vm)
    {
        long memory = vm.MemoryBytes ?? 0;
        long filled = vm.ZeroMemoryShare is { } zero ? (long)(memory * (1 - zero)) : memory;
        return Math.Min(filled, vm.ResidentBytes ?? long.MaxValue);
    }

    private static long? Speed(long? linkBitsPerSecond) => linkBitsPerSecond > 0 ? linkBitsPerSecond : null;

    private ScenarioMigration Migration(Decision decision, int i, long? limit)
    {
        VMTrafficRate vm = site.VMs[i];
        int destination = decision.Destinations[i];
        MemoryTransfer transfer = Transfer(decision, i);
        long? disks = site.CopyOf(i) == StorageCopy.None ? null : site.DiskBytes(i);
        return new ScenarioMigration
        {
            Source = site.SourceOf[i],
            Destination = site.Sources.Length + destination,
            Technique = decision.Techniques[i],
            SwitchesToPostCopy = Switches(decision, i),
            // In bytes as they are sent.
            MemoryBytes = offline is null ? (long)(MemoryToMove(vm) * transfer.Share)
                : (offline.Memory == OfflineMemory.Save ? MemoryToMove(vm) : 0) + (vm.LocalDiskBytes ?? 0),
            DirtyBytesPerSecond = (long)((vm.DirtyBytesPerSecond ?? 0) * transfer.RewrittenShare),
            Connections = transfer.Connections,
            BandwidthLimitBitsPerSecond = transfer.MostBytesPerSecond is { } most && disks is null ? Math.Min(limit ?? long.MaxValue, (long)(8 * most)) : limit,
            DiskBytes = disks,
            DiskCapacityBytes = vm.LocalDiskCapacityBytes,
            DiskWriteBytesPerSecond = vm.LocalDiskWriteBytesPerSecond ?? 0,
            TxBitsPerSecond = vm.TxBitsPerSecond,
            RxBitsPerSecond = vm.RxBitsPerSecond,
        };
    }

    /// <summary>How a VM's memory is sent under a decision.</summary>
    public MemoryTransfer Transfer(Decision decision, int i) => transfers.Of(decision, i, Switches(decision, i));

    /// <summary>Whether a VM's migration begins with pre-copy and is switched to post-copy where that does not converge.</summary>
    public bool Switches(Decision decision, int i) => switches && decision.Techniques[i] == Technique.PreCopy
        && CanSwitch(site.VMs[i], site.Destinations[decision.Destinations[i]]);

    /// <summary>Whether a pre-copy of this VM to this host could become a post-copy.</summary>
    public static bool CanSwitch(VMTrafficRate vm, HostTraffic destination) =>
        (vm.PostCopyCapable ?? true) && (destination.PostCopyCapable ?? true);
}
