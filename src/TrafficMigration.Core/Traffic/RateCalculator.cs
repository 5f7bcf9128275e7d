using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>Turns the samples of one host into rates.</summary>
internal static class RateCalculator
{
    // The wall clock is fine but can be set; the uptime cannot, but has steps of 10 ms. Where both agree within
    // this, the wall clock was not set meanwhile and its finer reading is taken.
    private const double ClockAgreement = 0.05;

    /// <summary>Rates over the window from the first sample to the last.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="samples">At least two samples, oldest first.</param>
    /// <param name="sampledAt">When the last sample was taken.</param>
    public static HostMeasurement Between(string host, IReadOnlyList<HostSample> samples, DateTimeOffset sampledAt)
    {
        var totals = new Dictionary<string, VMTotal>(StringComparer.Ordinal);
        var uplink = default(Total);
        double window = 0;
        for (int i = 1; i < samples.Count; i++)
        {
            HostSample before = samples[i - 1];
            HostSample after = samples[i];
            double seconds = Elapsed(before, after);
            window += seconds;
            uplink = uplink.Add(UplinkBytes(before), UplinkBytes(after), seconds);
            foreach (DomainSample vm in after.Domains)
            {
                DomainSample? earlier = before.Domains.FirstOrDefault(d => d.Id == vm.Id);
                totals[vm.Id] = totals.GetValueOrDefault(vm.Id).Add(earlier, vm, seconds);
            }
        }

        HostSample last = samples[^1];
        (DomainSample VM, VMTotal Total)[] measured =
            [.. last.Domains.Select(d => (d, totals.GetValueOrDefault(d.Id))).Where(t => t.Item2.Bytes.Seconds > 0)];
        var ownTraffic = new HostTraffic
        {
            HostName = host,
            BackgroundTxBitsPerSecond = Math.Max(0, uplink.TxRate - measured.Sum(m => m.Total.Bytes.TxRate)),
            BackgroundRxBitsPerSecond = Math.Max(0, uplink.RxRate - measured.Sum(m => m.Total.Bytes.RxRate)),
            LinkBitsPerSecond = Uplinks(last).Max(l => l.BitsPerSecond),
            FreeMemoryBytes = last.FreeMemoryBytes,
        };
        // For a destination every VM already there is background: it stays.
        var carried = ownTraffic with
        {
            BackgroundTxBitsPerSecond = uplink.TxRate,
            BackgroundRxBitsPerSecond = uplink.RxRate,
        };
        return new HostMeasurement(carried, [.. measured.Select(m => new VMTrafficRate
        {
            HostName = host,
            VMName = m.VM.Name,
            VMId = m.VM.Id,
            TxBitsPerSecond = m.Total.Bytes.TxRate,
            RxBitsPerSecond = m.Total.Bytes.RxRate,
            MemoryBytes = m.VM.MemoryBytes,
            HostBackgroundTxBitsPerSecond = ownTraffic.BackgroundTxBitsPerSecond,
            HostBackgroundRxBitsPerSecond = ownTraffic.BackgroundRxBitsPerSecond,
            LinkBitsPerSecond = ownTraffic.LinkBitsPerSecond,
            SampledAt = sampledAt,
            Window = TimeSpan.FromSeconds(Math.Round(window, 3)),
            SampleCount = m.Total.Intervals,
        })]);
    }

    private static double Elapsed(HostSample before, HostSample after)
    {
        double monotonic = after.Uptime - before.Uptime;
        double wall = after.WallClock - before.WallClock;
        return Math.Abs(wall - monotonic) <= ClockAgreement ? wall : monotonic;
    }

    /// <summary>The links by which the host's own address leaves it: a bridge's or bond's ports, or the link itself.</summary>
    private static LinkSample[] Uplinks(HostSample sample)
    {
        if (sample.AddressLink is null)
        {
            return [];
        }

        LinkSample[] ports = [.. sample.Links.Where(l => l.Master == sample.AddressLink && !l.IsTap)];
        return ports.Length > 0 ? ports : [.. sample.Links.Where(l => l.Name == sample.AddressLink)];
    }

    private static (long Tx, long Rx) UplinkBytes(HostSample sample)
    {
        LinkSample[] uplinks = Uplinks(sample);
        return (uplinks.Sum(l => l.TxBytes), uplinks.Sum(l => l.RxBytes));
    }

    /// <summary>Bytes moved in the intervals that could be trusted.</summary>
    private readonly record struct Total(long Tx, long Rx, double Seconds)
    {
        public long TxRate => Rate(Tx);

        public long RxRate => Rate(Rx);

        /// <summary>A counter that went back was reset; that interval says nothing and does not count.</summary>
        public Total Add((long Tx, long Rx) before, (long Tx, long Rx) after, double seconds) =>
            seconds <= 0 || after.Tx < before.Tx || after.Rx < before.Rx
                ? this
                : new Total(Tx + after.Tx - before.Tx, Rx + after.Rx - before.Rx, Seconds + seconds);

        private long Rate(long bytes) => Seconds > 0 ? (long)Math.Round(bytes * 8 / Seconds) : 0;
    }

    private readonly record struct VMTotal(Total Bytes, int Intervals)
    {
        public VMTotal Add(DomainSample? before, DomainSample after, double seconds)
        {
            // Another set of interfaces: one was plugged in or out, and sums before and after do not compare.
            if (before is null || !before.Interfaces.Select(n => n.Name).SequenceEqual(after.Interfaces.Select(n => n.Name)))
            {
                return this;
            }

            Total bytes = Bytes.Add(Sum(before), Sum(after), seconds);
            return bytes.Seconds > Bytes.Seconds ? new VMTotal(bytes, Intervals + 1) : this;
        }

        private static (long Tx, long Rx) Sum(DomainSample vm) =>
            (vm.Interfaces.Sum(n => n.TxBytes), vm.Interfaces.Sum(n => n.RxBytes));
    }
}
