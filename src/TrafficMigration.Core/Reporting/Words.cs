using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Reporting;

/// <summary>What the page calls things.</summary>
internal static class Words
{
    public static string Of(Technique technique) => technique switch
    {
        Technique.PreCopy => "pre-copy",
        Technique.PostCopy => "post-copy",
        _ => "offline",
    };

    public static string Of(Strategy strategy) => strategy switch
    {
        Strategy.TrafficSensitive => "Traffic-sensitive",
        Strategy.PreCopy => "Pre-copy",
        Strategy.PostCopy => "Post-copy",
        Strategy.PreCopyThenPostCopy => "Pre- then post-copy",
        _ => strategy.ToString(),
    };

    public static string Of(MigrationState state) => state switch
    {
        MigrationState.Planned => "planned",
        MigrationState.Preflight => "pre-flight",
        MigrationState.PreCopying => "pre-copying",
        MigrationState.PostCopying => "post-copying",
        MigrationState.PostCopyPaused => "paused",
        MigrationState.Recovering => "recovering",
        MigrationState.Saving => "saving",
        MigrationState.Copying => "copying",
        MigrationState.Loading => "loading",
        MigrationState.Resuming => "resuming",
        MigrationState.Undoing => "undoing",
        MigrationState.CleaningUp => "cleaning up",
        MigrationState.Done => "done",
        MigrationState.Failed => "failed",
        MigrationState.Cancelled => "cancelled",
        _ => state.ToString(),
    };

    public static string Of(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Completed => "moved",
        MigrationOutcome.AlreadyThere => "already there",
        MigrationOutcome.Failed => "failed",
        MigrationOutcome.Cancelled => "cancelled",
        MigrationOutcome.Unclear => "end not seen",
        _ => outcome.ToString(),
    };

    public static string Of(MigrationEventKind kind) => kind switch
    {
        MigrationEventKind.Decision => "decision",
        MigrationEventKind.Trouble => "trouble",
        _ => "run",
    };

    public static string Of(LinkDirection direction) => direction == LinkDirection.Outgoing ? "outgoing" : "incoming";

    public static string Link(string host, LinkDirection direction) => $"{host}, {Of(direction)}";

    /// <summary>Parts of a sentence: "a", "a and b", "a, b and c".</summary>
    public static string List(IReadOnlyList<string> parts) =>
        parts.Count < 2 ? string.Concat(parts) : $"{string.Join(", ", parts.SkipLast(1))} and {parts[^1]}";
}
