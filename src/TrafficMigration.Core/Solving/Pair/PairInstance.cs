namespace TrafficMigration.Solving;

/// <summary>A VM whose technique is still to be chosen.</summary>
/// <param name="Tx">Added to the source's load under pre-copy, bit/s; above 0.</param>
/// <param name="Rx">Added to the destination's load under post-copy, bit/s.</param>
/// <param name="Index">Its place in the input.</param>
internal readonly record struct FreeVM(long Tx, long Rx, int Index);

/// <summary>What a choice is judged by, lexicographically, before the order of the VMs decides.</summary>
/// <param name="Worst">The worse load, times the other link's capacity (both without their common factor).</param>
/// <param name="Other">The other load, on the same scale.</param>
/// <param name="PostCopies">Number of post-copied VMs.</param>
internal readonly record struct PairObjective(Int128 Worst, Int128 Other, int PostCopies) : IComparable<PairObjective>
{
    /// <inheritdoc/>
    public int CompareTo(PairObjective other)
    {
        int byWorst = Worst.CompareTo(other.Worst);
        int byOther = byWorst != 0 ? byWorst : Other.CompareTo(other.Other);
        return byOther != 0 ? byOther : PostCopies.CompareTo(other.PostCopies);
    }
}

/// <summary>
/// The problem without the VMs that leave no choice: those of one technique, and those to which one technique is best
/// whatever the others get.
/// </summary>
/// <remarks>
/// Sums are 128 bits wide: 100,000 VMs of 10^14 bit/s are more than 64 bits hold. A load by a capacity is compared as
/// load times the other capacity, so exactly.
/// </remarks>
internal sealed class PairInstance
{
    // Keeps every product of a rate and a sum of 2^24 rates within 126 bits.
    private const long MaxRate = 1_000_000_000_000_000;

    private readonly LinkPair _links;
    private readonly Technique[] _settled;

    private PairInstance(LinkPair links, int count)
    {
        _links = links;
        _settled = new Technique[count];
        long divisor = GreatestCommonDivisor(links.SourceCapacity, links.DestinationCapacity);
        SourceCapacity = links.SourceCapacity / divisor;
        DestinationCapacity = links.DestinationCapacity / divisor;
        Source = links.SourceBackground;
        Destination = links.DestinationBackground;
    }

    /// <summary>The VMs that leave a choice, in the order of the input.</summary>
    public FreeVM[] Free { get; private set; } = [];

    /// <summary>The source's load while every free VM is pre-copied, bit/s.</summary>
    public Int128 Source { get; private set; }

    /// <summary>The destination's load while every free VM is pre-copied, bit/s.</summary>
    public Int128 Destination { get; private set; }

    /// <summary>Number of VMs that are post-copied whatever the free ones get.</summary>
    public int SettledPostCopies { get; private set; }

    /// <summary>The source's capacity without the factor that both share.</summary>
    public long SourceCapacity { get; }

    /// <summary>The destination's capacity without the factor that both share.</summary>
    public long DestinationCapacity { get; }

    /// <summary>Checks the figures and settles the VMs that leave no choice.</summary>
    /// <param name="vms">The VMs.</param>
    /// <param name="links">Background and capacities.</param>
    /// <param name="postCopiesAreLimited">
    /// Whether a post-copy costs more than its load: then a VM that receives nothing is not settled as post-copied.
    /// </param>
    /// <exception cref="ArgumentException">A VM without any technique.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rate below 0 or above 10^15 bit/s, or such a capacity or one of 0.</exception>
    public static PairInstance Of(IReadOnlyList<VMLoad> vms, LinkPair links, bool postCopiesAreLimited)
    {
        CheckRate(links.SourceBackground, nameof(links));
        CheckRate(links.DestinationBackground, nameof(links));
        CheckRate(links.SourceCapacity - 1, nameof(links));
        CheckRate(links.DestinationCapacity - 1, nameof(links));
        var instance = new PairInstance(links, vms.Count);
        var free = new List<FreeVM>(vms.Count);
        for (int i = 0; i < vms.Count; i++)
        {
            VMLoad vm = vms[i];
            CheckRate(vm.TxBitsPerSecond, nameof(vms));
            CheckRate(vm.RxBitsPerSecond, nameof(vms));
            if (!vm.PreCopyAllowed && !vm.PostCopyAllowed)
            {
                throw new ArgumentException($"VM {i} is allowed neither technique.", nameof(vms));
            }

            // Sending nothing, pre-copy costs nothing; receiving nothing, post-copy costs no load.
            bool preCopy = !vm.PostCopyAllowed || (vm.PreCopyAllowed && vm.TxBitsPerSecond == 0);
            bool postCopy = !vm.PreCopyAllowed || (vm.RxBitsPerSecond == 0 && !postCopiesAreLimited);
            if (preCopy || !postCopy)
            {
                instance.Source += vm.TxBitsPerSecond;
            }

            if (!preCopy && !postCopy)
            {
                free.Add(new FreeVM(vm.TxBitsPerSecond, vm.RxBitsPerSecond, i));
            }
            else if (!preCopy)
            {
                instance._settled[i] = Technique.PostCopy;
                instance.Destination += vm.RxBitsPerSecond;
                instance.SettledPostCopies++;
            }
        }

        instance.Free = [.. free];
        return instance;
    }

    /// <summary>The whole problem relaxed.</summary>
    /// <param name="maxPostCopies">At most so many free VMs are post-copied.</param>
    public Relaxation Relaxed(int maxPostCopies) =>
        new(Free, Source, Destination, SourceCapacity, DestinationCapacity, maxPostCopies);

    /// <summary>Judges loads and a number of post-copied free VMs.</summary>
    public PairObjective Objective(Int128 source, Int128 destination, int postCopies)
    {
        Int128 s = source * DestinationCapacity;
        Int128 d = destination * SourceCapacity;
        return s >= d ? new PairObjective(s, d, postCopies) : new PairObjective(d, s, postCopies);
    }

    /// <summary>Whether the source's load is the worse one.</summary>
    public bool SourceIsWorse(Int128 source, Int128 destination) => source * DestinationCapacity > destination * SourceCapacity;

    /// <summary>The techniques in the order of the input, the given free VMs being post-copied.</summary>
    public Technique[] Techniques(IEnumerable<int> postCopied)
    {
        var techniques = (Technique[])_settled.Clone();
        foreach (int index in postCopied)
        {
            techniques[index] = Technique.PostCopy;
        }

        return techniques;
    }

    /// <summary>The worse load by capacity, as a caller computes it from loads that it was given.</summary>
    public double RelativeLoad(Int128 source, Int128 destination) => Math.Max(
        (double)source / _links.SourceCapacity, (double)destination / _links.DestinationCapacity);

    /// <summary>
    /// The least worse load by capacity with which source load times one weight plus destination load times the other
    /// is at least a value. Rounded down.
    /// </summary>
    public double RelativeBound(Int128 sourceWeight, Int128 destinationWeight, Int128 value)
    {
        // Each of the five roundings is off by 2^-53 at most.
        const double Down = 1 - 1e-14;
        double weight = ((double)sourceWeight * _links.SourceCapacity) + ((double)destinationWeight * _links.DestinationCapacity);
        return value > 0 ? (double)value / weight * Down : 0;
    }

    /// <summary>Euclid's algorithm; with 0 the other number.</summary>
    public static long GreatestCommonDivisor(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }

    private static void CheckRate(long rate, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rate, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate, MaxRate, name);
    }
}
