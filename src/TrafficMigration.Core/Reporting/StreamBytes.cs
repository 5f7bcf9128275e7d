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
    /// <param name="vm">The VM.</param>
    /// <param name="run">Its run.</param>
    /// <param name="samples">All looks at the run's migrations, by the VM's name.</param>
    public static StreamBytes Of(VMMigrationRecord vm, ReportedRun run, ILookup<string, StreamSample> samples)
    {
        var stream = new StreamBytes();
        StreamSample[] seen = [.. samples[vm.VMName].Where(s => s.State != MigrationState.CleaningUp)];
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
        if (time < _points[0].Time)
        {
            return 0;
        }

        if (time >= _points[^1].Time)
        {
            return _points[^1].Bytes;
        }

        // The first point after that time: a long run has thousands, and is asked for each of its samples.
        (int after, int last) = (1, _points.Count - 1);
        while (after < last)
        {
            int middle = (after + last) / 2;
            (after, last) = _points[middle].Time > time ? (after, middle) : (middle + 1, last);
        }

        (DateTimeOffset earlier, double less) = _points[after - 1];
        (DateTimeOffset later, double more) = _points[after];
        return less + ((more - less) * ((time - earlier) / (later - earlier)));
    }
}
