using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Benchmarks.Fuzz;

/// <summary>
/// Damages recorded answers of a real sampler, many times over, and lets the product read them: each is understood or
/// refused with an error that names the host, in time, and whatever is understood gives no nonsensical rate.
/// </summary>
/// <remarks>Same seed, same answers. A failure prints the number of its answer.</remarks>
internal static class FuzzCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  fuzz RECORDINGS-FOLDER [COUNT] [SEED]";

    private const string Host = "kvm-fuzz";
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(10);

    /// <summary>Runs it and prints how the answers fared.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length is < 1 or > 3)
        {
            Console.Error.WriteLine("usage:\n" + Usage);
            return 2;
        }

        long count = arguments.Length > 1 ? long.Parse(arguments[1], CultureInfo.InvariantCulture) : 1_000_000;
        int seed = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1;
        Recorded[] recordings = [.. Directory.GetFiles(arguments[0], "sampler-*.txt").Order(StringComparer.Ordinal).Select(Recorded.Read)];
        var clock = Stopwatch.StartNew();
        long understood = 0;
        long refused = 0;
        long slowest = 0;
        string? failure = null;
        Parallel.For(0L, count, (i, loop) =>
        {
            var random = new Random(unchecked((int)(i * 2_654_435_761) ^ seed));
            Recorded recorded = recordings[random.Next(recordings.Length)];
            long start = Stopwatch.GetTimestamp();
            try
            {
                if (Try(recorded, random))
                {
                    Interlocked.Increment(ref understood);
                }
                else
                {
                    Interlocked.Increment(ref refused);
                }
            }
#pragma warning disable CA1031 // Whatever it is: that it came is the finding.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = $"answer {i} (seed {seed}, {recorded.Name}): {e}";
                loop.Stop();
            }

            long took = Stopwatch.GetTimestamp() - start;
            Max(ref slowest, took);
        });

        TimeSpan longest = TimeSpan.FromSeconds((double)slowest / Stopwatch.Frequency);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{understood + refused} damaged answers in {clock.Elapsed.TotalSeconds:0} s: {understood} understood, {refused} refused, slowest {longest.TotalMilliseconds:0} ms"));
        failure ??= longest > Hang ? $"an answer took {longest}" : null;
        if (failure is not null)
        {
            Console.Error.WriteLine(failure);
        }

        return failure is null ? 0 : 1;
    }

    /// <summary>Whether a damaged block was understood; throws if it was read as nonsense or failed as nothing should.</summary>
    private static bool Try(Recorded recorded, Random random)
    {
        // Samples come a thousand times as often as facts; here every sixteenth answer is facts.
        bool isFacts = random.Next(16) == 0;
        string[] damaged = Mutation.Of(isFacts ? recorded.Facts : recorded.Second, random);
        HostReport report;
        try
        {
            report = SamplerReader.Parse(Host, damaged);
        }
        catch (MigrationException e) when (e.ErrorId == nameof(Failures.AnswerNotUnderstood) && e.HostName == Host
            && e.Message.Contains(Host, StringComparison.Ordinal))
        {
            return false;
        }

        var window = new TrafficWindow(Host, new MeasureOptions { Interval = TimeSpan.FromSeconds(1), Count = 5 });
        try
        {
            window.Observe(report as HostFacts ?? recorded.ParsedFacts);
            window.Observe(recorded.ParsedFirst);
            window.Observe(report as HostSample ?? recorded.ParsedSecond);
        }
        catch (MigrationException e) when (e.HostName == Host)
        {
            return false;
        }

        Check(window.Snapshot(DateTimeOffset.UnixEpoch, new Dictionary<DiskFacts, DiskStorage>()));
        return true;
    }

    private static void Check(HostMeasurement measured)
    {
        // 10 Tbit/s a link, and a VM has some.
        const long Absurd = 1_000_000_000_000_000;
        foreach (VMTrafficRate vm in measured.VirtualMachines)
        {
            long?[] rates =
            [
                vm.TxBitsPerSecond, vm.RxBitsPerSecond, vm.PeakTxBitsPerSecond, vm.PeakRxBitsPerSecond,
                vm.Percentile95TxBitsPerSecond, vm.Percentile95RxBitsPerSecond, vm.CurrentTxBitsPerSecond,
                vm.CurrentRxBitsPerSecond, vm.LocalTxBitsPerSecond, vm.LocalRxBitsPerSecond,
                vm.ElsewhereTxBitsPerSecond, vm.ElsewhereRxBitsPerSecond,
                vm.HostBackgroundTxBitsPerSecond, vm.HostBackgroundRxBitsPerSecond,
            ];
            if (rates.Any(r => r is < 0 or > Absurd) || vm.MemoryBytes < 0 || vm.Window <= TimeSpan.Zero)
            {
                throw new InvalidOperationException($"nonsense was believed: {vm}");
            }
        }

        if (measured.Host.BackgroundTxBitsPerSecond is < 0 or > Absurd || measured.Host.BackgroundRxBitsPerSecond is < 0 or > Absurd)
        {
            throw new InvalidOperationException($"nonsense was believed: {measured.Host}");
        }
    }

    private static void Max(ref long current, long value)
    {
        long seen;
        while (value > (seen = Interlocked.Read(ref current)))
        {
            Interlocked.CompareExchange(ref current, value, seen);
        }
    }

    private sealed record Recorded(string Name, string[] Facts, string[] Second, HostFacts ParsedFacts, HostSample ParsedFirst, HostSample ParsedSecond)
    {
        public static Recorded Read(string path)
        {
            string[][] blocks = [.. File.ReadAllText(path).Split("@end\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(block => block.TrimEnd('\n').Split('\n'))];
            string[] facts = blocks.First(b => b[0] == "@facts");
            string[][] samples = [.. blocks.Where(b => b[0].StartsWith("@sample", StringComparison.Ordinal))];
            return new Recorded(
                Path.GetFileName(path), facts, samples[^1],
                (HostFacts)SamplerReader.Parse(Host, facts),
                (HostSample)SamplerReader.Parse(Host, samples[^2]), (HostSample)SamplerReader.Parse(Host, samples[^1]));
        }
    }
}
