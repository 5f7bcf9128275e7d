using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>What VMs have written to their disks: facts about the time of a window.</summary>
/// <param name="length">The window's length.</param>
internal sealed class DiskHistory(TimeSpan length)
{
    // Two readings that are closer say nothing of a mean.
    private const double LeastSeconds = 0.5;

    private readonly List<(HostTime Time, IReadOnlyDictionary<string, DomainFacts> VMs)> _readings = [];

    /// <summary>Takes facts.</summary>
    public void Observe(HostFacts facts)
    {
        if (facts.Time is not { } time || facts.Domains is null)
        {
            return;
        }

        _readings.Add((time, facts.Domains.ToDictionary(d => d.Id, StringComparer.Ordinal)));
        // The oldest stays as long as the rest does not cover the window.
        while (_readings.Count > 2 && time.Since(_readings[1].Time) >= length.TotalSeconds)
        {
            _readings.RemoveAt(0);
        }
    }

    /// <summary>
    /// Mean rate at which a VM has written to some of its disks, bytes per second; <see langword="null"/> where libvirt
    /// was not asked twice, or a counter went back because the VM was started anew.
    /// </summary>
    public long? WrittenBytesPerSecond(string vmId, IReadOnlyList<string> paths)
    {
        int first = _readings.FindIndex(r => r.VMs.TryGetValue(vmId, out DomainFacts? vm) && paths.All(vm.Blocks.ContainsKey));
        if (first < 0 || !_readings[^1].VMs.TryGetValue(vmId, out DomainFacts? now) || !paths.All(now.Blocks.ContainsKey))
        {
            return null;
        }

        double seconds = _readings[^1].Time.Since(_readings[first].Time);
        DomainFacts before = _readings[first].VMs[vmId];
        double[] written = [.. paths.Select(p => (double)now.Blocks[p].WrittenBytes - before.Blocks[p].WrittenBytes)];
        return seconds < LeastSeconds || written.Any(w => w < 0) ? null : RateStatistics.Whole(written.Sum() / seconds);
    }
}
