using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>The second round: asks hosts about the demands of VMs, and sources about their ways to the destinations.</summary>
internal sealed class DemandInquiry(HostInquiry hosts, IReadOnlyList<VMPassage> ways, IReadOnlyList<VMMigrationPlan> plans)
{
    private readonly Dictionary<HostState, HostAbilities> _abilities = [];
    private readonly List<PreflightFinding> _failures = [];
    private readonly List<(HostState, HostState, RouteState)> _routes = [];

    /// <summary>A finding for each host that did not answer.</summary>
    public IReadOnlyList<PreflightFinding> Failures => _failures;

    /// <summary>How sources reach destinations.</summary>
    public IReadOnlyList<(HostState Source, HostState Destination, RouteState Route)> Routes => _routes;

    /// <summary>What a host said to the VMs' demands; <see langword="null"/> where it did not answer.</summary>
    public HostAbilities? Abilities(HostState host) => _abilities.GetValueOrDefault(host);

    /// <summary>Asks all at once.</summary>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        HostState[] asked = [.. ways.SelectMany(w => new[] { w.Source, w.Destination }).Distinct()];
        (HostState, HostState)[] pairs = [.. hosts.Pairs.Where(p => RouteChecks.Identity(p.Source, p.Destination) is null)];
        var abilities = asked.Select(h => (Host: h, Answer: HostInquiry.TryAsync(h.HostName, () => AskAsync(h, cancellationToken)))).ToList();
        var routes = pairs.Select(p => (Pair: p, Answer: HostInquiry.TryAsync(p.Item1.HostName, () => AskAsync(p.Item1, p.Item2, cancellationToken)))).ToList();
        foreach ((HostState host, Task<(HostAbilities? Value, PreflightFinding? Failure)> answer) in abilities)
        {
            (HostAbilities? value, PreflightFinding? failure) = await answer;
            Keep(value, failure, v => _abilities.Add(host, v));
        }

        foreach (((HostState, HostState) pair, Task<(RouteState? Value, PreflightFinding? Failure)> answer) in routes)
        {
            (RouteState? value, PreflightFinding? failure) = await answer;
            Keep(value, failure, v => _routes.Add((pair.Item1, pair.Item2, v)));
        }
    }

    private void Keep<T>(T? value, PreflightFinding? failure, Action<T> keep)
        where T : class
    {
        if (value is not null)
        {
            keep(value);
        }
        else if (failure is not null)
        {
            _failures.Add(failure);
        }
    }

    private async Task<HostAbilities> AskAsync(HostState host, CancellationToken cancellationToken)
    {
        VMPassage[] coming = [.. ways.Where(w => w.Destination == host)];
        var asked = new HostQuestions(
            [
                .. coming.SelectMany(w => w.Paths)
                    .Concat(ways.Where(w => w.Source == host).SelectMany(w => w.Paths).Where(d => d.Use == PathUse.Writes))
                    .Select(d => d.Path).Distinct(StringComparer.Ordinal),
            ],
            [.. coming.Select(w => w.Emulator).Distinct()],
            [.. coming.Select(w => w.Cpu).OfType<CpuDemand>().Distinct()],
            [.. coming.SelectMany(AbilityChecks.NamesNeeded).Select(n => n.List).Distinct()])
        {
            Images = [.. Copying(w => w.Source == host).SelectMany(d => d.Backing.Select(b => b.Path).Prepend(d.Source!))
                .Concat(Copying(w => w.Destination == host).SelectMany(d => d.Backing.Select(b => b.Path))).Distinct(StringComparer.Ordinal)],
            Folders = [.. Copying(w => w.Destination == host).Select(d => DiskChecks.FolderOf(d.Source!)).Distinct(StringComparer.Ordinal)],
        };
        var outputs = new List<string>();
        foreach (string script in DemandScript.For(hosts.Nonce, asked))
        {
            outputs.Add(await OutputAsync(host, script, cancellationToken));
        }

        return HostAbilities.Parse(outputs, hosts.Nonce, asked);
    }

    /// <summary>The files that may be copied: whether they lie on the source alone is asked in the same breath.</summary>
    private IEnumerable<DiskFacts> Copying(Func<VMPassage, bool> which) =>
        ways.Where(w => w.Plan.StorageCopy != StorageCopy.None && which(w)).SelectMany(w => w.WrittenFiles);

    private async Task<RouteState> AskAsync(HostState source, HostState destination, CancellationToken cancellationToken)
    {
        string[] addresses =
        [
            .. plans.Where(p => HostInquiry.Comparer.Equals(p.Source, source.HostName) && HostInquiry.Comparer.Equals(p.Destination, destination.HostName))
                .Select(VMPassage.MemoryAddress).Distinct(StringComparer.Ordinal),
        ];
        string script = RouteScript.For(hosts.Nonce, destination.HostName, addresses, RouteChecks.PortsToTry(destination), source.IsRoot);
        return RouteState.Parse(await OutputAsync(source, script, cancellationToken), hosts.Nonce, addresses);
    }

    private async Task<string> OutputAsync(HostState host, string script, CancellationToken cancellationToken)
    {
        CommandResult result = await hosts.Channel(host).ExecuteAsync(script, cancellationToken);
        return result.ExitCode == 0
            ? result.Output
            : throw VirshFailure.From(host.HostName, "looking for what the VMs need", result);
    }
}
