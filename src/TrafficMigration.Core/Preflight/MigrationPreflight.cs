using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>Finds before anything moves what would make a step of a plan fail.</summary>
/// <remarks>
/// Two rounds, hosts side by side, and nothing is changed on any host: first each host tells about itself and the VMs
/// that leave it (<see cref="HostScript"/>); then each destination is asked about the demands of those that come
/// (<see cref="DemandScript"/>), and each source tries its ways (<see cref="RouteScript"/>).
/// </remarks>
public static class MigrationPreflight
{
    /// <summary>Checks plans.</summary>
    /// <param name="plans">The VMs' plans.</param>
    /// <param name="connect">Opens a connection to a host, or gives the one that it has. Whoever owns it disposes what it opened.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <returns>
    /// What was found: errors first, then by host and VM. None when all is well. A host that cannot be reached or asked is
    /// a finding and does not stop the others.
    /// </returns>
    public static Task<IReadOnlyList<PreflightFinding>> CheckAsync(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, CancellationToken cancellationToken) =>
        CheckAsync(plans, connect, TimeProvider.System, cancellationToken);

    internal static async Task<IReadOnlyList<PreflightFinding>> CheckAsync(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var hosts = new HostInquiry(plans, connect, time);
        await hosts.AskAsync(cancellationToken);
        var found = new List<PreflightFinding>(hosts.Failures);
        var ways = new List<VMPassage>();
        foreach (VMMigrationPlan plan in plans)
        {
            if (hosts.State(plan.Source) is { } source && hosts.State(plan.Destination) is { } destination
                && RouteChecks.Identity(source, destination) is null)
            {
                PreflightFinding? missing = Find(plan, source, out GuestState? guest);
                if (missing is not null)
                {
                    found.Add(missing);
                }
                else
                {
                    ways.Add(new VMPassage(plan, source, destination, guest!));
                }
            }
        }

        var demands = new DemandInquiry(hosts, ways, plans);
        await demands.AskAsync(cancellationToken);
        found.AddRange(demands.Failures);
        found.AddRange(Hosts(hosts, plans, ways));
        found.AddRange(demands.Routes.SelectMany(r => RouteChecks.Route(r.Source, r.Destination, r.Route)));
        found.AddRange(ways.SelectMany(w => Understood(w.Source, VM(w, demands))));
        foreach (IGrouping<HostState, VMPassage> coming in ways.GroupBy(w => w.Destination))
        {
            if (demands.Abilities(coming.Key) is { } there)
            {
                found.AddRange(DiskChecks.Room(coming.Key, there, coming.Where(w => demands.Abilities(w.Source) is not null).Select(w => (w, demands.Abilities(w.Source)!))));
            }
        }

        found.AddRange(Doubles(plans));
        VMMigrationPlan[] offline = [.. ways.Select(w => w.Plan).Where(p => p.Technique == Technique.Offline)];
        found.AddRange(await OfflineInventory.CheckAsync(offline, connect, cancellationToken));
        if (plans.All(p => p.Technique == Technique.Offline))
        {
            found.RemoveAll(f => OfflineInventory.LiveOnly.Contains(f.Check) && !demands.Failures.Contains(f));
        }

        return
        [
            .. found.Distinct().OrderByDescending(f => f.Severity).ThenBy(f => f.HostName, StringComparer.OrdinalIgnoreCase)
                .ThenBy(f => f.VMName, StringComparer.Ordinal).ThenBy(f => f.Check, StringComparer.Ordinal).ThenBy(f => f.Message, StringComparer.Ordinal),
        ];
    }

    /// <summary>Definitions are read while they are checked: one that holds nonsense must not end the whole check.</summary>
    private static IReadOnlyList<PreflightFinding> Understood(HostState host, IEnumerable<PreflightFinding> findings)
    {
        try
        {
            return [.. findings];
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return [Findings.HostFailed(host.HostName, Failures.AnswerNotUnderstood(host.HostName, "the definition of a VM", e.Message))];
        }
    }

