using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Migration;

/// <summary>A VM that runs have moved.</summary>
/// <param name="VMName">Its name.</param>
/// <param name="VMId">libvirt's UUID of it, where it is known.</param>
/// <param name="Home">The host that it left first.</param>
/// <param name="Current">The host that it was moved to last.</param>
public sealed record MovedVM(string VMName, string? VMId, string Home, string Current);

/// <summary>The way back of VMs after maintenance: which come home, from where, and by which traffic.</summary>
/// <param name="Rates">Every VM that runs on a host from which one comes home, as it was measured.</param>
/// <param name="Homes">Of each that comes home, its home.</param>
/// <param name="Stays">Those that stay: their traffic is background.</param>
/// <param name="AlreadyHome">Those that somebody has brought home already.</param>
/// <param name="Missing">Those that run neither where they were moved to nor at home.</param>
public sealed record ReturnHome(
    IReadOnlyList<VMTrafficRate> Rates, IReadOnlyDictionary<VMRef, string> Homes, IReadOnlyList<VMRef> Stays,
    IReadOnlyList<MovedVM> AlreadyHome, IReadOnlyList<MovedVM> Missing)
{
    /// <summary>Follows VMs through runs: home is where the first of them began, however often a VM was moved since.</summary>
    /// <param name="runs">The runs, in any order.</param>
    /// <returns>The VMs that are not at home by the journals, in the order in which they left.</returns>
    /// <exception cref="MigrationException"><c>RunNotEnded</c>.</exception>
    public static IReadOnlyList<MovedVM> FollowRuns(IEnumerable<MigrationRunRecord> runs)
    {
        var moved = new List<MovedVM>();
        foreach (MigrationRunRecord run in runs.OrderBy(r => r.StartTime))
        {
            if (run.State != MigrationRunState.Ended)
            {
                throw Failures.RunNotEnded(run.Id, run.State == MigrationRunState.Running);
            }

            foreach (VMMigrationRecord vm in run.VirtualMachines.Where(
                v => v.Result?.Outcome is MigrationOutcome.Completed or MigrationOutcome.AlreadyThere))
            {
                // Of a VM that was there already, an earlier run may know where it came from.
                int known = moved.FindIndex(m => IsSame(m, vm) && (SameHost(m.Current, vm.Source) || SameHost(m.Current, vm.Destination)));
                if (known >= 0)
                {
                    moved[known] = moved[known] with { Current = vm.Destination };
                }
                else
                {
                    moved.Add(new MovedVM(vm.VMName, vm.Plan.VMId, vm.Source, vm.Destination));
                }
            }
        }

        return [.. moved.Where(m => !SameHost(m.Home, m.Current))];
    }

    /// <summary>Compares where VMs are by the journals with what was measured just now.</summary>
    /// <param name="moved">The VMs that are to come home.</param>
    /// <param name="measured">The hosts that could be measured. A VM of which an end could not is left out.</param>
    public static ReturnHome Find(IReadOnlyList<MovedVM> moved, IEnumerable<HostMeasurement> measured)
    {
        var hosts = measured.ToDictionary(m => m.Host.HostName, StringComparer.OrdinalIgnoreCase);
        MovedVM[] known = [.. moved.Where(m => hosts.ContainsKey(m.Home) && hosts.ContainsKey(m.Current))];
        var homes = new Dictionary<VMRef, string>();
        var alreadyHome = new List<MovedVM>();
        var missing = new List<MovedVM>();
        foreach (MovedVM vm in known)
        {
            if (On(vm.Current) is { } rate)
            {
                homes[new VMRef(rate.HostName, rate.VMName)] = vm.Home;
            }
            else
            {
                (On(vm.Home) is null ? missing : alreadyHome).Add(vm);
            }

            VMTrafficRate? On(string host) => hosts[host].VirtualMachines.FirstOrDefault(
                r => vm.VMId is null || r.VMId is null ? r.VMName == vm.VMName : string.Equals(r.VMId, vm.VMId, StringComparison.OrdinalIgnoreCase));
        }

        // A host that no VM leaves has none of its own in the plan: there they are background to what arrives.
        var left = homes.Keys.Select(v => v.HostName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        VMTrafficRate[] rates = [.. hosts.Values.Where(h => left.Contains(h.Host.HostName)).SelectMany(h => h.VirtualMachines)];
        return new ReturnHome(
            rates, homes, [.. rates.Select(r => new VMRef(r.HostName, r.VMName)).Where(v => !homes.ContainsKey(v))], alreadyHome, missing);
    }

    private static bool IsSame(MovedVM moved, VMMigrationRecord vm) => moved.VMId is null || vm.Plan.VMId is null
        ? moved.VMName == vm.VMName
        : string.Equals(moved.VMId, vm.Plan.VMId, StringComparison.OrdinalIgnoreCase);

    private static bool SameHost(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
