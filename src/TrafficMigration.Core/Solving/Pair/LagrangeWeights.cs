namespace TrafficMigration.Solving;

/// <summary>What is to be relaxed: VMs that may each be split between the techniques.</summary>
/// <param name="VMs">The VMs.</param>
/// <param name="Source">The source's load while all of them are pre-copied, bit/s.</param>
/// <param name="Destination">The destination's load while all of them are pre-copied, bit/s.</param>
/// <param name="SourceCapacity">The source's capacity.</param>
/// <param name="DestinationCapacity">The destination's capacity.</param>
/// <param name="MaxPostCopies">At most so many of them are post-copied.</param>
internal readonly record struct Relaxation(
    FreeVM[] VMs, Int128 Source, Int128 Destination, long SourceCapacity, long DestinationCapacity, int MaxPostCopies);

/// <summary>
/// Prices of one bit/s at the source, of one at the destination and of one post-copy. For any prices not below 0, the
/// least priced sum over all choices bounds every choice from below (Lagrangian relaxation); good prices make the
/// bound that of the LP relaxation.
/// </summary>
/// <param name="Source">Price of source load; above 0.</param>
/// <param name="Destination">Price of destination load; above 0.</param>
/// <param name="PostCopy">Price of a post-copy.</param>
internal readonly record struct LagrangeWeights(long Source, long Destination, Int128 PostCopy)
{
    // Prices are whole numbers, so that bounds are exact; this many steps lose nothing that counts.
    private const long Steps = 1L << 40;

    /// <summary>What post-copying a VM instead of pre-copying it saves.</summary>
    public Int128 Saving(in FreeVM vm) => ((Int128)Source * vm.Tx) - ((Int128)Destination * vm.Rx) - PostCopy;

    /// <summary>The price of loads and post-copies.</summary>
    public Int128 Price(Int128 source, Int128 destination, Int128 postCopies) =>
        (Source * source) + (Destination * destination) + (PostCopy * postCopies);

    /// <summary>The prices whose bound on the worse load is highest under the relaxation's limit on post-copies.</summary>
    /// <remarks>
    /// Given the two prices of load, the relaxed optimum post-copies the VMs that save most. The bound is concave in
    /// the source's share of the price, and rises while that optimum leaves the source the worse link: bisection.
    /// </remarks>
    public static LagrangeWeights For(in Relaxation relaxed)
    {
        var savings = new double[relaxed.VMs.Length];
        double low = 0;
        double high = 1;
        for (int i = 0; i < 40; i++)
        {
            double share = (low + high) / 2;
            if (LeavesSourceWorse(relaxed, share, savings))
            {
                low = share;
            }
            else
            {
                high = share;
            }
        }

        double source = low * relaxed.DestinationCapacity;
        double destination = (1 - low) * relaxed.SourceCapacity;
        double scale = Steps / Math.Max(source, destination);
        var loads = new LagrangeWeights(Math.Max(1, (long)(source * scale)), Math.Max(1, (long)(destination * scale)), 0);
        return loads with { PostCopy = loads.Threshold(relaxed) };
    }

    /// <summary>The least price of any choice.</summary>
    public Int128 Least(in Relaxation relaxed)
    {
        Int128 price = Price(relaxed.Source, relaxed.Destination, 0);
        foreach (FreeVM vm in relaxed.VMs)
        {
            price -= Int128.Max(0, Saving(vm));
        }

        return price;
    }

    private static bool LeavesSourceWorse(in Relaxation relaxed, double share, double[] savings)
    {
        double txPrice = share * relaxed.DestinationCapacity;
        double rxPrice = (1 - share) * relaxed.SourceCapacity;
        double Saving(in FreeVM vm) => (txPrice * vm.Tx) - (rxPrice * vm.Rx);
        double threshold = 0;
        if (relaxed.MaxPostCopies < savings.Length)
        {
            for (int i = 0; i < savings.Length; i++)
            {
                savings[i] = Saving(relaxed.VMs[i]);
            }

            threshold = Math.Max(0, Selection.Largest(savings.AsSpan(), relaxed.MaxPostCopies));
        }

        double source = (double)relaxed.Source;
        double destination = (double)relaxed.Destination;
        foreach (ref readonly FreeVM vm in relaxed.VMs.AsSpan())
        {
            if (Saving(vm) > threshold)
            {
                source -= vm.Tx;
                destination += vm.Rx;
            }
        }

        return source * relaxed.DestinationCapacity > destination * relaxed.SourceCapacity;
    }

    /// <summary>The price of a post-copy at which just as many VMs save by it.</summary>
    private Int128 Threshold(in Relaxation relaxed)
    {
        if (relaxed.MaxPostCopies >= relaxed.VMs.Length)
        {
            return 0;
        }

        var savings = new Int128[relaxed.VMs.Length];
        for (int i = 0; i < savings.Length; i++)
        {
            savings[i] = Saving(relaxed.VMs[i]);
        }

        return Int128.Max(0, Selection.Largest(savings.AsSpan(), relaxed.MaxPostCopies));
    }
}
