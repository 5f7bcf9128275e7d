using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>How much memory of one VM had been sent when, from looks at its migration.</summary>
internal sealed class StreamBytes
{
    // Looks come about once a second: so long at most a stream has flowed when it is seen for the first time.
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(1);

    private readonly List<(DateTimeOffset Time, double Bytes)> _points = [];

    private StreamBytes()
    {
    }

    /// <summary>When memory began to flow, as far as was seen; <see langword="null"/> where none was seen.</summary>
    public DateTimeOffset? From => _points.Count > 0 ? _points[0].Time : null;

    /// <summary>When it had flowed, or was seen last.</summary>
    public DateTimeOffset? To => _points.Count > 0 ? _points[^1].Time : null;

    /// <summary>Of a VM whose name no other VM of the run has: samples know VMs by their names only.</summary>
    public static StreamBytes Of(VMMigrationRecord vm, ReportedRun run)
    {
        var stream = new StreamBytes();
        StreamSample[] seen = [.. run.Series.Streams.Where(s => s.VMName == vm.VMName && s.State != MigrationState.CleaningUp)];
        if (seen.Length == 0 || run.Record.VirtualMachines.Count(v => v.VMName == vm.VMName) > 1)
        {
            return stream;
        }

        DateTimeOffset? begun = vm.Result?.StartTime;
        stream.Add(begun <= seen[0].Time && begun > seen[0].Time - (10 * Unseen) ? begun.Value : seen[0].Time - Unseen, 0);
        foreach (StreamSample sample in seen)
        {
            stream.Add(sample.Time, sample.BytesTransferred);
        }

        // What flowed after the last look is known from the job's own account.
        MigrationEvent? over = run.Record.Events.LastOrDefault(
            e => e.To == MigrationState.CleaningUp && e.VMName == vm.VMName && string.Equals(e.HostName, vm.Source, StringComparison.OrdinalIgnoreCase));
        if (over is not null && vm.Result?.BytesTransferred is { } all)
        {
            stream.Add(over.Time, all);
        }

        return stream;
    }

    /// <summary>Bytes sent between two moments.</summary>
    public double Between(DateTimeOffset from, DateTimeOffset to) => _points.Count == 0 || to <= from ? 0 : At(to) - At(from);

    private void Add(DateTimeOffset time, double bytes)
    {
        // Neither goes back: a clock that was set, or a counter that began anew, is left out.
        if (_points.Count == 0 || (time > _points[^1].Time && bytes >= _points[^1].Bytes))
        {
            _points.Add((time, bytes));
        }
    }

    private double At(DateTimeOffset time)
    {
        int after = _points.FindIndex(p => p.Time > time);
        if (after <= 0)
        {
            return after == 0 ? 0 : _points[^1].Bytes;
        }

        (DateTimeOffset earlier, double less) = _points[after - 1];
        (DateTimeOffset later, double more) = _points[after];
        return less + ((more - less) * ((time - earlier) / (later - earlier)));
    }
}
