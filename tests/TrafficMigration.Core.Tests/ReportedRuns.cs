using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Reporting;
using TrafficMigration.Traffic;

namespace TrafficMigration.Tests;

/// <summary>Runs to report: a small one to be changed at will, and those that were played.</summary>
internal static class ReportedRuns
{
    public static DateTimeOffset Start { get; } = new(2026, 11, 20, 9, 0, 0, TimeSpan.Zero);

    /// <summary>One of the runs that are played, from its files.</summary>
    public static ReportedRun Played(this TemporaryStore journals, string id)
    {
        if (!Directory.EnumerateFiles(journals.Folder).Any())
        {
            PlayedRuns.PlayAll(journals.Store);
        }

        return new ReportedRun(journals.Store.Get(id), journals.Store.Series(id));
    }

    public static MigrationEvent Event(double second, MigrationEventKind kind, string? vm = null, string text = "") =>
        new() { Time = Start.AddSeconds(second), RunId = "r", Kind = kind, VMName = vm, Text = text };

    public static ReportedRun Run(string vm, string source, string text) => new(
        new MigrationRunRecord
        {
            Id = "r",
            State = MigrationRunState.Ended,
            StartTime = Start,
            LastTime = Start.AddSeconds(60),
            Owner = text + "@control",
            Options = new RunOptions(),
            VirtualMachines =
            [
                new VMMigrationRecord
                {
                    State = MigrationState.Failed,
                    Plan = new VMMigrationPlan
                    {
                        VMName = vm, Source = source, Destination = "kvm2", Technique = Technique.PreCopy, SourceContentionBitsPerSecond = 0, DestinationContentionBitsPerSecond = 0,
                        Rate = Rate(vm, 1, 2) with { HostName = source },
                    },
                    Result = new VMMigrationResult
                    {
                        VMName = vm, Source = source, Destination = "kvm2", Technique = Technique.PreCopy, Outcome = MigrationOutcome.Failed,
                        Error = Failures.Kept("MigrationFailed", text, source, vm),
                    },
                },
            ],
            Events = [Event(0, MigrationEventKind.Run), Event(5, MigrationEventKind.Trouble, vm, text), Event(60, MigrationEventKind.Run)],
            Links = [new LinkContention(source, LinkDirection.Outgoing, 1, 0, null)],
        },
        new RunSeries(
            [new LinkSample(source, Start.AddSeconds(6), TimeSpan.FromSeconds(6), 5_000_000, 3, 1_000_000_000, [new VMLinkSample(vm, 1_000_000, 1)])],
            [new StreamSample(vm, Start.AddSeconds(3), MigrationState.PreCopying, 1000, 1000, null), new StreamSample(vm, Start.AddSeconds(5), MigrationState.PreCopying, 9000, 0, null)]));

    public static VMTrafficRate Rate(string name, long tx, long rx) =>
        new() { HostName = "kvm1", VMName = name, TxBitsPerSecond = tx * 1_000_000, RxBitsPerSecond = rx * 1_000_000 };
}
