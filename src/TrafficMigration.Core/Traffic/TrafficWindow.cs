using System.Net;
using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>A host's recent past: takes what the host says, in its order, and keeps the last intervals.</summary>
internal sealed class TrafficWindow
{
    // Facts are asked for again when a link comes or goes; what no link shows (memory, a pause) may be this old. A link
    // that came and is still nobody's after this long belongs to no VM that is about to run.
    private const double FactsAge = 30;

    // Counting by pairs was asked for and did not begin: nft is not there, or may not.
    private const int SamplesUntilPairs = 3;

    private readonly MeasureOptions _options;
    private readonly string _host;
    private readonly Dictionary<string, VMHistory> _vms = new(StringComparer.Ordinal);
    private readonly Queue<UplinkInterval> _uplink = new();

    // Links that came lately and are no known VM's, with the uptime at which they came.
    private readonly Dictionary<string, double> _newcomers = new(StringComparer.Ordinal);
    private readonly DiskHistory _disks;
    private HostFacts? _facts;
    private Topology? _topology;
    private HostSample? _base;
    private double _factsUptime;
    private bool _awaitsFacts;
    private int _samplesSincePairs;
    private bool _pairsAsked;

    /// <summary>Makes an empty window.</summary>
    /// <param name="host">The host's name, as the user gave it.</param>
    /// <param name="options">How many intervals it keeps, how long they are, and which network migrations use.</param>
    public TrafficWindow(string host, MeasureOptions options)
    {
        _host = host;
        _options = options;
        _disks = new DiskHistory(options.Interval * options.Count);
    }

    /// <summary>The number of intervals that it holds.</summary>
    public int Count => _uplink.Count;

    /// <summary>The number of intervals that it has held so far, those that have left it included.</summary>
    public long Observed { get; private set; }

    /// <summary>Whether local traffic was seen that cannot be told apart.</summary>
    public bool HasUnknownLocalTraffic { get; private set; }

    /// <summary>The latest facts; <see langword="null"/> before the first.</summary>
    public HostFacts? Facts => _facts;

    /// <summary>Takes facts.</summary>
    /// <exception cref="MigrationException">
    /// <c>LibvirtMissing</c>, <c>LibvirtUnavailable</c>, <c>LibvirtAccessDenied</c>, <c>CommandFailed</c> if libvirt did
    /// not answer the first time; later the known VMs are kept. <c>MigrationNetworkMissing</c>.
    /// </exception>
    public void Observe(HostFacts facts)
    {
        _awaitsFacts = false;
        _factsUptime = _base?.Time.Uptime ?? 0;
        if (facts.Domains is null)
        {
            facts = facts with
            {
                Domains = _facts?.Domains ?? throw VirshFailure.From(_host, "reading its VMs", facts.LibvirtFailure!),
            };
        }

        Topology topology = Topology.Of(facts, _options.MigrationNetwork)
            ?? throw Failures.MigrationNetworkMissing(_host, _options.MigrationNetwork!.Value.ToString());
        bool isOtherUplink = _topology is { } before && !before.Uplinks.SequenceEqual(topology.Uplinks);
        if (isOtherUplink)
        {
            Restart();
        }

        foreach (string id in _vms.Keys.Where(id => !topology.Interfaces.TryGetValue(id, out var now) || !IsSame(id, now)).ToArray())
        {
            _vms.Remove(id);
        }

        foreach (VMInterface known in topology.Interfaces.Values.SelectMany(i => i))
        {
            _newcomers.Remove(known.Link);
        }

        _facts = facts;
        _disks.Observe(facts);
        _topology = topology;
    }

    /// <summary>Takes a sample.</summary>
    /// <returns>What the host is to be asked for now; <see langword="null"/> for nothing.</returns>
    public string? Observe(HostSample sample)
    {
        if (_base is not { } before || _topology is null)
        {
            _base = sample;
            _factsUptime = sample.Time.Uptime;
            return null;
        }

        var calculator = new IntervalCalculator(before, sample, _topology);
        // A sample that was taken because something was asked for ends no interval: a short one is mostly noise.
        if (calculator.Seconds < _options.Interval.TotalSeconds / 2)
        {
            if (before.Pairs is null && sample.Pairs is not null)
            {
                _base = sample; // counting has begun: so does the window
            }

            return null;
        }

        _base = sample;
        if (_pairsAsked && sample.Pairs is null)
        {
            _samplesSincePairs++;
        }

        if (calculator.NeedsPairs && !_options.CountersOnly && _samplesSincePairs < SamplesUntilPairs)
        {
            // Its intervals would hold traffic that never reaches the NIC: the window begins when that is counted.
            Restart();
            return _pairsAsked ? null : AskPairs();
        }

        HasUnknownLocalTraffic |= calculator.NeedsPairs;
        Add(calculator);
        WatchNewcomers(before, sample);
        bool isStale = _newcomers.Count > 0 || !before.Links.Keys.All(sample.Links.ContainsKey)
            || sample.Time.Uptime - _factsUptime > FactsAge;
        return isStale && !_awaitsFacts ? AskFacts() : null;
    }

