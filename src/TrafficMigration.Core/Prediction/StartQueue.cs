namespace TrafficMigration.Prediction;

/// <summary>Which migration may start next: the first in order that every budget has room for.</summary>
/// <typeparam name="THost">What tells one host from another.</typeparam>
/// <remarks>
/// A later migration overtakes an earlier one whose host is busy, but none overtakes a stage: a migration starts only when
/// all of lower stages have ended, however they did. Not for use by several threads at once.
/// </remarks>
internal sealed class StartQueue<THost>
    where THost : notnull
{
    private readonly MigrationBudget _budget;
    private readonly (int Source, int Destination)[] _hosts;
    private readonly LinkedList<int> _waiting;
    private readonly bool[] _runs;
    private readonly int[] _outgoing;
    private readonly int[] _incoming;
    private readonly IReadOnlyList<int?> _stages;
    private readonly SortedDictionary<int, int> _leftInStage = [];
    private int _running;

    /// <summary>All migrations wait.</summary>
    /// <param name="migrations">Source and destination of each, in the order in which they are to start.</param>
    /// <param name="budget">How many may run at once.</param>
    /// <param name="stages">Each migration's stage; <see langword="null"/> for one that neither waits for stages nor is waited for, or for all.</param>
    public StartQueue(IReadOnlyList<(THost Source, THost Destination)> migrations, MigrationBudget budget, IReadOnlyList<int?>? stages = null)
    {
        var numbers = new Dictionary<THost, int>();
        int NumberOf(THost host)
        {
            numbers.TryAdd(host, numbers.Count);
            return numbers[host];
        }

        _budget = budget;
        _hosts = [.. migrations.Select(m => (NumberOf(m.Source), NumberOf(m.Destination)))];
        _waiting = new LinkedList<int>(Enumerable.Range(0, _hosts.Length));
        _runs = new bool[_hosts.Length];
        _outgoing = new int[numbers.Count];
        _incoming = new int[numbers.Count];
        _stages = stages ?? new int?[_hosts.Length];
        foreach (int stage in _stages.OfType<int>())
        {
            _leftInStage[stage] = _leftInStage.GetValueOrDefault(stage) + 1;
        }
    }

    /// <summary>Takes the next migration that may start now: its index, or <see langword="null"/> if none may.</summary>
    public int? TakeNext()
    {
        if (!HasRoom(_running, _budget.ThrottleLimit))
        {
            return null;
        }

        int? stage = _leftInStage.Count > 0 ? _leftInStage.First().Key : null;
        for (LinkedListNode<int>? node = _waiting.First; node is not null; node = node.Next)
        {
            var (source, destination) = _hosts[node.Value];
            if ((_stages[node.Value] ?? stage) == stage
                && HasRoom(_outgoing[source], _budget.MaxOutgoingPerHost)
                && HasRoom(_incoming[destination], _budget.MaxIncomingPerHost))
            {
                _waiting.Remove(node);
                Count(node.Value, 1);
                _runs[node.Value] = true;
                return node.Value;
            }
        }

        return null;
    }

    /// <summary>Gives back what a migration took of the budgets.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public void End(int migration)
    {
        if (!_runs[migration])
        {
            throw new InvalidOperationException($"Migration {migration} does not run.");
        }

        _runs[migration] = false;
        Count(migration, -1);
        if (_stages[migration] is { } stage && --_leftInStage[stage] == 0)
        {
            _leftInStage.Remove(stage);
        }
    }

    private static bool HasRoom(int running, int limit) => limit == 0 || running < limit;

    private void Count(int migration, int change)
    {
        _running += change;
        _outgoing[_hosts[migration].Source] += change;
        _incoming[_hosts[migration].Destination] += change;
    }
}
