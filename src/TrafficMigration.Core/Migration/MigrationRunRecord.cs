using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>How a run stands.</summary>
public enum MigrationRunState
{
    /// <summary>A process drives it.</summary>
    Running,

    /// <summary>It has not ended, and no process of this machine drives it: it can be resumed.</summary>
    Interrupted,

    /// <summary>Every VM has its result.</summary>
    Ended,
}

/// <summary>A run as its journal has it.</summary>
public sealed record MigrationRunRecord
{
    /// <summary>The run's identifier.</summary>
    public required string Id { get; init; }

    /// <summary>How it stands.</summary>
    public required MigrationRunState State { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When the last thing in the journal happened.</summary>
    public required DateTimeOffset LastTime { get; init; }

    /// <summary>Who began it: user@machine.</summary>
    public required string Owner { get; init; }

    /// <summary>How it is driven.</summary>
    public required RunOptions Options { get; init; }

    /// <summary>How its plan was made; <see langword="null"/> where that is not known.</summary>
    public Strategy? Strategy { get; init; }

    /// <summary>What its plan makes least; <see langword="null"/> where that is not known.</summary>
    public PlanObjective? Objective { get; init; }

    /// <summary>What contends on each link under the plan, by the rates that it rests on; empty where that is not known.</summary>
    public IReadOnlyList<LinkContention> Links { get; init; } = [];

    /// <summary>How far a group that moves offline has come.</summary>
    internal Offline.OfflineProgress Offline { get; init; } = new(null, false, null);

    /// <summary>Its VMs, in the order of their turns.</summary>
    public required IReadOnlyList<VMMigrationRecord> VirtualMachines { get; init; }

    /// <summary>All that happened, in order.</summary>
    public required IReadOnlyList<MigrationEvent> Events { get; init; }

    internal static MigrationRunRecord From(IReadOnlyList<JournalEntry> entries, bool isHeld)
    {
        JournalHead head = entries[0].Head!;
        ILookup<int, JournalEntry> byNumber = entries.Where(e => e.Number is not null).ToLookup(e => e.Number!.Value);
        return new MigrationRunRecord
        {
            Id = entries[0].Event.RunId,
            State = entries.Any(e => e.Ended == true) ? MigrationRunState.Ended : isHeld ? MigrationRunState.Running : MigrationRunState.Interrupted,
            StartTime = entries[0].Event.Time,
            LastTime = entries[^1].Event.Time,
            Owner = $"{head.User}@{head.Machine}",
            Options = head.Options,
            Strategy = head.Strategy,
            Objective = head.Objective,
            Links = head.Links,
            Offline = Migration.Offline.OfflineProgress.From(entries),
            VirtualMachines = [.. head.Migrations.Select((m, i) => VMMigrationRecord.From(i, m.ToPlan(i + 1), [.. byNumber[i]]))],
            Events = [.. entries.Select(e => e.Event)],
        };
    }
}

/// <summary>One VM of a run as the journal has it.</summary>
public sealed record VMMigrationRecord
{
    /// <summary>The VM's name.</summary>
    public string VMName => Plan.VMName;

    /// <summary>The host that the VM leaves.</summary>
    public string Source => Plan.Source;

    /// <summary>The host that the VM goes to.</summary>
    public string Destination => Plan.Destination;

    /// <summary>Where its migration is.</summary>
    public required MigrationState State { get; init; }

    /// <summary>What became of it; <see langword="null"/> while that is open.</summary>
    public required VMMigrationResult? Result { get; init; }

    /// <summary>Its number in the run, from 0.</summary>
    internal int Number { get; init; }

    /// <summary>What of its plan was kept.</summary>
    public required VMMigrationPlan Plan { get; init; }

    /// <summary>The job that was last to be started for it.</summary>
    internal string? Job { get; init; }

    /// <summary>Images that were to be made for it at the destination.</summary>
    internal IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>When its memory began to flow, or to be saved, as far as is known.</summary>
    internal DateTimeOffset? BegunAt { get; init; }

    /// <summary>When it was told to go on after an offline move.</summary>
    internal DateTimeOffset? ResumedAt { get; init; }

    /// <summary>Whether the run has suspended it.</summary>
    internal bool IsSuspended { get; init; }

    internal static VMMigrationRecord From(int number, VMMigrationPlan plan, IReadOnlyList<JournalEntry> entries) => new()
    {
        Number = number,
        Plan = plan with { VMId = entries.LastOrDefault(e => e.VMId is not null)?.VMId ?? plan.VMId },
        State = entries.LastOrDefault(e => e.Event.To is not null)?.Event.To ?? MigrationState.Planned,
        Job = entries.LastOrDefault(e => e.Job is not null)?.Job,
        Images = entries.LastOrDefault(e => e.Images is not null)?.Images ?? [],
        BegunAt = entries.FirstOrDefault(e => e.Event.To is MigrationState.PreCopying or MigrationState.Saving)?.Event.Time,
        ResumedAt = entries.FirstOrDefault(e => e.Resumed == true)?.Event.Time,
        IsSuspended = entries.Any(e => e.Suspended == true),
        Result = entries.LastOrDefault(e => e.Result is not null)?.Result!.ToResult(),
    };

    /// <summary>Prints the VM and where it is.</summary>
    public override string ToString() => $"{VMName}: {Source} -> {Destination} ({State})";
}
