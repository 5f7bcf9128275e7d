using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>What a sample of VMs' memory holds.</summary>
/// <param name="VMs">By the VM's UUID; those that could not be looked at are missing.</param>
/// <param name="Refusals">Why a VM could not be looked at, one of <see cref="ContentParser"/>'s words, by its UUID.</param>
/// <param name="Copies">The contents that came in more than one run of pages.</param>
internal sealed record ContentSample(
    IReadOnlyDictionary<string, VMContent> VMs, IReadOnlyDictionary<string, string> Refusals, IReadOnlyList<ContentCopies> Copies);

/// <summary>The sampled pages of a VM's memory.</summary>
/// <param name="PageBytes">Size of a page, bytes.</param>
/// <param name="MemoryPages">Pages of the guest's memory.</param>
/// <param name="Absent">Sampled pages that were never touched, or given back.</param>
/// <param name="Swapped">Sampled pages in swap; they were not read.</param>
/// <param name="Present">Sampled pages in memory.</param>
/// <param name="Zero">Read pages of zeros; other than the previous three, of what was read.</param>
/// <param name="Filled">Read pages that hold something.</param>
/// <param name="Repeated">Of the filled ones, those whose content came before in the same run.</param>
/// <param name="CompressedBytes">What compression made of the filled ones, bytes.</param>
/// <param name="Changed">Read pages that had changed when they were read again; where very many had, not all are counted.</param>
/// <param name="ChangedBytes">What their differences take, bytes.</param>
/// <param name="Milliseconds">From one reading to the other.</param>
internal sealed record VMContent(
    int PageBytes, long MemoryPages, long Absent, long Swapped, long Present, long Zero, long Filled, long Repeated, long CompressedBytes,
    long Changed = 0, long ChangedBytes = 0, long Milliseconds = 0)
{
    /// <summary>Sampled pages.</summary>
    public long Sampled => Absent + Swapped + Present;
}

/// <summary>Contents that are spread over sampled runs in the same way.</summary>
/// <param name="Contents">How many such contents there are.</param>
/// <param name="Runs">In how many runs of which VM each of them is.</param>
internal sealed record ContentCopies(long Contents, IReadOnlyDictionary<string, long> Runs);

/// <summary>Reads what <see cref="ContentScript"/> printed.</summary>
internal static class ContentParser
{
    /// <summary>The VM's process is not there.</summary>
    public const string NoProcess = "process";

    /// <summary>The user may not read the process' memory.</summary>
    public const string Denied = "denied";

    /// <summary>The process' mappings do not tell which are the guest's memory.</summary>
    public const string NoLayout = "layout";

    /// <summary>The host has no tmpfs that can be written.</summary>
    public const string NoPlace = "tmpfs";

    /// <summary>libvirt does not tell how much memory the VM has.</summary>
    public const string NoSize = "libvirt";

    // 2^40 pages are more than any host has; sums and squares of such figures stay finite.
    private const long Most = 1L << 40;

    /// <summary>Parses what was printed.</summary>
    /// <param name="output">All of it.</param>
    /// <param name="ids">The VMs that were asked for, in this order.</param>
    /// <exception cref="FormatException">It is cut off, or none of ours.</exception>
    public static ContentSample Parse(string output, IReadOnlyList<string> ids)
    {
        var vms = new Dictionary<string, VMContent>(StringComparer.Ordinal);
        var refusals = new Dictionary<string, string>(StringComparer.Ordinal);
        var copies = new List<ContentCopies>();
        bool isWhole = false;
        foreach (string line in output.Split('\n'))
        {
            switch (line.Split(' '))
            {
                case ["@vm", var id, .. var figures] when ids.Contains(id):
                    vms[id] = VM(figures, line);
                    break;
                case ["@none", var id, var reason] when ids.Contains(id):
                    refusals[id] = reason;
                    break;
                case ["@copies", var count, .. var runs]:
                    copies.Add(new ContentCopies(Whole(count), runs.Select(r => Runs(r, ids)).ToDictionary(r => r.Id, r => r.Count, StringComparer.Ordinal)));
                    break;
                case ["@end"]:
                    isWhole = true;
                    break;
            }
        }

        return !isWhole ? throw new FormatException("the answer is cut off")
            : copies.SelectMany(c => c.Runs.Keys).FirstOrDefault(id => !vms.ContainsKey(id)) is { } unknown
                ? throw new FormatException($"VM {unknown} has copies and no sample")
            : new ContentSample(vms, refusals, copies);
    }

    private static VMContent VM(string[] figures, string line)
    {
        if (figures.Length != 12)
        {
            throw new FormatException($"'{line}' has {figures.Length} figures instead of 12");
        }

        long[] f = [.. figures.Select(Whole)];
        var vm = new VMContent((int)Math.Min(f[0], int.MaxValue), f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11]);
        return vm.PageBytes > 0 && vm.Sampled > 0 && vm.Sampled <= vm.MemoryPages && vm.Zero + vm.Filled <= vm.Present && vm.Repeated <= vm.Filled
            && vm.Changed <= vm.Present && vm.ChangedBytes <= vm.Changed * (double)vm.PageBytes
            ? vm
            : throw new FormatException($"the figures of '{line}' do not go together");
    }

    /// <remarks>A VM by its place among those asked for, and a number of runs: <c>0:2</c>.</remarks>
    private static (string Id, long Count) Runs(string text, IReadOnlyList<string> ids) =>
        text.Split(':') is [var place, var count] && Whole(place) < ids.Count
            ? (ids[(int)Whole(place)], Whole(count))
            : throw new FormatException($"'{text}' is no VM and a number of runs");

    private static long Whole(string text)
    {
        long value = long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        return value <= Most ? value : throw new FormatException($"{text} is too large");
    }
}
