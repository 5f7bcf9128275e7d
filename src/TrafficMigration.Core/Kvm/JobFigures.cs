using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>libvirt's figures of a migration job.</summary>
/// <param name="BytesTransferred">Bytes sent so far (memory and disks).</param>
/// <param name="BytesRemaining">Bytes still to send; can grow during pre-copy.</param>
/// <param name="BytesTotal">Bytes of the VM's memory and disks.</param>
/// <param name="Downtime">How long the guest was stopped; <see langword="null"/> where libvirt tells none.</param>
/// <param name="Iteration">The pass over memory that runs, from 1; 0 where libvirt tells none.</param>
/// <remarks>Names: virDomainGetJobStats, as <c>virsh domjobinfo --rawstats</c> and <c>virsh event</c> print them.</remarks>
public sealed record JobFigures(long BytesTransferred, long BytesRemaining, long BytesTotal, TimeSpan? Downtime, long Iteration = 0)
{
    /// <summary>How far disks are copied, bytes of their size as the guest sees it, written to or not; part of <see cref="BytesTransferred"/>.</summary>
    public long DiskBytesProcessed { get; init; }

    /// <summary>What is left of disks; part of <see cref="BytesRemaining"/>.</summary>
    public long DiskBytesRemaining { get; init; }

    /// <summary>Size of the disks; part of <see cref="BytesTotal"/>.</summary>
    public long DiskBytesTotal { get; init; }

    /// <summary>Whether disks are copied and memory does not flow yet: no switch to post-copy is possible before that.</summary>
    public bool IsMirroringDisks => BytesTotal == DiskBytesTotal;

    /// <summary>The same without the disks.</summary>
    public JobFigures Memory => this with
    {
        BytesTransferred = BytesTransferred - DiskBytesProcessed, BytesRemaining = BytesRemaining - DiskBytesRemaining,
        BytesTotal = BytesTotal - DiskBytesTotal, DiskBytesProcessed = 0, DiskBytesRemaining = 0, DiskBytesTotal = 0,
    };

    /// <summary>How fast memory is sent just now, bytes/s (<c>memory_bps</c>); <see langword="null"/> where libvirt tells none.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>
    /// How fast the guest dirties memory, bytes/s: <c>memory_dirty_rate</c>, which QEMU counts in pages a second once a
    /// pass is over, times <c>memory_page_size</c>. <see langword="null"/> before that.
    /// </summary>
    public long? DirtyBytesPerSecond { get; init; }

    /// <summary>How long QEMU took to prepare (<c>setup_time</c>); <see langword="null"/> where libvirt tells none.</summary>
    public TimeSpan? SetupTime { get; init; }

    /// <summary>
    /// What compression has saved, bytes: pages sent as they are would have been <c>memory_normal_bytes</c>, and those of
    /// which XBZRLE sent the difference (<c>compression_pages</c>) a page each. <see langword="null"/> where libvirt tells none.
    /// </summary>
    public long? BytesSaved { get; init; }

    /// <summary>Since the job began (<c>time_elapsed</c>); <see langword="null"/> where libvirt tells none.</summary>
    public TimeSpan? Elapsed { get; init; }

    /// <summary>Reads lines of "name: value"; <see langword="null"/> where they hold no figures, as in a job's first moment.</summary>
    internal static JobFigures? Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            string[] pair = line.Split([':', '='], 2, StringSplitOptions.TrimEntries);
            if (pair.Length == 2 && long.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                values[pair[0]] = value;
            }
        }

        if (!values.TryGetValue("data_processed", out long processed))
        {
            return null;
        }

        long? Value(string name) => values.TryGetValue(name, out long value) ? value : null;
        TimeSpan? Milliseconds(string name) => Value(name) is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
        long? dirtyPages = Value("memory_dirty_rate");
        long page = Value("memory_page_size") ?? 4096;
        // Of multifd, memory_processed is what went over the wire; otherwise it is the normal pages and what describes them.
        long? byPage = Value("memory_normal_bytes") - Value("memory_processed");
        long? byDifference = (Value("compression_pages") * page) - Value("compression_bytes");
        return new JobFigures(
            processed, values.GetValueOrDefault("data_remaining"), values.GetValueOrDefault("data_total"),
            Milliseconds("downtime"), values.GetValueOrDefault("memory_iteration"))
        {
            DiskBytesProcessed = Value("disk_processed") ?? 0,
            DiskBytesRemaining = Value("disk_remaining") ?? 0,
            DiskBytesTotal = Value("disk_total") ?? 0,
            BytesPerSecond = Value("memory_bps"),
            DirtyBytesPerSecond = dirtyPages * page,
            BytesSaved = byPage is null ? null : Math.Max(0, byPage.Value) + Math.Max(0, byDifference ?? 0),
            SetupTime = Milliseconds("setup_time"),
            Elapsed = Milliseconds("time_elapsed"),
        };
    }
}
