using System.Security.Cryptography;
using TrafficMigration.Kvm;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Migration.Offline;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Preflight;

namespace TrafficMigration.Migration;

/// <summary>Runs a plan: the VMs' migrations side by side, each step in a journal before it is taken.</summary>
public sealed class MigrationRun
{
    private readonly RunStore _store;
    private readonly Func<string, CancellationToken, Task<ICommandChannel>> _connect;
    private readonly IRunListener _listener;

    /// <summary>How often a run that is taken up looks at things; the journal does not keep it. Another one is for tests only.</summary>
    internal RunPace Pace { get; init; } = new();

    /// <summary>Makes a runner.</summary>
    /// <param name="store">Where the journals are.</param>
    /// <param name="connect">Opens a connection to a host.</param>
    /// <param name="listener">Hears what happens, from any thread.</param>
    public MigrationRun(RunStore store, Func<string, CancellationToken, Task<ICommandChannel>> connect, IRunListener listener) =>
        (_store, _connect, _listener) = (store, connect, listener);

    /// <summary>Begins a run and brings it to its end.</summary>
    /// <param name="plans">The VMs' plans; they start by their <see cref="VMMigrationPlan.Order"/> as <see cref="VMMigrationPlan.Stage"/> and the budget let them.</param>
    /// <param name="options">How the run is driven.</param>
    /// <param name="stop">Cancels what can be cancelled: VMs not begun do not begin, pre-copies are aborted, post-copies are finished.</param>
    /// <param name="leave">Leaves everything at once as it is; the run can be resumed.</param>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>, <c>TechniquesMixed</c>: nothing was moved. What befalls a VM is in its result.</exception>
    public async Task StartAsync(IReadOnlyList<VMMigrationPlan> plans, RunOptions options, CancellationToken stop, CancellationToken leave)
    {
        if (plans.Any(IsOffline) && !plans.All(IsOffline))
        {
            throw Failures.TechniquesMixed(plans.First(IsOffline).VMName, plans.First(p => !IsOffline(p)).VMName);
        }

        string id = RandomNumberGenerator.GetHexString(10, lowercase: true);
        using Journal journal = _store.Create(id);
        VMMigrationPlan[] ordered = [.. plans.OrderBy(p => p.Order)];
        var head = new JournalHead(Environment.UserName, Environment.MachineName, options, [.. ordered.Select(JournalPlan.Of)])
        {
            Strategy = plans.Select(p => p.Plan?.Strategy).FirstOrDefault(),
            Objective = plans.Select(p => p.Plan?.Objective).FirstOrDefault(),
            Links = [.. plans.SelectMany(p => p.Plan?.Links ?? []).Distinct()],
        };
        await DriveAsync(
            id, options, journal, head, "begins",
            [.. ordered.Select((p, i) => new VMMigrationRecord { Number = i, Plan = p, State = MigrationState.Planned, Result = null })],
            new OfflineProgress(null, false, null), stop, leave);
    }

    /// <summary>Takes up a run that was interrupted: finds out from the hosts what is true, and carries on.</summary>
    /// <param name="id">The run.</param>
    /// <param name="stop">As for <see cref="StartAsync"/>; cancelled from the beginning, the run is ended safely.</param>
    /// <param name="leave">As for <see cref="StartAsync"/>.</param>
    /// <exception cref="MigrationException"><c>RunNotFound</c>, <c>RunHasEnded</c>, <c>RunIsDriven</c>, <c>JournalDamaged</c>, <c>JournalUnwritable</c>.</exception>
    public async Task ResumeAsync(string id, CancellationToken stop, CancellationToken leave)
    {
        MigrationRunRecord record = _store.Get(id);
        if (record.State == MigrationRunState.Ended)
        {
            throw Failures.RunHasEnded(id);
        }

        using Journal journal = _store.Open(id);
        // Read again, now that nobody else writes.
        record = _store.Get(id);
        await DriveAsync(id, record.Options with { Pace = Pace }, journal, null, "is taken up again", [.. record.VirtualMachines.Where(v => v.Result is null)], record.Offline, stop, leave);
    }

    private async Task DriveAsync(
        string id, RunOptions options, Journal journal, JournalHead? head, string beginning, VMMigrationRecord[] records, OfflineProgress offline,
        CancellationToken stop, CancellationToken leave)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var runTimeout = new CancellationTokenSource();
        using IDisposable request = _store.WatchForStop(id, stopping.Cancel);
        await using var run = new RunContext(id, options, journal, _connect, _listener) { Stop = stopping.Token, Leave = leave, RunTimeout = runTimeout.Token };
        run.Write(new JournalEntry { Event = run.Event(MigrationEventKind.Run, $"{beginning}, {records.Length} VMs"), Head = head });
        await LeaseAsync(run, records);
        await CheckAsync(run, records);
        if (options.RunTimeout is { } limit)
        {
            runTimeout.CancelAfter(limit);
        }

