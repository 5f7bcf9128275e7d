using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>A phase of one VM's migration. Times are since the run began.</summary>
/// <param name="State">The phase.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When it ended, or the last that is known of it.</param>
/// <param name="IsOpen">Whether its end is not known.</param>
internal sealed record TimelineBar(MigrationState State, TimeSpan From, TimeSpan To, bool IsOpen);

/// <summary>A decision, a trouble, or that the run was taken up again.</summary>
/// <param name="Number">Its number on the page, from 1.</param>
/// <param name="At">When, since the run began.</param>
/// <param name="Event">What happened.</param>
internal sealed record TimelineMark(int Number, TimeSpan At, MigrationEvent Event);

/// <summary>One VM's phases.</summary>
/// <param name="VM">The VM.</param>
/// <param name="Bars">Its phases, in order and without overlap.</param>
/// <param name="Marks">What is marked there.</param>
internal sealed record TimelineRow(VMMigrationRecord VM, IReadOnlyList<TimelineBar> Bars, IReadOnlyList<TimelineMark> Marks);

/// <summary>What the VMs of a run did when.</summary>
/// <param name="Length">The length of the axis.</param>
/// <param name="Rows">A row a VM.</param>
/// <param name="Marks">All marks, in order.</param>
/// <param name="Others">Those that belong to no VM.</param>
internal sealed record Timeline(TimeSpan Length, IReadOnlyList<TimelineRow> Rows, IReadOnlyList<TimelineMark> Marks, IReadOnlyList<TimelineMark> Others)
{
    /// <summary>The timeline of a run by its journal's transitions; without a journal, by what its results say.</summary>
    public static Timeline From(ReportedRun run)
    {
        TimeSpan length = run.Length;
        IReadOnlyList<TimelineMark> marks = Mark(run, length);
        TimelineRow[] rows = [.. run.Record.VirtualMachines.Select(vm => new TimelineRow(
            vm, run.HasJournal ? Bars(run, vm, length) : BarOf(run, vm, length), [.. marks.Where(m => Concerns(m.Event, vm))]))];
        return new Timeline(length, rows, marks, [.. marks.Except(rows.SelectMany(r => r.Marks))]);
    }

    private static TimelineMark[] Mark(ReportedRun run, TimeSpan length)
    {
        var marked = new List<MigrationEvent>();
        var states = new Dictionary<string, MigrationState>();
        foreach (MigrationEvent happened in run.Record.Events)
        {
            string vm = happened.VMName ?? "";
            if (happened.To is { } state)
            {
                states[vm] = state;
            }

            // That a job is started is decided in pre-flight, and shown by the bar that begins there.
            bool starts = happened.Kind == MigrationEventKind.Decision && happened.Switch is null && states.GetValueOrDefault(vm) == MigrationState.Preflight;
            if (happened.Kind is MigrationEventKind.Trouble || (happened.Kind == MigrationEventKind.Decision && !starts) || IsResumption(run, happened))
            {
                marked.Add(happened);
            }
        }

        return [.. marked.Select((e, i) => new TimelineMark(i + 1, Within(e.Time - run.Record.StartTime, length), e))];
    }

    private static bool IsResumption(ReportedRun run, MigrationEvent happened) =>
        happened.Kind == MigrationEventKind.Run && !ReferenceEquals(happened, run.Record.Events[0])
        && !(run.Record.State == MigrationRunState.Ended && ReferenceEquals(happened, run.Record.Events.LastOrDefault(e => e.Kind == MigrationEventKind.Run)));

    private static List<TimelineBar> Bars(ReportedRun run, VMMigrationRecord vm, TimeSpan length)
    {
        MigrationEvent[] transitions = [.. run.Record.Events.Where(e => e.To is not null && Concerns(e, vm))];
        var bars = new List<TimelineBar>();
        TimeSpan from = TimeSpan.Zero;
        for (int i = 0; i < transitions.Length; i++)
        {
            // The driving machine's clock may have been set back meanwhile.
            from = Later(from, Within(transitions[i].Time - run.Record.StartTime, length));
            MigrationState state = transitions[i].To!.Value;
            if (state.IsEnd())
            {
                break;
            }

            bool isLast = i + 1 == transitions.Length;
            TimeSpan to = isLast ? length : Later(from, Within(transitions[i + 1].Time - run.Record.StartTime, length));
            bars.Add(new TimelineBar(state, from, to, isLast));
        }

        return bars;
    }

    private static TimelineBar[] BarOf(ReportedRun run, VMMigrationRecord vm, TimeSpan length)
    {
        if (vm.Result is not { StartTime: { } start, TotalTime: { } time } result)
        {
            return [];
        }

        TimeSpan from = Within(start - run.Record.StartTime, length);
        MigrationState state = (result.TechniqueUsed ?? result.Technique) switch
        {
            Technique.PreCopy => MigrationState.PreCopying,
            Technique.Offline => MigrationState.Copying,
            _ => MigrationState.PostCopying,
        };
        return [new TimelineBar(state, from, Later(from, Within(from + time, length)), IsOpen: false)];
    }

    private static bool Concerns(MigrationEvent happened, VMMigrationRecord vm) =>
        happened.VMName == vm.VMName
        && (happened.HostName is not { } host || Same(host, vm.Source) || (happened.To is null && Same(host, vm.Destination)));

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Within(TimeSpan time, TimeSpan length) => time < TimeSpan.Zero ? TimeSpan.Zero : time > length ? length : time;
}
