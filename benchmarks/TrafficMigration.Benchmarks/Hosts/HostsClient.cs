using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using TrafficMigration.Traffic;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>The process that is measured: connects to all hosts, samples them and looks at itself.</summary>
internal static class HostsClient
{
    /// <summary>Tells the program to be the client.</summary>
    public const string Switch = "--client";

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Samples the hosts whose files lie in the first argument; prints <see cref="HostsFigures"/>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        string directory = arguments[0];
        HostsOptions options = HostsOptions.Parse(arguments[1..])!;
        using var stop = new CancellationTokenSource();
        _ = Task.Run(() => EndWithParent(stop), CancellationToken.None);

        int port = int.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "port"), stop.Token), CultureInfo.InvariantCulture);
        var connector = new SshHostConnector([Path.Combine(directory, "known_hosts")], directory);
        Sampled[] hosts = [.. Enumerable.Range(0, options.Hosts).Select(host => new Sampled(connector, Endpoint(host)))];
        var clock = Stopwatch.StartNew();
        // As many at once as a user with this many hosts would not complain about.
        await Parallel.ForEachAsync(
            hosts,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stop.Token },
            (host, token) => host.StartAsync(options.Interval, stop.Token));
        double connected = clock.Elapsed.TotalSeconds;
        double connectedCpu = Environment.CpuUsage.TotalTime.TotalSeconds;
        await Task.Delay(Settling, stop.Token);
        HostsFigures figures = await MeasureAsync(hosts, options, connected, connectedCpu, stop.Token);
        Console.WriteLine(figures.ToJson());
        await stop.CancelAsync();
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
        return 0;

        HostEndpoint Endpoint(int host) => new()
        {
            HostName = ReplayHosts.Address(host),
            Port = port,
            KeyFilePath = Path.Combine(directory, "user"),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
    }

    private static async Task<HostsFigures> MeasureAsync(
        Sampled[] hosts, HostsOptions options, double connected, double connectedCpu, CancellationToken cancellationToken)
    {
        long[] before = [.. hosts.Select(host => host.Samples)];
        long allocated = GC.GetTotalAllocatedBytes();
        int collections = GC.CollectionCount(0);
        Environment.ProcessCpuUsage cpu = Environment.CpuUsage;
        var clock = Stopwatch.StartNew();
        await Task.Delay(options.Window, cancellationToken);
        double seconds = clock.Elapsed.TotalSeconds;
        Environment.ProcessCpuUsage spent = Environment.CpuUsage;
        long[] samples = [.. hosts.Select((host, i) => host.Samples - before[i])];
        bool due = options.Window > 2 * options.Interval;
        return new HostsFigures
        {
            Hosts = options.Hosts,
            IntervalSeconds = options.Interval.TotalSeconds,
            LinksPerHost = options.Links,
            WritesPerSample = options.Writes,
            ConnectSeconds = connected,
            ConnectCpuSeconds = connectedCpu,
            WindowSeconds = seconds,
            Cores = (spent.TotalTime - cpu.TotalTime).TotalSeconds / seconds,
            KernelCores = (spent.PrivilegedTime - cpu.PrivilegedTime).TotalSeconds / seconds,
            ResidentMegabytes = Status("VmRSS:") / 1024,
            PeakResidentMegabytes = Status("VmHWM:") / 1024,
            ManagedMegabytes = GC.GetTotalMemory(forceFullCollection: false) / 1048576.0,
            AllocatedMegabytesPerSecond = (GC.GetTotalAllocatedBytes() - allocated) / 1048576.0 / seconds,
            Collections = GC.CollectionCount(0) - collections,
            Threads = (int)Status("Threads:"),
            Samples = samples.Sum(),
            ExpectedSamples = options.Hosts * seconds / options.Interval.TotalSeconds,
            SilentHosts = due ? samples.Count(count => count == 0) : 0,
            FailedHosts = hosts.Count(host => host.HasFailed),
        };
    }

    private static double Status(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static void EndWithParent(CancellationTokenSource stop)
    {
        while (Console.In.Read() >= 0)
        {
        }

        if (!stop.IsCancellationRequested)
        {
            Environment.Exit(1);
        }
    }

    /// <summary>One host, watched as <c>Get-VMTrafficRate -Continuous</c> does.</summary>
    private sealed class Sampled(SshHostConnector connector, HostEndpoint endpoint) : IAsyncDisposable
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ICommandChannel? _channel;
        private Task _watching = Task.CompletedTask;
        private long _samples;

        public long Samples => Interlocked.Read(ref _samples);

        public bool HasFailed => _watching.IsCompleted;

        /// <summary>Returns when the first interval is measured.</summary>
        public async ValueTask StartAsync(TimeSpan interval, CancellationToken cancellationToken)
        {
            _channel = await connector.ConnectAsync(endpoint, _ => { }, cancellationToken);
            _watching = WatchAsync(_channel, interval, cancellationToken);
            await Task.WhenAny(_first.Task, _watching);
        }

        public async ValueTask DisposeAsync()
        {
            await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_channel is not null)
            {
                await _channel.DisposeAsync();
            }
        }

        private async Task WatchAsync(ICommandChannel channel, TimeSpan interval, CancellationToken cancellationToken)
        {
            var options = new MeasureOptions { Interval = interval, Count = 5 };
            await foreach (HostMeasurement _ in TrafficMeter.WatchAsync(channel, options, cancellationToken))
            {
                Interlocked.Increment(ref _samples);
                _first.TrySetResult();
            }
        }
    }
}
