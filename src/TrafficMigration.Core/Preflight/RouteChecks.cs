using System.Net;

namespace TrafficMigration.Preflight;

/// <summary>Checks of a pair of hosts: whether they are two, and how the source reaches the destination.</summary>
internal static class RouteChecks
{
    /// <summary>What libvirt compares before it migrates: it refuses where a host would send to itself.</summary>
    public static PreflightFinding? Identity(HostState source, HostState destination) =>
        source.Uuid == destination.Uuid
            ? Findings.SameHost(source, destination, source.MachineId.Length > 0 && destination.MachineId.Length > 0 && source.MachineId != destination.MachineId)
        : source.LibvirtHostName.Length > 0 && source.LibvirtHostName == destination.LibvirtHostName ? Findings.SameHostName(source, destination)
        : null;

    /// <summary>Versions: QEMU promises migration to the same or a newer version only. Fix releases do not count.</summary>
    public static IEnumerable<PreflightFinding> Versions(HostState source, HostState destination)
    {
        if (source.QemuVersion is { } sent && destination.QemuVersion is { } received && IsOlder(received, sent))
        {
            yield return Findings.QemuOlder(source, destination);
        }

        if (IsOlder(destination.LibvirtVersion, source.LibvirtVersion))
        {
            yield return Findings.LibvirtOlder(source, destination);
        }
    }

    /// <summary>Name, login, addresses and ports, by the source's own trial.</summary>
    public static IEnumerable<PreflightFinding> Route(HostState source, HostState destination, RouteState route)
    {
        if (Login(source, destination, route) is { } finding)
        {
            yield return finding;
        }

        foreach ((string address, MemoryRoute way) in route.Addresses)
        {
            if (way.Resolved.Count == 0)
            {
                yield return Findings.NameNotResolved(source, destination.HostName, address);
            }
            else if (IPAddress.TryParse(destination.Settings.ListenAddress?.Trim('[', ']'), out IPAddress? listened) && !way.Resolved.Contains(listened))
            {
                yield return Findings.MigrationAddressNotListened(source, destination, address);
            }
            else if (Doors(source, destination, address, way) is { } closed)
            {
                yield return closed;
            }
        }
    }

    /// <summary>
    /// Ports to try: the last one and one in the middle on which nothing listens. libvirt gives out the first free one,
    /// so a migration that starts this moment does not get these.
    /// </summary>
    public static IReadOnlyList<int> PortsToTry(HostState destination)
    {
        QemuSettings settings = destination.Settings;
        int middle = settings.FirstPort + ((settings.LastPort - settings.FirstPort + 1) / 2);
        int[] free = [.. Enumerable.Range(middle, Math.Max(0, settings.LastPort - middle + 1)).Where(p => !destination.ListeningPorts.Contains(p))];
        return free.Length == 0 ? [] : [.. new[] { free[0], free[^1] }.Distinct()];
    }

    /// <summary>Whether libvirt has a port left to give to a migration.</summary>
    public static bool HasFreePort(HostState destination) =>
        Enumerable.Range(destination.Settings.FirstPort, Math.Max(0, destination.Settings.LastPort - destination.Settings.FirstPort + 1))
            .Any(p => !destination.ListeningPorts.Contains(p));

    private static PreflightFinding? Login(HostState source, HostState destination, RouteState route)
    {
        if (route.Login is not { } login)
        {
            return Findings.LoginNotVerified(source, destination.HostName);
        }

        string name = destination.HostName;
        return login switch
        {
            { IsYes: true } => login.Said == destination.Uuid ? null : Findings.DestinationIsAnother(source, destination, login.Said),
            { ExitCode: 124 } => Findings.SshUnreachable(source, name, "no answer within 15 s"),
            _ when login.Says("Could not resolve hostname") => Findings.NameNotResolved(source, name, name),
            _ when login.Says("Host key verification failed") || login.Says("IDENTIFICATION HAS CHANGED") => Findings.HostKeyNotVerified(source, name, login.Said),
            _ when login.Says("Permission denied (") || login.Says("Too many authentication failures") => Findings.LoginRefused(source, name, login.Said),
            _ when login.Says("ssh: connect to host") => Findings.SshUnreachable(source, name, login.Said),
            _ => Findings.LibvirtUnreachable(source, name, login.Said),
        };
    }

    private static PreflightFinding? Doors(HostState source, HostState destination, string address, MemoryRoute way)
    {
        bool[] tried = [.. way.Doors.OfType<bool>()];
        return way.Doors.Count == 0 ? null
            : tried.Length == 0 ? Findings.MigrationPortsNotTried(source, destination)
            : !tried.Contains(true) ? Findings.MigrationPortsClosed(source, destination, address)
            : tried.Contains(false) ? Findings.MigrationPortsPartlyClosed(source, destination, address)
            : null;
    }

    private static bool IsOlder(Version one, Version other) => (one.Major, one.Minor).CompareTo((other.Major, other.Minor)) < 0;
}
