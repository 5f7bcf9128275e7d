namespace TrafficMigration.Prediction;

/// <summary>The event loop of one simulated run.</summary>
/// <remarks>
/// Every event takes at least one migration into its next phase, and a migration has at most five: the loop ends however
/// the rates fall out.
/// </remarks>
internal sealed class Simulation
{
    // Phases that end so close together (seconds) end at once: equal migrations differ by rounding only.
    private const double Together = 1e-9;

    private readonly Scenario _scenario;
    private readonly SharedNetwork _network;
    private readonly MigrationProcess[] _processes;
    private readonly StartQueue<int> _queue;
    private readonly List<int> _running = [];
    private readonly double[] _secondsToNextPhase;
    private double _now;
    private double _lastEnd;
    private double _apartBits;

    /// <summary>Before the first start. The scenario is valid.</summary>
    public Simulation(Scenario scenario)
    {
        _scenario = scenario;
        _network = new SharedNetwork(scenario);
        _processes = [.. scenario.Migrations.Select(m => new MigrationProcess(m))];
        _queue = new StartQueue<int>(
            [.. scenario.Migrations.Select(m => (m.Source, m.Destination))], scenario.Budget, [.. scenario.Migrations.Select(m => m.Stage)]);
        _secondsToNextPhase = new double[_processes.Length];
    }

    /// <summary>Moments at which a migration came into its next phase.</summary>
    public int Events { get; private set; }

    /// <summary>The flows, and how often they were shared anew.</summary>
    public SharedNetwork Network => _network;

    /// <summary>Runs it, once.</summary>
    public SimulatedRun Run(CancellationToken cancellationToken)
    {
        double window = _scenario.Window?.TotalSeconds ?? double.PositiveInfinity;
        StartWhatMay();
        while (SecondsToNextEvent() is double seconds && double.IsFinite(seconds))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _network.Account(Math.Min(seconds, Math.Max(0, window - _now)));
            _apartBits += _scenario.Flows.Count > 0 ? _network.ApartBitsPerSecond() * seconds : 0;
            _now += seconds;
            Events++;
            Step(seconds);
            StartWhatMay();
        }

        double accounted = double.IsFinite(window) ? window : _now;
        _network.Account(Math.Max(0, accounted - _now));
        return Result(accounted);
    }

    private void StartWhatMay()
    {
        while (_queue.TakeNext() is int migration)
        {
            _processes[migration].Begin(_now);
            _running.Add(migration);
            _network.Route(migration, _processes[migration].Phase);
        }
    }

    private double SecondsToNextEvent()
    {
        _network.Share();
        double seconds = double.PositiveInfinity;
        foreach (int migration in _running)
        {
            _secondsToNextPhase[migration] =
                _processes[migration].SecondsToNextPhase(_network.BytesPerSecond(migration));
            seconds = Math.Min(seconds, _secondsToNextPhase[migration]);
        }

        return seconds;
    }

    private void Step(double seconds)
    {
        foreach (int migration in _running)
        {
            MigrationProcess process = _processes[migration];
            if (_secondsToNextPhase[migration] > seconds + Together)
            {
                process.Advance(_network.BytesPerSecond(migration), _network.MirrorBytesPerSecond(migration), seconds);
                continue;
            }

            process.CompletePhase(_now, _network.MirrorBytesPerSecond(migration), seconds);
            _network.Route(migration, process.Phase);
            if (!process.IsRunning)
            {
                _queue.End(migration);
                _lastEnd = _now;
            }
        }

        _running.RemoveAll(m => !_processes[m].IsRunning);
    }

    private SimulatedRun Result(double window) => new(
        Time(_lastEnd),
        Bytes(_processes.Sum(p => p.BytesSent)),
        [.. _processes.Select((p, i) => new SimulatedMigration(
            Time(p.Phase == MigrationPhase.Waiting ? _lastEnd : p.Start),
            p.Phase == MigrationPhase.Ended ? Time(p.Duration) : null,
            Time(p.Downtime),
            Bytes(p.BytesSent),
            p.Switched,
            _network.MeanTx(i, window),
            _network.MeanRx(i, window))
        {
            Started = p.Phase != MigrationPhase.Waiting,
            DiskBytesTransferred = Bytes(p.DiskBytesSent),
            DisksAreMirrored = p.Phase != MigrationPhase.MirroringDisks,
        })],
        [.. _scenario.Flows.Select((_, i) => _network.MeanOfFlow(i, window))])
    {
        ApartBits = _apartBits,
    };

    private static TimeSpan Time(double seconds) =>
        seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;

    private static long Bytes(double bytes) => bytes < long.MaxValue ? (long)Math.Round(bytes) : long.MaxValue;
}
