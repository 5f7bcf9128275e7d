using System.Runtime.CompilerServices;
using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>What was measured on one host.</summary>
/// <param name="Host">All that its uplink carries, VMs included, and its room: what matters where the host is a destination.</param>
/// <param name="VirtualMachines">Its running VMs, in libvirt's order.</param>
/// <param name="HasUnknownLocalTraffic">Whether VMs talked to each other and it could not be told which.</param>
public sealed record HostMeasurement(
    HostTraffic Host, IReadOnlyList<VMTrafficRate> VirtualMachines, bool HasUnknownLocalTraffic);

/// <summary>Measures the traffic of a host and of its VMs, by one sampler that runs there as long as it is needed.</summary>
public static class TrafficMeter
{
    // libvirt measures dirty rates over 1 to 60 s (virsh domdirtyrate-calc).
    private const int LongestDirtySeconds = 60;

    /// <summary>Measures once over the window.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="options">How long and how.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="MigrationException">
    /// <c>LibvirtMissing</c>, <c>LibvirtUnavailable</c>, <c>LibvirtAccessDenied</c>, <c>CommandFailed</c>,
    /// <c>AnswerNotUnderstood</c>, <c>MigrationNetworkMissing</c>, and the channel's own.
    /// </exception>
    public static async Task<HostMeasurement> MeasureAsync(
        ICommandChannel channel, MeasureOptions options, CancellationToken cancellationToken)
    {
        await using Sampling sampling = await Sampling.StartAsync(channel, options, cancellationToken);
        while (sampling.Window.Count < options.Count)
        {
            await sampling.NextAsync(cancellationToken);
        }

        // What no counter shows, a pause for one, is asked at the end; and once more while dirty rates are still measured.
        int tries = 0;
        do
        {
            await sampling.RefreshAsync(cancellationToken);
        }
        while (options.WithDirtyRate && ++tries < 3 && sampling.Window.Facts!.Domains!.Any(d => d.DirtyBytesPerSecond is null));

        return await sampling.SnapshotAsync(cancellationToken);
    }

    /// <summary>Measures until it is cancelled, and gives the window's state after each interval.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="options">How long the window is, and how.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="MigrationException">As for <see cref="MeasureAsync"/>.</exception>
    public static async IAsyncEnumerable<HostMeasurement> WatchAsync(
        ICommandChannel channel, MeasureOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using Sampling sampling = await Sampling.StartAsync(channel, options, cancellationToken);
        while (true)
        {
            long before = sampling.Window.Observed;
            await sampling.NextAsync(cancellationToken);
            if (sampling.Window.Observed > before)
            {
                yield return await sampling.SnapshotAsync(cancellationToken);
            }
        }
    }

    /// <summary>A running sampler and the window that it fills.</summary>
    private sealed class Sampling : IAsyncDisposable
    {
        private readonly ICommandChannel _channel;
        private readonly MeasureOptions _options;
        private readonly ICommandStream _stream;
        private readonly SamplerReader _reader;
        private IReadOnlyDictionary<DiskFacts, DiskPlace> _storage = new Dictionary<DiskFacts, DiskPlace>();
        private DateTimeOffset _sampledAt;

        private Sampling(ICommandChannel channel, MeasureOptions options, ICommandStream stream)
        {
            _channel = channel;
            _options = options;
            _stream = stream;
            _reader = new SamplerReader(stream, channel.HostName);
            Window = new TrafficWindow(channel.HostName, options);
        }

        public TrafficWindow Window { get; }

        public static async Task<Sampling> StartAsync(
            ICommandChannel channel, MeasureOptions options, CancellationToken cancellationToken)
        {
            string script = SamplerScript.For(options.Interval, options.Destination, options.WithDirtyRate, options.WithDisks);
            return new Sampling(channel, options, await channel.StartAsync(script, cancellationToken));
        }

        /// <summary>Takes what comes next from the host.</summary>
        public async Task NextAsync(CancellationToken cancellationToken)
        {
            HostReport report = await _reader.ReadAsync(cancellationToken);
            if (report is HostFacts facts)
            {
                bool isFirst = Window.Facts is null;
                Window.Observe(facts);
                if (isFirst && _options.WithDirtyRate)
                {
                    await StartDirtyRatesAsync(cancellationToken);
                }

                return;
            }

            _sampledAt = DateTimeOffset.Now;
            if (Window.Observe((HostSample)report) is { } ask)
            {
                await _reader.AskAsync(ask, cancellationToken);
            }
        }

        /// <summary>Asks for facts and takes all that comes until they are there.</summary>
        public async Task RefreshAsync(CancellationToken cancellationToken)
        {
            HostFacts? before = Window.Facts;
            await _reader.AskAsync(Window.AskFacts(), cancellationToken);
            while (ReferenceEquals(before, Window.Facts))
            {
                await NextAsync(cancellationToken);
            }
        }

        public async Task<HostMeasurement> SnapshotAsync(CancellationToken cancellationToken)
        {
            DiskFacts[] disks = [.. Window.Facts!.Domains!.SelectMany(d => d.Disks)];
            if (!disks.All(_storage.ContainsKey))
            {
                _storage = await StorageQueries.LocateAsync(_channel, disks, cancellationToken);
            }

            return Window.Snapshot(_sampledAt, _storage);
        }

        public ValueTask DisposeAsync() => _stream.DisposeAsync();

        /// <remarks>virsh domdirtyrate-calc only begins the measurement; its result is in the VM's statistics later.</remarks>
        private async Task StartDirtyRatesAsync(CancellationToken cancellationToken)
        {
            DomainFacts[] domains = [.. Window.Facts!.Domains!];
            if (domains.Length == 0)
            {
                return;
            }

            int seconds = Math.Clamp((int)(_options.Interval.TotalSeconds * _options.Count) - 1, 1, LongestDirtySeconds);
            string commands = string.Join("; ", domains.Select(d => $"domdirtyrate-calc {d.Id} --seconds {seconds}"));
            CommandResult result = await _channel.ExecuteAsync($"{DomainQueries.Virsh} {ShellText.Quote(commands)}", cancellationToken);
            if (result.ExitCode != 0)
            {
                throw VirshFailure.From(_channel.HostName, "measuring the VMs' dirty rates", result);
            }
        }
    }
}
