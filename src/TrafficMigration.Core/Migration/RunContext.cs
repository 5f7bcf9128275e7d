using System.Collections.Concurrent;
using TrafficMigration.Kvm;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Preflight;

namespace TrafficMigration.Migration;

/// <summary>Hears what happens in a run, from any thread.</summary>
public interface IRunListener
{
    /// <summary>Something was written into the journal.</summary>
    void OnEvent(MigrationEvent happened);

    /// <summary>A migration was looked at.</summary>
    void OnProgress(MigrationProgress progress);

    /// <summary>A VM has its result; once a VM.</summary>
    void OnResult(VMMigrationResult result);
}

/// <summary>What the migrations of one run share.</summary>
internal sealed class RunContext(
    string runId, RunOptions options, Journal journal, Func<string, CancellationToken, Task<ICommandChannel>> connect, IRunListener listener)
    : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RunHost> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The run's identifier.</summary>
    public string RunId => runId;

    /// <summary>How the run is driven.</summary>
    public RunOptions Options => options;

    /// <summary>Who hears of it.</summary>
    public IRunListener Listener => listener;

    /// <summary>Cancelled when what can be cancelled is to be cancelled.</summary>
    public required CancellationToken Stop { get; init; }

    /// <summary>Cancelled when the run is to be left at once, as it is.</summary>
    public required CancellationToken Leave { get; init; }

    /// <summary>Cancelled when the run's time is over.</summary>
    public required CancellationToken RunTimeout { get; init; }

    /// <summary>The traffic while the run lasts; <see langword="null"/> before the first VM begins.</summary>
    public TrafficWatch? Traffic { get; set; }

    /// <summary>Where the traffic is recorded; <see langword="null"/> where that cannot be.</summary>
    public SeriesFile? Series { get; set; }

    /// <summary>What the checks before the start have found.</summary>
    public IReadOnlyList<PreflightFinding> Findings { get; set; } = [];

    /// <summary>The hosts that cannot be used, each with the reason: another run has them, or they are not to be reached.</summary>
    public ConcurrentDictionary<string, MigrationException> Refused { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A host of the run.</summary>
    public RunHost Host(string name) => _hosts.GetOrAdd(name, n => new RunHost(n, connect, options, (host, text) => Note(MigrationEventKind.Trouble, text, host)));

    /// <summary>Writes an entry and tells the listener.</summary>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>.</exception>
    public void Write(JournalEntry entry)
    {
        journal.Append(entry);
        listener.OnEvent(entry.Event);
    }

    /// <summary>Writes down what must not stop anything, and tells the listener even if the journal cannot be written.</summary>
    public void Note(MigrationEventKind kind, string text, string? host = null, string? vm = null, int? number = null, SwitchDecision? figures = null)
    {
        MigrationEvent happened = Event(kind, text, host, vm) with { Switch = figures };
        try
        {
            journal.Append(new JournalEntry { Event = happened, Number = number });
        }
        catch (MigrationException)
        {
            // Whoever needs the journal for what comes next is told so there.
        }

        listener.OnEvent(happened);
    }

    /// <summary>An event of this run, now.</summary>
    public MigrationEvent Event(MigrationEventKind kind, string text, string? host = null, string? vm = null) =>
        new() { Time = DateTimeOffset.Now, RunId = runId, Kind = kind, Text = text, HostName = host, VMName = vm };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Traffic is not null)
        {
            await Traffic.DisposeAsync();
        }

        Series?.Dispose();
        await Task.WhenAll(_hosts.Values.Select(h => h.DisposeAsync().AsTask()));
    }
}
