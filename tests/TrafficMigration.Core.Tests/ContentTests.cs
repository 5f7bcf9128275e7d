using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class ContentTests
{
    private const int RunPages = 16;
    private const long MiB = 1L << 20;

    // Two with the same 96 of their 256 MiB, one with its own, one with its own text.
    private static readonly string[] Ids =
    [
        "acb4b290-89fe-4d7c-8a3d-be129254b39a", "e2c3d87e-7d5c-4354-9ec3-5741b62bf5b9",
        "8a7b980e-e09e-460f-951b-07149b76d49f", "af7d6796-05d8-4ac0-ae01-ca27a98e70b9",
    ];

    private static string Recorded => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", "content.txt"));

    [Fact]
    public void Reads_what_a_real_host_saw()
    {
        ContentMeasurement seen = ContentProbe.Complete("kvm-a", [.. Ids.Select(VM)], ContentParser.Parse(Recorded, Ids));

        Assert.Empty(seen.Warnings);
        Assert.All(seen.VirtualMachines, v => Assert.Equal(0.625, v.ZeroMemoryShare));
        Assert.All(seen.VirtualMachines, v => Assert.Equal((0L, null), (v.DirtyBytesPerSecond, v.ChangedPageShare)));
        Assert.All(seen.VirtualMachines.Take(3), v => Assert.Equal(1, v.CompressedMemoryShare));
        Assert.InRange(seen.VirtualMachines[3].CompressedMemoryShare!.Value, 0.3, 0.4);
        // Half of it, by 25 runs that were drawn in both: 0.52.
        Assert.All(seen.VirtualMachines.Take(2), v => Assert.InRange(v.DuplicateMemoryShare!.Value, 0.4, 0.6));
        Assert.All(seen.VirtualMachines.Skip(2), v => Assert.Equal((0d, 0L), (v.DuplicateMemoryShare, v.DuplicateMemoryBytes)));
        Assert.InRange(seen.VirtualMachines.Sum(v => v.DuplicateMemoryBytes!.Value), 80 * MiB, 120 * MiB);
    }

    [Theory]
    [InlineData("denied", "-Sudo")]
    [InlineData("process", "not found")]
    [InlineData("layout", "mappings")]
    [InlineData("tmpfs", "/dev/shm")]
    [InlineData("libvirt", "libvirt")]
    public void A_VM_that_cannot_be_looked_at_keeps_its_rates_and_says_why(string reason, string says)
    {
        ContentSample sample = ContentParser.Parse($"@none {Ids[0]} {reason}\n@end\n", Ids);
        ContentMeasurement seen = ContentProbe.Complete("kvm-a", [VM(Ids[0]), VM(Ids[1])], sample);

        Assert.Equal([VM(Ids[0]), VM(Ids[1])], seen.VirtualMachines);
        string warning = Assert.Single(seen.Warnings);
        Assert.StartsWith($"kvm-a: the memory of VM '{Ids[0]}' was not looked at: ", warning, StringComparison.Ordinal);
        Assert.Contains(says, warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 1 0 1 0 1 0 4000 0 0 700")] // cut off
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 1 0 1\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 0 65536 1 0 1 0 1 0 4000 0 0 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 0 0 0 0 0 0 0 0 0 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 1 0 1 0 9 0 4000 0 0 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 99999999999999 1 0 1 0 1 0 4000 0 0 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 -1 0 1 0 1 0 4000 0 0 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 1 0 1 0 1 0 4000 2 80 700\n@end")]
    [InlineData("@vm acb4b290-89fe-4d7c-8a3d-be129254b39a 4096 65536 1 0 1 0 1 0 4000 1 5000 700\n@end")]
    [InlineData("@copies 1 0:1 1:1\n@end")]
    [InlineData("@copies 1 7:2\n@end")]
    [InlineData("@copies 1 0\n@end")]
    [InlineData("")]
    public void An_answer_that_makes_no_sense_is_refused(string answer) =>
        Assert.Throws<FormatException>(() => ContentParser.Parse(answer, Ids));

    [Fact]
    public void Swapped_pages_hold_something_and_pages_that_are_not_there_do_not()
    {
        ContentFigures figures = ContentEstimator.Estimate(Sample(new VMContent(4096, 1000, Absent: 50, Swapped: 30, Present: 20, Zero: 15, Filled: 5, Repeated: 0, 10_240)))["a"];
        Assert.Equal((350 * 4096, 0.5, 0), (figures.FilledBytes, figures.CompressedShare, figures.DuplicateShare));
    }

    [Fact]
    public void Pages_read_twice_tell_what_a_VM_writes_and_how_much_of_a_page_differs()
    {
        // A tenth of the memory was read; 40 of 100 pages changed within half a second, by 41 bytes each with their lengths.
        var read = new VMContent(4096, 1000, 0, 0, 100, 0, 100, 0, 409_600, Changed: 40, ChangedBytes: 40 * 41, Milliseconds: 500);
        ContentFigures figures = ContentEstimator.Estimate(Sample(read))["a"];
        Assert.Equal(800 * 4096d, figures.DirtyBytesPerSecond!.Value, 3);
        Assert.Equal(0.01, figures.ChangedShare!.Value, 4);

        // A few pages of its kernel say nothing of what a VM writes.
        figures = ContentEstimator.Estimate(Sample(read with { Changed = 15, ChangedBytes = 15 * 41 }))["a"];
        Assert.Equal((300 * 4096d, null), (figures.DirtyBytesPerSecond!.Value, figures.ChangedShare));

        VMTrafficRate libvirts = VM(Ids[0]) with { DirtyBytesPerSecond = 7 };
        VMTrafficRate Seen(VMContent vm) => Assert.Single(ContentProbe.Complete("kvm-a", [libvirts],
            Sample(vm) with { VMs = new Dictionary<string, VMContent> { [Ids[0]] = vm } }).VirtualMachines);
        Assert.Equal(800 * 4096L, Seen(read).DirtyBytesPerSecond);
        Assert.Equal(7, Seen(read with { Milliseconds = 0 }).DirtyBytesPerSecond);

        // What is streamed keeps the look's figures, but for one that is measured anew.
        var look = new ContentMeasurement([Seen(read)], []);
        Assert.Equal((0.01, 800 * 4096L), Streamed(VM(Ids[0])));
        Assert.Equal((0.01, 7L), Streamed(libvirts));
        (double?, long?) Streamed(VMTrafficRate later) => look.Repeated([later])[0] is var v ? (v.ChangedPageShare, v.DirtyBytesPerSecond) : default;
    }

    [Fact]
    public void Memory_of_zeros_has_no_other_shares()
    {
        ContentFigures figures = ContentEstimator.Estimate(Sample(new VMContent(4096, 1000, 50, 0, 50, 50, 0, 0, 13)))["a"];
        Assert.Equal((0, null, null), (figures.FilledBytes, figures.CompressedShare, figures.DuplicateShare));
    }

    [Fact]
    public void A_content_that_fills_a_VM_is_sent_once() =>
        // 100 of 1000 runs of 16 pages, all alike.
        Assert.Equal(1, ContentEstimator.Estimate(Sample(new VMContent(4096, 16_000, 0, 0, 1600, 0, 1600, 1500, 100), new ContentCopies(1, Runs(("a", 100)))))["a"].DuplicateShare!.Value, 3);

    [Fact]
    public void Pairs_and_contents_of_equally_many_places_are_estimated_without_bias() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[2, 4], Gen.Double[0.1, 0.9], Gen.Int[0, 1_000_000])
            .Sample((vms, inRun, places, share, seed) => IsUnbiased(Population.Make(vms, inRun, places, share, new Random(seed)), seed), iter: 8, threads: 1);

    [Fact]
    public void Contents_of_few_and_of_very_many_places_do_not_disturb_each_other()
    {
        var random = new Random(7);
        Population pairs = Population.Make(2, 1, 2, 0.3, random);
        // A third of the runs hold one and the same content.
        foreach (int[][] vm in pairs.VMs)
        {
            foreach (int[] run in vm.Where((_, i) => i % 3 == 0))
            {
                Array.Fill(run, int.MaxValue);
            }
        }

        IsUnbiased(pairs, 8);
    }

    private static void IsUnbiased(Population population, int seed)
    {
        var random = new Random(seed);
        double[] estimates = [.. Enumerable.Range(0, 200).Select(_ =>
            ContentEstimator.Estimate(population.Draw(random)).Values.Sum(f => (f.DuplicateShare ?? 0) * f.FilledBytes / 4096))];
        double mean = estimates.Average();
        double error = Math.Sqrt(estimates.Sum(e => (e - mean) * (e - mean)) / estimates.Length / (estimates.Length - 1));
        // Of contents in three places and more the ratio of triples to pairs is taken from the sample, and runs are drawn
        // without putting them back.
        Assert.InRange(mean, (population.Saved * 0.93) - (4 * error), (population.Saved * 1.07) + (4 * error));
    }

    private static VMTrafficRate VM(string id) => new()
    {
        HostName = "kvm-a", VMName = id, VMId = id, TxBitsPerSecond = 1, RxBitsPerSecond = 2, MemoryBytes = 256 * MiB,
    };

    private static Dictionary<string, long> Runs(params (string VM, long Count)[] runs) => runs.ToDictionary(r => r.VM, r => r.Count);

    private static ContentSample Sample(VMContent vm, params ContentCopies[] copies) =>
        new(new Dictionary<string, VMContent> { ["a"] = vm }, new Dictionary<string, string>(), copies);

    /// <summary>VMs, their runs, and the content of each page.</summary>
    private sealed record Population(int[][][] VMs)
    {
        private const int RunsOfVM = 128;

        /// <summary>Pages less contents.</summary>
        public int Saved => VMs.Sum(v => v.Sum(r => r.Length)) - VMs.SelectMany(v => v.SelectMany(r => r)).Distinct().Count();

        /// <summary>VMs with contents in so many places each, in any of them, beside pages like no other.</summary>
        /// <param name="vms">VMs.</param>
        /// <param name="inRun">Times that each of them comes in its run.</param>
        /// <param name="places">Runs that hold the same.</param>
        /// <param name="share">Share of pages that are such copies.</param>
        /// <param name="random">Draws.</param>
        public static Population Make(int vms, int inRun, int places, double share, Random random)
        {
            int next = 0;
            int[][][] population = [.. Enumerable.Range(0, vms).Select(_ => Enumerable.Range(0, RunsOfVM)
                .Select(_ => Enumerable.Range(0, RunPages).Select(_ => next++).ToArray()).ToArray())];
            int[] slots = [.. Enumerable.Range(0, vms * RunsOfVM * (RunPages / inRun))];
            random.Shuffle(slots);
            for (int first = 0; first + places <= slots.Length * share; first += places)
            {
                int content = next++;
                foreach (int slot in slots[first..(first + places)])
                {
                    int[] run = population[slot / (RunPages / inRun) % vms][slot / (RunPages / inRun) / vms];
                    Array.Fill(run, content, slot % (RunPages / inRun) * inRun, inRun);
                }
            }

            return new Population(population);
        }

        /// <summary>What the script would print of a quarter of the runs of each VM.</summary>
        public ContentSample Draw(Random random)
        {
            var vms = new Dictionary<string, VMContent>();
            var runsByContent = new Dictionary<int, Dictionary<string, long>>();
            for (int vm = 0; vm < VMs.Length; vm++)
            {
                int[] order = [.. Enumerable.Range(0, RunsOfVM)];
                random.Shuffle(order);
                int[][] runs = [.. order.Take(RunsOfVM / 4).Select(i => VMs[vm][i])];
                int pages = runs.Sum(r => r.Length);
                int repeated = pages - runs.Sum(r => r.Distinct().Count());
                string id = $"vm{vm}";
                vms[id] = new VMContent(4096, RunsOfVM * RunPages, 0, 0, pages, 0, pages, repeated, pages * 4096L);
                foreach (int content in runs.SelectMany(r => r.Distinct()))
                {
                    Dictionary<string, long> counts = runsByContent.TryGetValue(content, out var known) ? known : runsByContent[content] = [];
                    counts[id] = counts.GetValueOrDefault(id) + 1;
                }
            }

            return new ContentSample(vms, new Dictionary<string, string>(), [.. runsByContent.Values.Where(c => c.Values.Sum() > 1).Select(c => new ContentCopies(1, c))]);
        }
    }
}
