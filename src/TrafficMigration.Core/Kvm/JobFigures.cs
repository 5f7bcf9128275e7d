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

        TimeSpan? downtime = values.TryGetValue("downtime", out long ms) ? TimeSpan.FromMilliseconds(ms) : null;
        return new JobFigures(
            processed, values.GetValueOrDefault("data_remaining"), values.GetValueOrDefault("data_total"), downtime,
            values.GetValueOrDefault("memory_iteration"));
    }
}
