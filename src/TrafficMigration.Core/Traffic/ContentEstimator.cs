using TrafficMigration.Kvm;

namespace TrafficMigration.Traffic;

/// <summary>What a sample says about a VM's whole memory.</summary>
/// <param name="FilledBytes">Memory that holds something, bytes.</param>
/// <param name="CompressedShare">Its size once compressed, as a share of it; <see langword="null"/> where nothing of it was read.</param>
/// <param name="DuplicateShare">What sending each content once would save of it; <see langword="null"/> where nothing of it was read.</param>
/// <param name="ChangedShare">What a difference takes of a page that has changed, as a share of it; <see langword="null"/> where too few have.</param>
/// <param name="DirtyBytesPerSecond">Rate at which pages change, bytes per second; <see langword="null"/> where they were not read twice.</param>
internal readonly record struct ContentFigures(
    double FilledBytes, double? CompressedShare, double? DuplicateShare, double? ChangedShare, double? DirtyBytesPerSecond);

/// <summary>Estimates what VMs' memory holds from runs of pages that were drawn from it.</summary>
/// <remarks>
/// <para>
/// A run is drawn with the probability f, its VM's sampled share, so what it holds counts 1/f times (Horvitz and
/// Thompson, Journal of the American Statistical Association 47, 1952). Two places that hold the same are both drawn with the
/// product of their shares: pairs, and triples, are estimated without bias, too.
/// </para>
/// <para>
/// Of a content in M places, M - 1 need not be sent. For M = 2 that is its number of pairs; otherwise it is 2/M times
/// that number, and M - 2 is three times the triples for each pair. No sample gives the number of different contents
/// without bias and with a small error (Charikar et al., PODS 2000): where contents of few and of many places are mixed,
/// this is too low. A content found in so many runs that they tell M by themselves is taken by itself.
/// </para>
/// </remarks>
internal static class ContentEstimator
{
    // From six on, M is known from the count to 40 % (its standard error), and M - 1 differs little from M.
    private const long Many = 6;

    // The kernel of an idle guest changes a few pages by a few bytes: that says nothing of what a writer does.
    private const long FewChanged = 16;

    /// <summary>Estimates for each VM of the sample, by its UUID.</summary>
    public static IReadOnlyDictionary<string, ContentFigures> Estimate(ContentSample sample)
    {
        var saved = sample.VMs.Keys.ToDictionary(id => id, id => new Savings(), StringComparer.Ordinal);
        foreach (ContentCopies copies in sample.Copies)
        {
            Add(copies);
        }

        return sample.VMs.ToDictionary(v => v.Key, v => Figures(v.Value, saved[v.Key]), StringComparer.Ordinal);

        double Weight(string id) => (double)sample.VMs[id].MemoryPages / sample.VMs[id].Sampled;

        void Add(ContentCopies copies)
        {
            if (copies.Runs.Values.Sum() >= Many)
            {
                double places = copies.Runs.Sum(r => r.Value * Weight(r.Key));
                foreach ((string id, long runs) in copies.Runs)
                {
                    saved[id].Counted += copies.Contents * runs * Weight(id) * (1 - (1 / places));
                }

                return;
            }

            // What several VMs have in common is shared among them.
            string[] found = [.. copies.Runs.SelectMany(r => Enumerable.Repeat(r.Key, (int)r.Value))];
            for (int i = 0; i < found.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    double pair = copies.Contents * Weight(found[i]) * Weight(found[j]);
                    saved[found[i]].Pairs += pair / 2;
                    saved[found[j]].Pairs += pair / 2;
                    for (int k = 0; k < j; k++)
                    {
                        double triple = pair * Weight(found[k]);
                        foreach (int member in (int[])[i, j, k])
                        {
                            saved[found[member]].Triples += triple / 3;
                        }
                    }
                }
            }
        }
    }

    private static ContentFigures Figures(VMContent vm, Savings saved)
    {
        double weight = (double)vm.MemoryPages / vm.Sampled;
        long read = vm.Zero + vm.Filled;
        // Swapped pages were written once, and were not read.
        double filled = vm.Swapped + (read > 0 ? (double)vm.Present * vm.Filled / read : vm.Present);
        // Each page counts once, however often it was written to: as a pass of a pre-copy counts it.
        double? dirty = vm.Milliseconds > 0 ? vm.Changed * weight * vm.PageBytes * 1000 / vm.Milliseconds : null;
        if (vm.Filled == 0)
        {
            return new ContentFigures(filled * weight * vm.PageBytes, null, null, null, dirty);
        }

        double places = saved.Pairs > 0 ? 2 + (3 * saved.Triples / saved.Pairs) : 2;
        double duplicate = (weight * vm.Repeated) + saved.Counted + (2 * saved.Pairs / places);
        return new ContentFigures(
            filled * weight * vm.PageBytes,
            Math.Min(1, (double)vm.CompressedBytes / (vm.Filled * (double)vm.PageBytes)),
            Math.Min(1, duplicate / (vm.Filled * weight)),
            vm.Changed >= FewChanged ? vm.ChangedBytes / (vm.Changed * (double)vm.PageBytes) : null,
            dirty);
    }

    /// <summary>Pages that need not be sent, one VM's part.</summary>
    private sealed class Savings
    {
        /// <summary>Of contents in many runs.</summary>
        public double Counted { get; set; }

        /// <summary>Pairs of places with the same content.</summary>
        public double Pairs { get; set; }

        /// <summary>The same of three.</summary>
        public double Triples { get; set; }
    }
}
