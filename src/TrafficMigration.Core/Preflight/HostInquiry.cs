using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>The first round: connects to every host of the plans and asks what it has.</summary>
internal sealed class HostInquiry
{
    private readonly IReadOnlyList<VMMigrationPlan> _plans;
    private readonly Func<string, CancellationToken, Task<ICommandChannel>> _connect;
    private readonly TimeProvider _time;
    private Dictionary<string, Reply> _replies = [];

    public HostInquiry(
        IReadOnlyList<VMMigrationPlan> plans, Func<string, CancellationToken, Task<ICommandChannel>> connect, TimeProvider time)
    {
        _plans = plans;
        _connect = connect;
        _time = time;
        Names = [.. plans.SelectMany(p => new[] { p.Source, p.Destination }).Distinct(Comparer).Order(Comparer)];
    }

    /// <summary>Names of hosts are equal in either case.</summary>
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>What marks the parts of this check's answers.</summary>
    public string Nonce { get; } = Guid.NewGuid().ToString("N");

    /// <summary>All hosts.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>A finding for each host that did not answer.</summary>
    public IEnumerable<PreflightFinding> Failures => _replies.Values.Select(r => r.Failure).OfType<PreflightFinding>();

    /// <summary>The pairs of source and destination of which both answered, each once.</summary>
    public IEnumerable<(HostState Source, HostState Destination)> Pairs => _plans
        .DistinctBy(p => (p.Source.ToUpperInvariant(), p.Destination.ToUpperInvariant()))
        .Select(p => (State(p.Source), State(p.Destination))).Where(p => p is ({ }, { })).Select(p => (p.Item1!, p.Item2!));

    /// <summary>What a host said; <see langword="null"/> where it did not answer.</summary>
    public HostState? State(string host) => _replies.GetValueOrDefault(host)?.State;

    /// <summary>How far a host's clock is from ours; <see langword="null"/> where it did not answer.</summary>
    public HostClock? Clock(string host) => _replies.GetValueOrDefault(host)?.Clock;

    /// <summary>The connection to a host that answered.</summary>
    public ICommandChannel Channel(HostState host) => _replies[host.HostName].Channel!;

    /// <summary>Asks all hosts side by side.</summary>
    public async Task AskAsync(CancellationToken cancellationToken) => _replies =
        (await Task.WhenAll(Names.Select(n => AskAsync(n, cancellationToken)))).ToDictionary(r => r.Name, r => r.Reply, Comparer);

    /// <summary>Turns a failure into a finding about the host, and lets everything else through.</summary>
    /// <param name="host">The host that is asked.</param>
    /// <param name="ask">Asks it.</param>
    public static async Task<(T? Value, PreflightFinding? Failure)> TryAsync<T>(string host, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return (await ask(), null);
        }
        catch (MigrationException e)
        {
            return (null, Findings.HostFailed(host, e));
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return (null, Findings.HostFailed(host, TrafficMigration.Failures.AnswerNotUnderstood(host, "an account of itself", e.Message)));
        }
    }

    private async Task<(string Name, Reply Reply)> AskAsync(string host, CancellationToken cancellationToken)
    {
        (Reply? reply, PreflightFinding? failure) = await TryAsync(host, async () =>
        {
            ICommandChannel channel = await _connect(host, cancellationToken);
            string script = HostScript.For(Nonce, _plans.Where(p => Comparer.Equals(p.Source, host)).Select(p => p.VMId ?? p.VMName).Distinct());
            DateTimeOffset asked = _time.GetUtcNow();
            long started = _time.GetTimestamp();
            CommandResult result = await channel.ExecuteAsync(script, cancellationToken);
            TimeSpan waited = _time.GetElapsedTime(started);
            HostState state = result.ExitCode == 0
                ? HostStateParser.Parse(host, result.Output, Nonce)
                : throw VirshFailure.From(host, "telling what a migration needs to know", result);
            return new Reply(state, channel, HostClock.Of(state.Answered, asked, waited), null);
        });
        return (host, reply ?? new Reply(null, null, null, failure));
    }

    private sealed record Reply(HostState? State, ICommandChannel? Channel, HostClock? Clock, PreflightFinding? Failure);
}
