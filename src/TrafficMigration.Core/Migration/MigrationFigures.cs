using TrafficMigration.Kvm;

namespace TrafficMigration.Migration;

/// <summary>Collects the figures of one migration and puts them into its result.</summary>
internal sealed class MigrationFigures
{
    private long? _dirtyBytesPerSecond;
    private TimeSpan? _setup;
    private long _iterations;

    /// <summary>The newest figures of the job.</summary>
    public JobFigures? Last { get; private set; }

    /// <summary>Takes what a look at the running job showed.</summary>
    public void Observe(JobFigures? figures)
    {
        if (figures is null)
        {
            return;
        }

        Last = figures;
        _dirtyBytesPerSecond = figures.DirtyBytesPerSecond is > 0 ? figures.DirtyBytesPerSecond : _dirtyBytesPerSecond;
        _setup = figures.SetupTime ?? _setup;
        _iterations = Math.Max(_iterations, figures.Iteration);
    }

    /// <summary>Takes what the job has left.</summary>
    public void Observe(JobMarks marks)
    {
        Observe(marks.AtSwitch is { } at && at.BytesTransferred > (Last?.BytesTransferred ?? 0) ? at : null);
        Observe(marks.Final);
    }

    /// <summary>The result with all figures that are known.</summary>
    /// <param name="result">The result.</param>
    /// <param name="marks">What the job has left.</param>
    /// <param name="begun">When we saw it begin, for when the job has left nothing.</param>
    /// <param name="diskBytes">What disks take up that were copied.</param>
    /// <param name="ended">When we saw QEMU end, where it went on after libvirt had given the job up.</param>
    public VMMigrationResult Fill(VMMigrationResult result, JobMarks marks, long? diskBytes, DateTimeOffset? begun, DateTimeOffset? ended)
    {
        bool moved = result.Outcome == MigrationOutcome.Completed;
        // libvirt counts the size of a disk, and not what was sent of it.
        long? total = Last?.Memory.BytesTransferred + (diskBytes ?? 0);
        long? before = marks.SwitchedAt is null ? total : marks.AtSwitch?.Memory.BytesTransferred + (diskBytes ?? 0);
        return result with
        {
            TechniqueUsed = !moved ? null : marks.SwitchedAt is null ? Technique.PreCopy : Technique.PostCopy,
            StartTime = marks.Started ?? begun,
            TotalTime = ended - begun ?? marks.Ended - marks.Started,
            SetupTime = _setup,
            Downtime = moved ? Last?.Downtime : null,
            BytesTransferred = total,
            DiskBytesTransferred = diskBytes,
            PreCopyBytes = before,
            PostCopyBytes = total - before,
            BytesSaved = Last?.BytesSaved,
            Iterations = _iterations > 0 ? _iterations : null,
            DirtyBytesPerSecond = _dirtyBytesPerSecond,
        };
    }
}
