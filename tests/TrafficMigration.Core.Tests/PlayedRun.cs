using TrafficMigration.Migration;
using TrafficMigration.Migration.Adaptive;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Tests;

/// <summary>
/// A run that never was, with the journal and the samples that the executor would have written: flows share links by
/// max-min fairness, looks come once a second, samples every 2 s with a window of 6 s.
/// </summary>
internal sealed class PlayedRun
{
    internal const double Step = 0.25;
    private const double Wire = 1e9;

    private readonly RunStore _store;
    private readonly string _id;
    private readonly DateTimeOffset _start;
    private readonly PlayedVM[] _vms;
    private readonly string[] _hosts;
    private readonly Random _random;
    private readonly List<(double[] Tx, double[] Rx, (double Tx, double Rx)[] VMs, int[] At)> _steps = [];
    private readonly IReadOnlyList<VMMigrationPlan> _plans;

    /// <param name="store">Where its files go.</param>
    /// <param name="id">Its identifier; its figures follow from it, too.</param>
    /// <param name="start">When it begins.</param>
    /// <param name="plans">The VMs' plans.</param>
    public PlayedRun(RunStore store, string id, DateTimeOffset start, IReadOnlyList<VMMigrationPlan> plans)
    {
        (_store, _id, _start, _plans) = (store, id, start, plans);
        _vms = [.. plans.Select((p, i) => new PlayedVM(p, i))];
        _hosts = [.. plans.SelectMany(p => new[] { p.Source, p.Destination }).Distinct()];
        _random = new Random(id.Sum(c => c));
    }

    /// <summary>When a VM's pre-copy is switched to post-copy, seconds after the start.</summary>
    public Dictionary<string, double> Switches { get; } = [];

    /// <summary>When a VM's migration fails.</summary>
    public Dictionary<string, double> Failures { get; } = [];

    /// <summary>When the process that drives the run is gone.</summary>
    public double Ends { get; init; } = double.MaxValue;

    public void Play()
    {
        using Journal journal = _store.Create(_id);
        using SeriesFile series = _store.Record(_id, text => throw new IOException(text))!;
        Write(journal, null, new MigrationEvent { Time = At(0), RunId = _id, Kind = MigrationEventKind.Run, Text = $"begins, {_vms.Length} VMs" }, head: new JournalHead(
            "root", "control", new RunOptions(), [.. _plans.Select(JournalPlan.Of)]) { Strategy = _plans[0].Plan.Strategy, Objective = _plans[0].Plan.Objective, Links = _plans[0].Plan.Links });
        foreach (PlayedVM vm in _vms)
        {
            To(journal, vm, 1.1, MigrationState.Preflight);
        }

        for (int step = 1; step * Step < Ends && !_vms.All(v => v.State.IsEnd()); step++)
        {
            double now = step * Step;
            Share(now);
            foreach (PlayedVM vm in _vms)
            {
                Advance(journal, vm, now);
                if (step % 4 == vm.Number % 4 && vm.State is (MigrationState.PreCopying or MigrationState.PostCopying))
                {
                    series.Add(new StreamSample(vm.Name, At(now), vm.State, (long)vm.Sent, (long)vm.Left, vm.Passes > 1 ? vm.Plan.Rate.DirtyBytesPerSecond : null));
                }
            }

            if (step % 8 == 0 && step > 8)
            {
                foreach (string host in _hosts)
                {
                    series.Add(Sample(host, now));
                }
            }
        }

        if (_vms.All(v => v.State.IsEnd()))
        {
            double end = _steps.Count * Step;
            Write(journal, null, new MigrationEvent { Time = At(end), RunId = _id, Kind = MigrationEventKind.Run, Text = "ended" }, isEnd: true);
        }
    }

