namespace TrafficMigration.Prediction;

/// <summary>All flows of a scenario on its hosts' uplinks, as they share them now.</summary>
/// <remarks>
/// <para>Within, a rate is TCP payload in bit/s (<see cref="TcpFraming"/>), for demands and capacities alike.</para>
/// <para>
/// Acknowledgements of memory and of flows between VMs are taken out of the opposite direction's capacity. Background and
/// what VMs exchange with the world carry theirs already: they come from counters, which count acknowledgements in the
/// direction in which these travel.
/// </para>
/// </remarks>
internal sealed class SharedNetwork
{
    // Rates and acknowledgements depend on each other. A round leaves 3 % of the error before it: two or three are enough.
    private const int NoDisk = -1;
    private const int MaxRounds = 4;
    private const double RoundTolerance = 1e-4;

    private readonly Scenario _scenario;
    private readonly MaxMinSharing _sharing;
    private readonly double[] _capacities;
    private readonly double[] _acknowledgements;
    private readonly double[] _newAcknowledgements;
    private readonly double[] _capacitiesForData;
    private readonly double[] _bitsOfFlow;
    private readonly MigrationPhase[] _phases;
    private readonly int[] _diskOf;
    private readonly int _copying;
    private readonly ILookup<int, int> _flowsOfMigration;

    /// <summary>Before anything migrates.</summary>
    public SharedNetwork(Scenario scenario)
    {
        _scenario = scenario;
        _capacities = [.. scenario.Hosts
            .SelectMany(h => Enumerable.Repeat((h.LinkBitsPerSecond ?? 0) * TcpFraming.PayloadPerWire, 2))];
        _acknowledgements = new double[_capacities.Length];
        _newAcknowledgements = new double[_capacities.Length];
        _capacitiesForData = new double[_capacities.Length];
        ScenarioMigration[] copying = [.. scenario.Migrations.Where(m => m.DiskBytes is not null)];
        int next = 0;
        _diskOf = [.. scenario.Migrations.Select(m => m.DiskBytes is null ? NoDisk : next++)];
        _copying = copying.Length;
        FlowClaim[] claims = [
            .. scenario.Migrations.Select(m => new FlowClaim(
                m.BandwidthLimitBitsPerSecond ?? double.PositiveInfinity, m.Connections)),
            .. scenario.Flows.Select(f => Demand(f.BitsPerSecond)),
            .. scenario.Migrations.Select(m => Demand(m.TxBitsPerSecond)),
            .. scenario.Migrations.Select(m => Demand(m.RxBitsPerSecond)),
            .. scenario.Hosts.Select(h => Demand(h.BackgroundTxBitsPerSecond)),
            .. scenario.Hosts.Select(h => Demand(h.BackgroundRxBitsPerSecond)),
            .. copying.Select(m => new FlowClaim(DiskLimit(m) ?? double.PositiveInfinity)),
            .. copying.Select(m => new FlowClaim(8.0 * m.DiskWriteBytesPerSecond)),
        ];
        _sharing = new MaxMinSharing(_capacities.Length, claims);
        _bitsOfFlow = new double[claims.Length];
        _phases = new MigrationPhase[scenario.Migrations.Count];
        _flowsOfMigration = scenario.Flows.SelectMany((f, i) => new[] { (End: f.From, i), (End: f.To, i) }.Distinct())
            .Where(p => p.End is not null).ToLookup(p => p.End!.Value, p => p.i);
        RouteAll();
    }

    /// <summary>How often the links were shared anew.</summary>
    public int Solutions { get; private set; }

    /// <summary>How many progressive fillings that took.</summary>
    public int Fillings { get; private set; }

    private int FirstTx => _scenario.Migrations.Count + _scenario.Flows.Count;

    private int FirstRx => FirstTx + _scenario.Migrations.Count;

    private int FirstBackground => FirstRx + _scenario.Migrations.Count;

    private int FirstDisk => FirstBackground + (2 * _scenario.Hosts.Count);

