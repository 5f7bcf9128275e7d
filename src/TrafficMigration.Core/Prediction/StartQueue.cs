namespace TrafficMigration.Prediction;

/// <summary>Which migration may start next: the first in order that every budget has room for.</summary>
/// <typeparam name="THost">What tells one host from another.</typeparam>
/// <remarks>A later migration overtakes an earlier one whose host is busy. Not for use by several threads at once.</remarks>
internal sealed class StartQueue<THost>
    where THost : notnull
{
    private readonly MigrationBudget _budget;
    private readonly (int Source, int Destination)[] _hosts;
    private readonly LinkedList<int> _waiting;
    private readonly bool[] _runs;
    private readonly int[] _outgoing;
    private readonly int[] _incoming;
    private int _running;

    /// <summary>All migrations wait.</summary>
    /// <param name="migrations">Source and destination of each, in the order in which they are to start.</param>
    /// <param name="budget">How many may run at once.</param>
    public StartQueue(IReadOnlyList<(THost Source, THost Destination)> migrations, MigrationBudget budget)
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
    }

    /// <summary>Takes the next migration that may start now: its index, or <see langword="null"/> if none may.</summary>
    public int? TakeNext()
    {
        if (!HasRoom(_running, _budget.ThrottleLimit))
        {
            return null;
        }

        for (LinkedListNode<int>? node = _waiting.First; node is not null; node = node.Next)
        {
            var (source, destination) = _hosts[node.Value];
            if (HasRoom(_outgoing[source], _budget.MaxOutgoingPerHost)
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
    }

    private static bool HasRoom(int running, int limit) => limit == 0 || running < limit;

    private void Count(int migration, int change)
    {
        _running += change;
        _outgoing[_hosts[migration].Source] += change;
        _incoming[_hosts[migration].Destination] += change;
    }
}