    private static PreflightFinding? Find(VMMigrationPlan plan, HostState source, out GuestState? guest)
    {
        guest = plan.VMId is not null
            ? source.Guests.GetValueOrDefault(plan.VMId)
            : source.Guests.Values.FirstOrDefault(g => g.Name == plan.VMName);
        return guest is null ? Findings.VMNotFound(plan)
            : guest.State != "running" && !(plan.Technique == Technique.Offline && guest.State == "paused") ? Findings.VMNotRunning(plan, guest.State)
            : null;
    }

    private static IEnumerable<PreflightFinding> Hosts(HostInquiry hosts, IReadOnlyList<VMMigrationPlan> plans, List<VMPassage> ways)
    {
        foreach (string host in hosts.Names)
        {
            if (hosts.Clock(host)?.Significant is { } skew)
            {
                yield return Findings.ClockSkewed(host, skew);
            }

            if (hosts.State(host) is not { } state)
            {
                continue;
            }

            bool isSource = plans.Any(p => HostInquiry.Comparer.Equals(p.Source, host));
            bool isDestination = plans.Any(p => HostInquiry.Comparer.Equals(p.Destination, host));
            foreach (PreflightFinding finding in (isSource ? RoomChecks.Folders(state, isSource: true) : [])
                .Concat(isDestination ? Destination(state, ways) : []))
            {
                yield return finding;
            }
        }

        foreach ((HostState source, HostState destination) in hosts.Pairs)
        {
            if (RouteChecks.Identity(source, destination) is { } same)
            {
                yield return same;
                continue;
            }

            if (HostClock.Between(hosts.Clock(source.HostName)!, hosts.Clock(destination.HostName)!) is { } skew)
            {
                yield return Findings.ClocksDiffer(source.HostName, destination.HostName, skew);
            }

            foreach (PreflightFinding finding in RouteChecks.Versions(source, destination))
            {
                yield return finding;
            }
        }
    }

    private static IEnumerable<PreflightFinding> Destination(HostState host, List<VMPassage> ways)
    {
        if (!RouteChecks.HasFreePort(host))
        {
            yield return Findings.MigrationPortsUsedUp(host);
        }

        string[] arriving = [.. host.Domains.Values.Where(d => d.IsArriving).Select(d => d.Name).Order(StringComparer.Ordinal)];
        if (arriving.Length > 0)
        {
            yield return Findings.MigrationArriving(host, arriving);
        }

        foreach (PreflightFinding finding in RoomChecks.Folders(host, isSource: false).Concat(
            Understood(host, RoomChecks.Memory(host, [.. ways.Where(w => w.Destination == host)], [.. ways.Where(w => w.Source == host)]))))
        {
            yield return finding;
        }
    }

    private static IEnumerable<PreflightFinding> VM(VMPassage way, DemandInquiry demands)
    {
        IEnumerable<PreflightFinding> found = VMChecks.AtSource(way).Concat(VMChecks.AtDestination(way)).Concat(VMChecks.Devices(way))
            .Concat(VMChecks.PostCopy(way)).Concat(AbilityChecks.Bridges(way)).Concat(AbilityChecks.Displays(way)).Concat(AbilityChecks.Placement(way));
        if (demands.Abilities(way.Destination) is { } there)
        {
            found = found.Concat(AbilityChecks.Machine(way, there)).Concat(AbilityChecks.Names(way, there));
            if (demands.Abilities(way.Source) is { } here)
            {
                found = found.Concat(PathChecks.Of(way, here, there)).Concat(DiskChecks.Of(way, here, there));
            }
        }

        return found;
    }

    private static IEnumerable<PreflightFinding> Doubles(IReadOnlyList<VMMigrationPlan> plans) => plans
        .GroupBy(p => (Destination: p.Destination.ToUpperInvariant(), p.VMName))
        .Where(g => g.Select(p => p.Source).Distinct(HostInquiry.Comparer).Skip(1).Any())
        .SelectMany(g => g.Select(p => Findings.NameTakenTwice(p, g.Select(o => o.Source).Order(StringComparer.Ordinal))));
}