    /// <summary>Lets a migration's memory and its VM's traffic run where they do in this phase.</summary>
    public void Route(int migration, MigrationPhase phase)
    {
        _phases[migration] = phase;
        ScenarioMigration m = _scenario.Migrations[migration];
        RouteBetweenIf(phase is not (MigrationPhase.Waiting or MigrationPhase.MirroringDisks or MigrationPhase.Ended), migration, m);
        if (_diskOf[migration] != NoDisk)
        {
            RouteBetweenIf(phase == MigrationPhase.MirroringDisks, DiskFlow(migration), m);
            // A VM that stands still writes nothing, and what one at the destination writes stays there.
            RouteBetweenIf(phase == MigrationPhase.PreCopy && m.DiskWriteBytesPerSecond > 0, MirrorFlow(migration), m);
        }

        RouteToWorld(FirstTx + migration, m.TxBitsPerSecond, PlaceOf(migration), Egress);
        RouteToWorld(FirstRx + migration, m.RxBitsPerSecond, PlaceOf(migration), Ingress);
        foreach (int flow in _flowsOfMigration[migration])
        {
            RouteFlow(flow);
        }
    }

    /// <summary>Shares the links among all that runs now.</summary>
    public void Share()
    {
        Solutions++;
        int round = 0;
        do
        {
            for (int link = 0; link < _capacities.Length; link++)
            {
                _capacitiesForData[link] = Math.Max(0, _capacities[link] - _acknowledgements[link]);
            }

            _sharing.Solve(_capacitiesForData);
            Fillings++;
        }
        while (AcknowledgementsChange() && ++round < MaxRounds);
    }

    /// <summary>What a migration's phase sends, memory or disks, bytes per second.</summary>
    public double BytesPerSecond(int migration) =>
        _sharing.Rates[_phases[migration] == MigrationPhase.MirroringDisks ? DiskFlow(migration) : migration] / 8;

    /// <summary>What is sent beside its memory of what the VM writes to copied disks, bytes per second.</summary>
    public double MirrorBytesPerSecond(int migration) => _diskOf[migration] == NoDisk ? 0 : _sharing.Rates[MirrorFlow(migration)] / 8;

    /// <summary>Lets applications send and receive at their rates for a time, seconds.</summary>
    public void Account(double seconds)
    {
        ReadOnlySpan<double> rates = _sharing.Rates;
        for (int flow = _scenario.Migrations.Count; flow < FirstBackground; flow++)
        {
            _bitsOfFlow[flow] += rates[flow] * seconds;
        }
    }

    /// <summary>What the scenario's flows want now between different hosts, bit/s as counted.</summary>
    public double ApartBitsPerSecond()
    {
        double apart = 0;
        foreach (ScenarioFlow flow in _scenario.Flows)
        {
            apart += PlaceOf(flow.From, flow) is int from && PlaceOf(flow.To, flow) is int to && from != to ? flow.BitsPerSecond : 0;
        }

        return apart;
    }

    /// <summary>Mean of one of the scenario's flows over the accounted time, bit/s as counted; over no time at all, its rate.</summary>
    public double MeanOfFlow(int flow, double seconds) => Mean(_scenario.Migrations.Count + flow, seconds);

    /// <summary>The same of what a VM sends to the world.</summary>
    public double MeanTx(int migration, double seconds) => Mean(FirstTx + migration, seconds);

    /// <summary>The same of what a VM receives from the world.</summary>
    public double MeanRx(int migration, double seconds) => Mean(FirstRx + migration, seconds);

    private double Mean(int flow, double seconds) =>
        (seconds > 0 ? _bitsOfFlow[flow] / seconds : _sharing.Rates[flow]) / TcpFraming.PayloadPerCounted;

    private int DiskFlow(int migration) => FirstDisk + _diskOf[migration];

    private int MirrorFlow(int migration) => FirstDisk + _copying + _diskOf[migration];

    /// <summary>A limit holds for how far the copy has come in the disk, of which only a part is traffic.</summary>
    private static double? DiskLimit(ScenarioMigration m) =>
        m.BandwidthLimitBitsPerSecond * (m.DiskCapacityBytes > m.DiskBytes ? (double)m.DiskBytes / m.DiskCapacityBytes : 1.0);

