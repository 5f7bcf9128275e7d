using TrafficMigration.Migration.Adaptive;

namespace TrafficMigration.Migration;

/// <summary>What kind of event it is.</summary>
public enum MigrationEventKind
{
    /// <summary>A VM's migration went from one state to the next.</summary>
    Transition,

    /// <summary>The executor decided something, or decided against it: a switch to post-copy, a timeout.</summary>
    Decision,

    /// <summary>Something is not as it should be, and the run goes on: a host that is looked for, a definition that could not be put right.</summary>
    Trouble,

    /// <summary>The run as a whole: it began, was taken up again, ended.</summary>
    Run,
}

/// <summary>Something that happened in a run, as it stands in the journal.</summary>
public sealed record MigrationEvent
{
    /// <summary>When, by the clock of the machine that drives the run.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>What kind of event it is.</summary>
    public required MigrationEventKind Kind { get; init; }

    /// <summary>The VM; <see langword="null"/> where the event is about a host or the run.</summary>
    public string? VMName { get; init; }

    /// <summary>The host that the VM leaves, or the host concerned.</summary>
    public string? HostName { get; init; }

    /// <summary>The state before a transition.</summary>
    public MigrationState? From { get; init; }

    /// <summary>The state after a transition.</summary>
    public MigrationState? To { get; init; }

    /// <summary>What happened, in a few words.</summary>
    public string Text { get; init; } = "";

    /// <summary>Of a decision for or against a switch to post-copy, its figures; else <see langword="null"/>.</summary>
    public SwitchDecision? Switch { get; init; }

    /// <summary>Prints the event on one line, with the time of day.</summary>
    public override string ToString()
    {
        string what = Kind != MigrationEventKind.Transition ? Text : Text.Length == 0 ? $"{From} -> {To}" : $"{From} -> {To}, {Text}";
        return PlainText.OneLine($"{Time:HH:mm:ss} {VMName ?? HostName ?? $"run {RunId}"}: {what}");
    }
}