    private DateTimeOffset At(double seconds) => _start.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));

    private void Advance(Journal journal, PlayedVM vm, double now)
    {
        switch (vm.State)
        {
            case MigrationState.Preflight when now >= 2 + (vm.Number * 0.25):
                vm.Began = now;
                Write(
                    journal, vm.Number,
                    new MigrationEvent { Time = At(now), RunId = _id, Kind = MigrationEventKind.Decision, VMName = vm.Name, HostName = vm.Plan.Source, Text = $"starts {vm.Plan.Technique} to {vm.Plan.Destination}" },
                    job: $"{_id}-{vm.Number}");
                To(journal, vm, now + 0.1, MigrationState.PreCopying, $"running (booted) at {vm.Plan.Source}");
                break;
            case MigrationState.PreCopying when Failures.TryGetValue(vm.Name, out double at) && now >= at:
                To(journal, vm, now, MigrationState.CleaningUp, $"running (booted) at {vm.Plan.Source}");
                vm.Over = now;
                break;
            case MigrationState.PreCopying when Switches.TryGetValue(vm.Name, out double at) && now >= at:
                Switch(journal, vm, now);
                break;
            case MigrationState.PreCopying when vm.Plan.Technique == Technique.PostCopy && now >= vm.Began + 0.5:
                To(journal, vm, now, MigrationState.PostCopying, $"paused (post-copy) at {vm.Plan.Source}");
                break;
            case MigrationState.PreCopying or MigrationState.PostCopying when vm.Left <= 0:
                vm.Over = now;
                vm.IsThere = true;
                To(journal, vm, now + 0.5, MigrationState.CleaningUp, $"no state at {vm.Plan.Source}");
                break;
            case MigrationState.CleaningUp when now >= vm.Over + 1.5:
                End(journal, vm, now);
                break;
        }
    }

    private void Switch(Journal journal, PlayedVM vm, double now)
    {
        Switches.Remove(vm.Name);
        var decision = new SwitchDecision
        {
            Time = At(now), Switches = true, Pays = true, Cause = SwitchCause.Contention, BytesRemaining = (long)vm.Left,
            DirtyBytesPerSecond = vm.Plan.Rate.DirtyBytesPerSecond ?? 0, PreCopyBitsPerSecond = (long)(vm.Rate * 8), PostCopyBitsPerSecond = 700_000_000,
            PreCopyRemaining = TimeSpan.FromSeconds(vm.Left / Math.Max(1, vm.Rate)), PostCopyRemaining = TimeSpan.FromSeconds(vm.Left * 8 / 7e8),
            PreCopyLossBitsPerSecond = 80_000_000, PostCopyLossBitsPerSecond = 0, TxBitsPerSecond = vm.Plan.Rate.TxBitsPerSecond, RxBitsPerSecond = vm.Plan.Rate.RxBitsPerSecond,
        };
        vm.Decisions.Add(decision.ToString());
        Write(journal, vm.Number, new MigrationEvent
        {
            Time = At(now), RunId = _id, Kind = MigrationEventKind.Decision, VMName = vm.Name, HostName = vm.Plan.Source, Text = decision.ToString(), Switch = decision,
        });
        To(journal, vm, now + 0.9, MigrationState.PostCopying, $"paused (post-copy) at {vm.Plan.Source}");
    }

    private void End(Journal journal, PlayedVM vm, double now)
    {
        bool moved = vm.IsThere;
        MigrationException? error = moved ? null : TrafficMigration.Failures.MigrationFailed(
            vm.Plan.Source, vm.Plan.Destination, vm.Name, vm.Plan.Technique.ToString(), "error: internal error: unable to execute QEMU command 'migrate': <no route to host>");
        var result = new VMMigrationResult
        {
            VMName = vm.Name, Source = vm.Plan.Source, Destination = vm.Plan.Destination, Technique = vm.Plan.Technique, RunId = _id,
            TechniqueUsed = !moved ? null : vm.HasSwitched ? Technique.PostCopy : Technique.PreCopy,
            Outcome = moved ? MigrationOutcome.Completed : MigrationOutcome.Failed,
            StartTime = At(vm.Began), TotalTime = TimeSpan.FromSeconds(vm.Over - vm.Began),
            Downtime = moved ? TimeSpan.FromMilliseconds(vm.HasSwitched ? 9 + (vm.Number * 2) : 140 + (35 * vm.Number)) : null,
            BytesTransferred = (long)vm.Sent, PredictedDuration = vm.Plan.PredictedDuration, PredictedBytes = vm.Plan.PredictedBytes,
            DirtyBytesPerSecond = vm.Plan.Rate.DirtyBytesPerSecond, Decisions = [.. vm.Decisions], Error = error,
        };
        To(journal, vm, now, moved ? MigrationState.Done : MigrationState.Failed, error?.ErrorId ?? "Completed", result);
    }

    private void To(Journal journal, PlayedVM vm, double now, MigrationState next, string text = "", VMMigrationResult? result = null)
    {
        Write(
            journal, vm.Number,
            new MigrationEvent { Time = At(now), RunId = _id, Kind = MigrationEventKind.Transition, VMName = vm.Name, HostName = vm.Plan.Source, From = vm.State, To = next, Text = text },
            result: result);
        vm.State = next;
        if (next == MigrationState.PostCopying)
        {
            (vm.IsThere, vm.HasSwitched) = (true, true);
        }
    }

    public void Trouble(string host, double now, string text)
    {
        using Journal journal = _store.Open(_id);
        Write(journal, null, new MigrationEvent { Time = At(now), RunId = _id, Kind = MigrationEventKind.Trouble, HostName = host, Text = text });
    }

    private static void Write(
        Journal journal, int? number, MigrationEvent happened, JournalHead? head = null, string? job = null, VMMigrationResult? result = null, bool isEnd = false)
    {
        journal.Append(new JournalEntry
        {
            Event = happened, Head = head, Number = number, Job = job, Result = result is null ? null : JournalResult.Of(result), Ended = isEnd ? true : null,
        });
    }

    /// <summary>What flows in the next quarter of a second.</summary>
    private void Share(double now)
    {
        // Links: out of and into each host, payload. Flows: each VM's two, its memory, and each host's background.
        // A triangle and no sine: the last digit of a sine is the processor's affair, and recordings are compared to the byte.
        double wave = 1 + (0.06 * ((4 * Math.Abs((now / 20 % 1) - 0.5)) - 1));
        FlowClaim[] claims =
        [
            .. _vms.SelectMany(v => new[]
            {
                new FlowClaim(v.Plan.Rate.TxBitsPerSecond * wave * Noise()), new FlowClaim(v.Plan.Rate.RxBitsPerSecond * (2 - wave) * Noise()), new FlowClaim(double.PositiveInfinity),
            }),
            .. _hosts.SelectMany((_, h) => new[] { new FlowClaim(Background(h, isTx: true) * Noise()), new FlowClaim(Background(h, isTx: false) * Noise()) }),
        ];
        var sharing = new MaxMinSharing(2 * _hosts.Length, claims);
        int[] at = [.. _vms.Select(v => Array.IndexOf(_hosts, v.IsThere ? v.Plan.Destination : v.Plan.Source))];
        foreach (PlayedVM vm in _vms)
        {
            sharing.Route(3 * vm.Number, Out(at[vm.Number]));
            sharing.Route((3 * vm.Number) + 1, In(at[vm.Number]));
            if (vm.State is MigrationState.PreCopying or MigrationState.PostCopying)
            {
                sharing.Route((3 * vm.Number) + 2, Out(Array.IndexOf(_hosts, vm.Plan.Source)), In(Array.IndexOf(_hosts, vm.Plan.Destination)));
            }
        }

        for (int host = 0; host < _hosts.Length; host++)
        {
            sharing.Route((3 * _vms.Length) + (2 * host), Out(host));
            sharing.Route((3 * _vms.Length) + (2 * host) + 1, In(host));
        }

        sharing.Solve([.. Enumerable.Repeat(Wire * TcpFraming.PayloadPerWire, 2 * _hosts.Length)]);
        double[] tx = new double[_hosts.Length];
        double[] rx = new double[_hosts.Length];
        var vms = new (double Tx, double Rx)[_vms.Length];
        foreach (PlayedVM vm in _vms)
        {
            vms[vm.Number] = (Counted(sharing.Rates[3 * vm.Number]), Counted(sharing.Rates[(3 * vm.Number) + 1]));
            tx[at[vm.Number]] += vms[vm.Number].Tx;
            rx[at[vm.Number]] += vms[vm.Number].Rx;
            if (vm.State is MigrationState.PreCopying or MigrationState.PostCopying)
            {
                double memory = sharing.Rates[(3 * vm.Number) + 2];
                vm.Flow(memory / 8 * Step, memory / 8);
                tx[Array.IndexOf(_hosts, vm.Plan.Source)] += Counted(memory);
                rx[Array.IndexOf(_hosts, vm.Plan.Destination)] += Counted(memory);
            }
        }

        for (int host = 0; host < _hosts.Length; host++)
        {
            tx[host] += Counted(sharing.Rates[(3 * _vms.Length) + (2 * host)]);
            rx[host] += Counted(sharing.Rates[(3 * _vms.Length) + (2 * host) + 1]);
        }

        _steps.Add((tx, rx, vms, at));

        static int Out(int host) => 2 * host;
        static int In(int host) => (2 * host) + 1;
        static double Counted(double payload) => payload / TcpFraming.PayloadPerCounted;
        double Noise() => 0.96 + (0.08 * _random.NextDouble());
    }

    private double Background(int host, bool isTx) => _plans[0].Plan.Links.FirstOrDefault(
        l => l.HostName == _hosts[host] && l.Direction == (isTx ? LinkDirection.Outgoing : LinkDirection.Incoming))?.BackgroundBitsPerSecond ?? 12e6;

    private LinkSample Sampled(string host, double now)
    {
        int h = Array.IndexOf(_hosts, host);
        var window = _steps.TakeLast(24).ToList();
        return new LinkSample(
            host, At(now), TimeSpan.FromSeconds(window.Count * Step), (long)window.Average(s => s.Tx[h]), (long)window.Average(s => s.Rx[h]), (long)Wire,
            [.. _vms.Where(v => window[^1].At[v.Number] == h).Select(v => new VMLinkSample(
                v.Name, (long)window.Average(s => s.At[v.Number] == h ? s.VMs[v.Number].Tx : 0), (long)window.Average(s => s.At[v.Number] == h ? s.VMs[v.Number].Rx : 0)))]);
    }

    private HostMeasurement Sample(string host, double now)
    {
        LinkSample sample = Sampled(host, now);
        return new HostMeasurement(
            new HostTraffic
            {
                HostName = host, SampledAt = sample.Time, Window = sample.Window, BackgroundTxBitsPerSecond = sample.TxBitsPerSecond,
                BackgroundRxBitsPerSecond = sample.RxBitsPerSecond, LinkBitsPerSecond = sample.LinkBitsPerSecond,
            },
            [.. sample.VMs.Select(v => new VMTrafficRate { HostName = host, VMName = v.VMName, TxBitsPerSecond = v.TxBitsPerSecond, RxBitsPerSecond = v.RxBitsPerSecond })],
            HasUnknownLocalTraffic: false);
    }
}
