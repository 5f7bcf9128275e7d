using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The conversation with a sampler, held with a replay of a real one.</summary>
public sealed class TrafficMeterTests
{
    private static readonly MeasureOptions Options = new() { Interval = TimeSpan.FromSeconds(1), Count = 3 };

    [Fact]
    public async Task Measures_the_window_and_asks_at_its_end_what_no_counter_shows()
    {
        await using var host = new ReplayHost("bridge");
        HostMeasurement measured = await TrafficMeter.MeasureAsync(host, Options, TestContext.Current.CancellationToken);

        Assert.Equal(["facts"], host.Asked);
        VMTrafficRate vm = measured.VirtualMachines.Single(v => v.VMName == "vm1");
        Assert.Equal((3, 8_000_000, DiskStorage.None), (vm.SampleCount, vm.TxBitsPerSecond, vm.DiskStorage));
        Assert.True(host.IsStreamClosed);
    }

    [Fact]
    public async Task Has_dirty_rates_measured_over_the_window_and_waits_for_them()
    {
        await using var host = new ReplayHost("dirty");
        HostMeasurement measured = await TrafficMeter.MeasureAsync(host, Options with { WithDirtyRate = true }, TestContext.Current.CancellationToken);

        Assert.Contains("--dirtyrate", host.Script, StringComparison.Ordinal);
        Assert.Contains("domdirtyrate-calc", Assert.Single(host.Commands), StringComparison.Ordinal);
        Assert.Contains("--seconds 2", host.Commands[0], StringComparison.Ordinal);
        Assert.Contains(measured.VirtualMachines, v => v.DirtyBytesPerSecond == 8 << 20);
    }

    [Fact]
    public async Task Watches_until_it_is_stopped_and_gives_the_window_after_each_interval()
    {
        await using var host = new ReplayHost("bridge");
        var seen = new List<HostMeasurement>();
        await foreach (HostMeasurement measured in TrafficMeter.WatchAsync(host, Options, TestContext.Current.CancellationToken))
        {
            seen.Add(measured);
            if (seen.Count == 5)
            {
                break;
            }
        }

        Assert.Equal([1, 2, 3, 3, 3], seen.Select(m => m.Host.SampleCount!.Value));
        Assert.True(host.IsStreamClosed);
    }

    [Fact]
    public void The_script_takes_a_hostile_destination_to_the_letter() =>
        Assert.Contains("""getent ahosts 'kvm2'\''; reboot #'""", SamplerScript.For(TimeSpan.FromSeconds(0.5), "kvm2'; reboot #", false), StringComparison.Ordinal);

    /// <summary>Plays a recording's facts, and its sample again and again with time and vm1's counters going on.</summary>
    private sealed class ReplayHost(string recording) : ICommandChannel, ICommandStream
    {
        private readonly Recording _recording = new(recording);
        private readonly Queue<string> _lines = new();
        private int _second = -1;

        public bool IsConnected => true;

        public string HostName => "kvm-a";

        public string Script { get; private set; } = "";

        public List<string> Asked { get; } = [];

        public List<string> Commands { get; } = [];

        public bool IsStreamClosed { get; private set; }

        public Task<CommandResult> Completion => throw new InvalidOperationException("The sampler goes on.");

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
        {
            Commands.Add(commandLine);
            return Task.FromResult(new CommandResult(0, "", ""));
        }

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            Script = commandLine;
            Print(_recording.FactsLines);
            return Task.FromResult<ICommandStream>(this);
        }

        public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
        {
            if (_lines.Count == 0)
            {
                Print(Sample(++_second));
            }

            return ValueTask.FromResult<string?>(_lines.Dequeue());
        }

        public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken)
        {
            Asked.Add(line);
            Print(_recording.FactsLines);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            IsStreamClosed = true;
            return ValueTask.CompletedTask;
        }

        private void Print(IEnumerable<string> block)
        {
            foreach (string line in block.Append("@end"))
            {
                _lines.Enqueue(line);
            }
        }

        private IEnumerable<string> Sample(int second)
        {
            string time = string.Create(CultureInfo.InvariantCulture, $"{1_000_000_000 + second}.5 {5000 + second}.50");
            string moved = string.Create(CultureInfo.InvariantCulture, $"{second * 1_000_000L} 1 0 0 0 0 0 0");
            return _recording.Blocks.First(b => b[0].StartsWith("@sample", StringComparison.Ordinal)).Select(line =>
                line.StartsWith('@') ? $"{line.Split(' ')[0]} {time}"
                : line.Contains("vnet0:", StringComparison.Ordinal) ? $"vnet0: {moved} 0 0 0 0 0 0 0 0"
                : line.Contains("uplink0:", StringComparison.Ordinal) ? $"uplink0: 0 0 0 0 0 0 0 0 {moved}"
                : line);
        }
    }
}
