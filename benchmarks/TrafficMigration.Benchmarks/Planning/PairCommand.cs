using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Solving;

namespace TrafficMigration.Benchmarks.Planning;

/// <summary>
/// How long the solver for one source and one destination takes, as a multiple of sorting as many numbers in the same
/// run, and what it proves.
/// </summary>
/// <remarks>Same instances in every run. "First" is the family's first call; the very first one also compiles the solver.</remarks>
internal static class PairCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  pair [COUNT]...";

    private const long Mbps = 1_000_000;
    private const int Repeats = 5;
    private static readonly LinkPair Links = new(200 * Mbps, 100 * Mbps);

    /// <summary>Runs it and prints a line an instance.</summary>
    public static int Run(string[] arguments)
    {
        int[] counts = arguments.Length > 0
            ? [.. arguments.Select(a => int.Parse(a, CultureInfo.InvariantCulture))]
            : [1_000, 10_000, 100_000];
        Console.WriteLine("family                  VMs  first ms  median ms  x sort  bytes/VM  worst proven  all proven  above bound");
        foreach (int count in counts)
        {
            double sort = Median(() => Sort(count));
            foreach (Family family in Families())
            {
                VMLoad[] vms = family.Create(new Random(count), count);
                Print(family.Name, vms, family.Wish?.Invoke(count) ?? default, sort);
            }
        }

        return 0;
    }

    private static IEnumerable<Family> Families()
    {
        yield return new("random", Random);
        yield return new("half idle", (r, n) => Many(n, () => r.Next(2) == 0 ? new(0, 0) : new(Rate(r), Rate(r))));
        yield return new("Zipf", Zipf);
        yield return new("whole Mbps", WholeMbps);
        yield return new("all equal", Equal);
        yield return new("few kinds", FewKinds);
        yield return new("Tx near Rx", (r, n) => Many(n, () => Near(r, Rate(r))));
        yield return new("Tx = Rx, whole Mbps", (r, n) => Many(n, () => Symmetric((1 + r.Next(1000)) * Mbps)));
        yield return new("Tx = Rx, any", (r, n) => Many(n, () => Symmetric(Rate(r))));
        yield return new("random, max 45 %", Random, n => new(n * 9 / 20));
        yield return new("Zipf, max 45 %", Zipf, n => new(n * 9 / 20));
        yield return new("whole Mbps, max 45 %", WholeMbps, n => new(n * 9 / 20));
        yield return new("all equal, max 25 %", Equal, n => new(n / 4));
        yield return new("few kinds, max 35 %", FewKinds, n => new(n * 7 / 20));
        yield return new("random, within 1 %", Random, _ => new(null, 1));
        yield return new("all equal, within 5%", Equal, _ => new(null, 5));
        yield return new("few kinds, within 1%", FewKinds, _ => new(null, 1));
        yield return new("random, 40 % and 5 %", Random, n => new(n * 2 / 5, 5));
    }

    private static VMLoad[] Random(Random random, int count) => Many(count, () => new(Rate(random), Rate(random)));

    private static VMLoad[] Zipf(Random random, int count) => Many(count, () => new(Zipf(random), Zipf(random)));

    private static VMLoad[] WholeMbps(Random random, int count) =>
        Many(count, () => new(random.Next(1001) * Mbps, random.Next(1001) * Mbps));

    private static VMLoad[] Equal(Random random, int count) => Many(count, () => new(300 * Mbps, 200 * Mbps));

    private static VMLoad[] FewKinds(Random random, int count) =>
        Many(count, () => new((1 + random.Next(4)) * 100 * Mbps, (1 + random.Next(4)) * 70 * Mbps));

    private static long Rate(Random random) => random.NextInt64(1000 * Mbps);

    private static VMLoad Symmetric(long rate) => new(rate, rate);

    private static VMLoad Near(Random random, long rate) => new(rate, rate + random.NextInt64(Mbps));

    private static long Zipf(Random random) => (long)(1000 * Mbps / (1 + (random.NextDouble() * 10_000)));

    private static VMLoad[] Many(int count, Func<VMLoad> next) => [.. Enumerable.Range(0, count).Select(_ => next())];

    private static void Print(string name, VMLoad[] vms, PostCopyWish wish, double sort)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        TechniqueChoice choice = TechniqueSolver.Solve(vms, Links, wish);
        double first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        double median = Median(() =>
        {
            long begin = Stopwatch.GetTimestamp();
            TechniqueSolver.Solve(vms, Links, wish);
            return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        });
        double worst = Math.Max(choice.SourceContention, choice.DestinationContention);
        // With a tolerance the bound is that of the least load, which the choice need not have.
        string worstIsProven = wish.TolerancePercent > 0 ? "-" : YesNo(choice.RelativeBound == worst);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-20} {vms.Length,6} {first,9:0.0} {median,10:0.0} {median / sort,7:0} {allocated / vms.Length,9} {worstIsProven,13} {YesNo(choice.IsExact),11}  {(worst / choice.RelativeBound) - 1,11:0.0e+0}"));
    }

    private static string YesNo(bool value) => value ? "yes" : "no";

    /// <summary>One sorting of so many numbers with their indices, ms.</summary>
    private static double Sort(int count)
    {
        var random = new Random(count);
        double[] keys = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        int[] indices = [.. Enumerable.Range(0, count)];
        long start = Stopwatch.GetTimestamp();
        Array.Sort(keys, indices);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(Func<double> run) => Enumerable.Range(0, Repeats).Select(_ => run()).Order().ElementAt(Repeats / 2);

    private sealed record Family(string Name, Func<Random, int, VMLoad[]> Create, Func<int, PostCopyWish>? Wish = null);
}