        run.Series = _store.Record(id, text => run.Note(MigrationEventKind.Trouble, text));
        VMMigrationPlan[] moving = [.. records.Select(r => r.Plan).Where(p => !run.Refused.ContainsKey(p.Source) && !run.Refused.ContainsKey(p.Destination))];
        run.Traffic = new TrafficWatch(
            moving, (host, token) => run.Host(host).ConnectAsync(token), (host, text) => run.Note(MigrationEventKind.Trouble, text, host),
            measured => run.Series?.Add(measured));

        bool isOpen = records.Any(r => IsOffline(r.Plan))
            ? await new OfflineGroup(records, run, offline).RunAsync()
            : await MigrateAsync(run, records, options.Budget);
        if (isOpen)
        {
            return;
        }

        try
        {
            run.Write(new JournalEntry { Event = run.Event(MigrationEventKind.Run, "ended"), Ended = true });
        }
        catch (MigrationException e)
        {
            run.Note(MigrationEventKind.Trouble, e.Message);
        }
    }

    private static bool IsOffline(VMMigrationPlan plan) => plan.Technique == Technique.Offline;

    /// <summary>Takes the hosts, one after another in the order of their names, so that of two runs one gets them all.</summary>
    private static async Task LeaseAsync(RunContext run, VMMigrationRecord[] records)
    {
        string owner = $"{Environment.UserName}@{Environment.MachineName} since {DateTimeOffset.Now:yyyy-MM-dd HH:mm:ss zzz}";
        string life = RandomNumberGenerator.GetHexString(8, lowercase: true);
        string[] hosts = [.. records.SelectMany(r => (string[])[r.Source, r.Destination])
            .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)];
        await Task.WhenAll(hosts.Select(async host =>
        {
            try
            {
                await run.Host(host).ConnectAsync(run.Leave);
            }
            catch (MigrationException e)
            {
                run.Refused[host] = e;
            }
        }));
        foreach (string host in hosts.Where(h => !run.Refused.ContainsKey(h)))
        {
            try
            {
                await run.Host(host).LeaseAsync(run.RunId, owner, life, run.Leave);
            }
            catch (MigrationException e)
            {
                run.Refused[host] = e;
            }
        }
    }

    /// <summary>Checks what is to be begun; each VM's errors are told when its turn comes.</summary>
    private static async Task CheckAsync(RunContext run, VMMigrationRecord[] records)
    {
        VMMigrationPlan[] begin = [.. records.Where(r => r.Job is null && r.State is (MigrationState.Planned or MigrationState.Preflight) && !run.Refused.ContainsKey(r.Source) && !run.Refused.ContainsKey(r.Destination)).Select(r => r.Plan)];
        if (run.Options.SkipPreflight || begin.Length == 0)
        {
            return;
        }

        try
        {
            run.Findings = await MigrationPreflight.CheckAsync(begin, (host, token) => run.Host(host).ConnectAsync(token), run.Stop);
            foreach (PreflightFinding finding in run.Findings.Where(f => f.Severity == FindingSeverity.Warning))
            {
                run.Note(MigrationEventKind.Trouble, $"{finding.Message} {finding.Remedy}", finding.HostName, finding.VMName);
            }
        }
        catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
        {
            // Each VM says so itself.
        }
    }

    /// <returns>Whether the end of a VM is open.</returns>
    private static async Task<bool> MigrateAsync(RunContext run, VMMigrationRecord[] records, MigrationBudget budget)
    {
        // The rule that the prediction used, too.
        var queue = new StartQueue<string>(
            [.. records.Select(r => (r.Source.ToUpperInvariant(), r.Destination.ToUpperInvariant()))], budget, [.. records.Select(r => r.Plan.Stage)]);
        var all = new List<Task<VMMigrationResult>>();
        var running = new Dictionary<Task, int>();
        while (all.Count < records.Length)
        {
            // Not cancelled here: a VM whose turn never came gets its result, too.
            while (queue.TakeNext() is { } next)
            {
                Task<VMMigrationResult> task = new VMMigration(records[next], run).RunAsync();
                all.Add(task);
                running.Add(task, next);
            }

            Task ended = await Task.WhenAny(running.Keys);
            queue.End(running[ended]);
            running.Remove(ended);
        }

        return (await Task.WhenAll(all)).Any(r => r.Outcome == MigrationOutcome.Unclear);
    }
}
