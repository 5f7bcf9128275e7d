using System.Collections.Concurrent;
using System.Diagnostics;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Tests;
using TrafficMigration.Traffic;

namespace TrafficMigration.Benchmarks.Runs;

/// <summary>Does one process keep up with a rack? 100 VMs move at once between 20 hosts that a fake plays.</summary>
/// <remarks>
/// Each answer takes 20 ms, as over a network; what SSH costs is not in it (see <c>hosts</c>), nor is sampling. A run
/// falls behind when its looks at a VM come later than it means to take them.
/// </remarks>
internal static class RunCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  run [VMS [SOURCES [LOOKS]]]";

    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs the benchmark and prints a table and a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        int[] numbers = [.. arguments.Select(a => int.TryParse(a, out int n) && n > 0 ? n : -1)];
        if (numbers.Length > 3 || numbers.Contains(-1))
        {
            await Console.Error.WriteLineAsync("usage:\n" + Usage);
            return 2;
        }

        int vms = numbers.ElementAtOrDefault(0) is > 0 and int v ? v : 100;
        int sources = numbers.ElementAtOrDefault(1) is > 0 and int s ? s : 10;
        int looks = numbers.ElementAtOrDefault(2) is > 0 and int l ? l : 10;

        var seen = new ConcurrentDictionary<string, ConcurrentQueue<long>>();
        var sites = new Dictionary<string, FakeSite>();
        var plans = new List<VMMigrationPlan>();
        for (int host = 0; host < sources; host++)
        {
            var site = new FakeSite($"from{host}") { OnLook = (vm, _) => seen.GetOrAdd(vm, _ => []).Enqueue(Stopwatch.GetTimestamp()) };
            sites[$"from{host}"] = sites[$"to{host}"] = site;
            for (int vm = host; vm < vms; vm += sources)
            {
                site.Play($"vm{vm}", [new Scene("running (booted)"), .. Enumerable.Repeat(Scene.Flowing, looks), Scene.Moved]);
                plans.AddRange(Plan($"vm{vm}", $"from{host}", $"to{host}"));
            }
        }

        string folder = Directory.CreateTempSubdirectory("trafficmigration-run").FullName;
        try
        {
            var listener = new Listener();
            var run = new MigrationRun(
                new RunStore(folder), async (host, token) => new SlowChannel(await sites[host].ConnectAsync(host, token)), listener);
            using var process = Process.GetCurrentProcess();
            TimeSpan before = process.TotalProcessorTime;
            var clock = Stopwatch.StartNew();
            await run.StartAsync(plans, new RunOptions { SkipPreflight = true, Adaptive = false }, CancellationToken.None, CancellationToken.None);
            process.Refresh();
            double core = (process.TotalProcessorTime - before) / clock.Elapsed;
            int moved = listener.Results.Count(r => r.Outcome == MigrationOutcome.Completed);
            double meant = (new RunPace().Look * Math.Max(1, 0.3 * Math.Ceiling((double)vms / sources)) + Latency).TotalSeconds;
            double[] gaps = [.. seen.Values.SelectMany(Gaps).Order()];
            double At(double share) => gaps[(int)(share * (gaps.Length - 1))];
            Console.WriteLine(FormattableString.Invariant(
                $"""
                {moved} of {vms} VMs moved between {2 * sources} hosts in {clock.Elapsed.TotalSeconds:0.0} s; the process took {100 * core:0.0} % of a core
                a look at each VM was meant every {meant:0.00} s; it came after {At(0.5):0.00} s (median), {At(0.99):0.00} s (99 of 100), {gaps[^1]:0.00} s (longest of {gaps.Length})
                ratio of the median to what was meant: {At(0.5) / meant:0.000}, of the longest: {gaps[^1] / meant:0.000}
                """));
            Console.WriteLine(FormattableString.Invariant(
                $"{{\"vms\":{vms},\"moved\":{moved},\"corePercent\":{100 * core:0.0},\"medianRatio\":{At(0.5) / meant:0.000},\"longestRatio\":{gaps[^1] / meant:0.000}}}"));
            return moved == vms ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<double> Gaps(ConcurrentQueue<long> times) =>
        times.Zip(times.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a, b).TotalSeconds);

    private static IReadOnlyList<VMMigrationPlan> Plan(string vm, string source, string destination) => Planner.CreatePlan(
        new PlanRequest
        {
            Rates = [new VMTrafficRate { HostName = source, VMName = vm, VMId = vm, TxBitsPerSecond = 1, RxBitsPerSecond = 1 }],
            Destinations = [new HostTraffic { HostName = destination }],
            Strategy = Strategy.PreCopy,
            CreatedAt = DateTimeOffset.UnixEpoch,
        },
        CancellationToken.None);

    /// <summary>A host that is a network away.</summary>
    private sealed class SlowChannel(ICommandChannel inner) : ICommandChannel
    {
        public bool IsConnected => inner.IsConnected;

        public string HostName => inner.HostName;

        public async Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
        {
            await Task.Delay(Latency, cancellationToken);
            return await inner.ExecuteAsync(commandLine, cancellationToken);
        }

        public async Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) =>
            new SlowStream(await inner.StartAsync(commandLine, cancellationToken));

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class SlowStream(ICommandStream inner) : ICommandStream
    {
        public Task<CommandResult> Completion => inner.Completion;

        public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => inner.ReadLineAsync(cancellationToken);

        public async ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
        {
            await Task.Delay(Latency, cancellationToken);
            await inner.WriteLineAsync(line, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
