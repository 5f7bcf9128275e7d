using CsCheck;
using TrafficMigration.Prediction;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The closed forms of <see cref="PreCopy"/> against passes followed one by one, at rates that change on the way.</summary>
public sealed class PreCopyTests
{
    // Enough for rates that are at least this far from the dirty rate.
    private const int ManyPasses = 20_000;
    private const double Apart = 0.001;

    private static readonly Gen<ScenarioMigration> Migration = Gen.Select(
        Gen.Long[0, 1_000_000_000], Gen.Long[0, 100_000_000], Gen.Long[0, 1_000_000_000].Nullable(), Gen.Int[0, 300], Gen.Bool,
        (memory, dirty, workingSet, limit, switches) => new ScenarioMigration
        {
            Source = 0,
            Destination = 1,
            Technique = Technique.PreCopy,
            MemoryBytes = memory,
            DirtyBytesPerSecond = dirty,
            WorkingSetBytes = workingSet,
            DowntimeLimit = TimeSpan.FromMilliseconds(limit),
            SwitchesToPostCopy = switches,
        });

    // Rates around the dirty rates, so that it converges at some and not at others; each for a part of the time to the end.
    private static readonly Gen<(double Rate, double Part)[]> Schedule =
        Gen.Select(Gen.Double[1e6, 120e6], Gen.Double[0, 0.95]).Array[0, 6];

    [Fact]
    public void Equals_passes_that_are_followed_one_by_one() =>
        Gen.Select(Migration, Schedule, Gen.Double[1e6, 120e6]).Sample(
            (migration, schedule, last) =>
            {
                var preCopy = new PreCopy(migration);
                var passes = new Passes(migration);
                foreach (var (rate, part) in schedule)
                {
                    double seconds = part * (preCopy.Forecast(rate)?.Seconds ?? 100);
                    preCopy.Advance(rate, seconds);
                    passes.Follow(rate, seconds);
                }

                double dirty = migration.DirtyBytesPerSecond;
                double final = Math.Abs(last - dirty) < Apart * dirty ? dirty * (1 + Apart) : last;
                AssertClose(passes.FollowToEnd(final), preCopy.Forecast(final));
            },
            iter: 5000);

    [Fact]
    public void Without_bandwidth_it_waits()
    {
        var preCopy = new PreCopy(new ScenarioMigration
        {
            Source = 0, Destination = 1, Technique = Technique.PreCopy, MemoryBytes = 1_000_000, DirtyBytesPerSecond = 1000,
        });
        preCopy.Advance(0, 100);

        Assert.Null(preCopy.Forecast(0));
        Assert.Equal(1, preCopy.Forecast(1_000_000)!.Value.Seconds, 1e-9);
    }

    private static void AssertClose(PreCopyEnd? expected, PreCopyEnd? actual)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is { } e && actual is { } a)
        {
            Assert.Equal(e.ToPostCopy, a.ToPostCopy);
            Assert.Equal(e.Seconds, a.Seconds, (e.Seconds * 1e-6) + 1e-6);
            Assert.Equal(e.Bytes, a.Bytes, (e.Bytes * 1e-6) + 100);
            Assert.Equal(e.Rest, a.Rest, (e.Rest * 1e-6) + 100);
        }
    }

    private sealed class Passes(ScenarioMigration migration)
    {
        private readonly double _workingSet = Math.Min(migration.WorkingSetBytes ?? long.MaxValue, migration.MemoryBytes);
        private int _number = 1;
        private double _size = migration.MemoryBytes;
        private double _left = migration.MemoryBytes;
        private double _dirty;

        public void Follow(double rate, double seconds)
        {
            while (_left / rate <= seconds)
            {
                seconds -= _left / rate;
                Dirty(_left / rate);
                Next();
            }

            _left -= rate * seconds;
            Dirty(seconds);
        }

        public PreCopyEnd? FollowToEnd(double rate)
        {
            double seconds = 0;
            double bytes = 0;
            for (int i = 0; i < ManyPasses; i++)
            {
                seconds += _left / rate;
                bytes += _left;
                Dirty(_left / rate);
                bool enough = _dirty <= Math.Max(4096, rate * migration.DowntimeLimit.TotalSeconds);
                if (enough || (migration.SwitchesToPostCopy && _number >= 2 && _dirty >= _size))
                {
                    return new PreCopyEnd(seconds, bytes, _dirty, !enough);
                }

                Next();
            }

            return null;
        }

        private void Dirty(double seconds) => _dirty = Math.Min(_workingSet, _dirty + (migration.DirtyBytesPerSecond * seconds));

        private void Next() => (_number, _size, _left, _dirty) = (_number + 1, _dirty, _dirty, 0);
    }
}