    private static FlowClaim Demand(long counted) => new(counted * TcpFraming.PayloadPerCounted);

    // The two directions of a host's uplink differ in the lowest bit, so link ^ 1 is the opposite direction.
    private int Egress(int host) => LinkOr(host, 2 * host);

    private int Ingress(int host) => LinkOr(host, (2 * host) + 1);

    private int LinkOr(int host, int link) => _scenario.Hosts[host].LinkBitsPerSecond is null ? MaxMinSharing.NoLink : link;

    /// <summary>The host on which a migration's VM runs; <see langword="null"/> while it stands still.</summary>
    private int? PlaceOf(int migration) => _phases[migration] switch
    {
        MigrationPhase.StopAndCopy => null,
        MigrationPhase.PostCopy or MigrationPhase.Ended => _scenario.Migrations[migration].Destination,
        _ => _scenario.Migrations[migration].Source,
    };

    /// <summary>The host of a flow's end, which may be one that stays.</summary>
    private int? PlaceOf(int? end, ScenarioFlow flow) => end is int migration ? PlaceOf(migration) : flow.Host;

    private void RouteAll()
    {
        for (int migration = 0; migration < _scenario.Migrations.Count; migration++)
        {
            Route(migration, MigrationPhase.Waiting);
        }

        for (int host = 0; host < _scenario.Hosts.Count; host++)
        {
            ScenarioHost h = _scenario.Hosts[host];
            RouteToWorld(FirstBackground + host, h.BackgroundTxBitsPerSecond, host, Egress);
            RouteToWorld(FirstBackground + _scenario.Hosts.Count + host, h.BackgroundRxBitsPerSecond, host, Ingress);
        }
    }

    private void RouteFlow(int flow)
    {
        ScenarioFlow f = _scenario.Flows[flow];
        int index = _scenario.Migrations.Count + flow;
        if (f.BitsPerSecond > 0 && PlaceOf(f.From, f) is int from && PlaceOf(f.To, f) is int to)
        {
            RouteBetween(index, from, to);
        }
        else
        {
            _sharing.Stop(index);
        }
    }

    private void RouteBetweenIf(bool flows, int flow, ScenarioMigration migration)
    {
        if (flows)
        {
            RouteBetween(flow, migration.Source, migration.Destination);
        }
        else
        {
            _sharing.Stop(flow);
        }
    }

    private void RouteBetween(int flow, int from, int to)
    {
        bool local = from == to;
        _sharing.Route(flow, local ? MaxMinSharing.NoLink : Egress(from), local ? MaxMinSharing.NoLink : Ingress(to));
    }

    private void RouteToWorld(int flow, long demand, int? host, Func<int, int> direction)
    {
        if (demand > 0 && host is int place)
        {
            _sharing.Route(flow, direction(place));
        }
        else
        {
            _sharing.Stop(flow);
        }
    }

    /// <summary>Takes over the acknowledgements of the current rates; whether they differ from those reckoned with.</summary>
    private bool AcknowledgementsChange()
    {
        Array.Clear(_newAcknowledgements);
        ReadOnlySpan<double> rates = _sharing.Rates;
        foreach (int flow in Enumerable.Range(0, FirstTx).Concat(Enumerable.Range(FirstDisk, 2 * _copying)))
        {
            if (flow >= _scenario.Migrations.Count && flow < FirstTx && !_scenario.Flows[flow - _scenario.Migrations.Count].AddsAcknowledgements)
            {
                continue;
            }

            for (int which = 0; which < 2; which++)
            {
                int link = _sharing.LinkOf(flow, which);
                if (link != MaxMinSharing.NoLink)
                {
                    _newAcknowledgements[link ^ 1] += rates[flow] * TcpFraming.AcknowledgementPerData;
                }
            }
        }

        bool changed = false;
        for (int link = 0; link < _capacities.Length; link++)
        {
            changed |= Math.Abs(_newAcknowledgements[link] - _acknowledgements[link]) > RoundTolerance * _capacities[link];
            _acknowledgements[link] = _newAcknowledgements[link];
        }

        return changed;
    }
}