    /// <summary>Says that facts were asked for.</summary>
    public string AskFacts()
    {
        _awaitsFacts = true;
        return SamplerScript.Facts;
    }

    /// <summary>What the window holds.</summary>
    /// <param name="sampledAt">When the last sample was taken.</param>
    /// <param name="storage">Where each disk is; disks that it does not know are left open.</param>
    public HostMeasurement Snapshot(DateTimeOffset sampledAt, IReadOnlyDictionary<DiskFacts, DiskPlace> storage)
    {
        var report = new MeasurementBuilder(_host, _facts!, _topology!, [.. _uplink], sampledAt, new LocalDisks(storage, _disks));
        return new HostMeasurement(
            report.Host(),
            [.. _facts!.Domains!.Where(d => _vms.ContainsKey(d.Id)).Select(d => report.VM(d, _vms[d.Id]))],
            HasUnknownLocalTraffic);
    }

    /// <summary>
    /// A VM that comes in by a migration has its links before it runs, and libvirt lists it only then: of a new link that
    /// is nobody's, facts are asked for again, as long as it is new.
    /// </summary>
    private void WatchNewcomers(HostSample before, HostSample now)
    {
        foreach (string link in now.Links.Keys.Where(l => !before.Links.ContainsKey(l)))
        {
            _newcomers[link] = now.Time.Uptime;
        }

        foreach (string link in _newcomers.Where(n => !now.Links.ContainsKey(n.Key) || now.Time.Uptime - n.Value > FactsAge).Select(n => n.Key).ToArray())
        {
            _newcomers.Remove(link);
        }
    }

    private string AskPairs()
    {
        _pairsAsked = true;
        return SamplerScript.Pairs;
    }

    private void Restart()
    {
        _vms.Clear();
        _uplink.Clear();
    }

    /// <summary>A link that was made anew under an old name is another one: the VM was started anew, or it is another VM's.</summary>
    private bool IsSame(string id, IReadOnlyList<VMInterface> now) =>
        _topology!.Interfaces.TryGetValue(id, out IReadOnlyList<VMInterface>? before)
        && !before.Join(now, b => b.Link, n => n.Link, (b, n) => b.Index == n.Index).Contains(false);

    private void Add(IntervalCalculator calculator)
    {
        var intervals = new List<VMInterval?>();
        foreach (DomainFacts domain in _facts!.Domains!)
        {
            VMInterval? interval = calculator.VM(domain.Id);
            intervals.Add(interval);
            if (interval is { } known)
            {
                if (!_vms.TryGetValue(domain.Id, out VMHistory? history))
                {
                    _vms[domain.Id] = history = new VMHistory();
                }

                history.Add(known, _options.Count);
            }
        }

        if (calculator.Uplink(intervals) is { } uplink)
        {
            Observed++;
            _uplink.Enqueue(uplink);
            if (_uplink.Count > _options.Count)
            {
                _uplink.Dequeue();
            }
        }
    }
}

/// <summary>A VM's last intervals.</summary>
internal sealed class VMHistory
{
    private readonly Queue<VMInterval> _intervals = new();

    /// <summary>The intervals, oldest first.</summary>
    public IReadOnlyCollection<VMInterval> Intervals => _intervals;

    /// <summary>The exponentially weighted rate, also over intervals that have left the window.</summary>
    public Flow Current { get; private set; }

    /// <summary>Adds an interval and drops what is older than the window.</summary>
    public void Add(VMInterval interval, int count)
    {
        Current = RateStatistics.Current(_intervals.Count > 0 ? Current : null, interval);
        _intervals.Enqueue(interval);
        if (_intervals.Count > count)
        {
            _intervals.Dequeue();
        }
    }
}
