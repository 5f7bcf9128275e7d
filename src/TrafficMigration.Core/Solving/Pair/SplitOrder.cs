namespace TrafficMigration.Solving;

/// <summary>
/// The free VMs in an order in which the relaxation's optimum post-copies the first ones: up to the split all are
/// post-copied, from there on all are pre-copied. What is searched is which VMs to flip.
/// </summary>
/// <remarks>
/// VMs of equal rates (a type) stand together, the last of the input first. Of them an optimum post-copies the first
/// in this order: exchanging two changes no load, and pre-copy is to go to the first in the input.
/// </remarks>
internal sealed class SplitOrder
{
    private readonly FreeVM[] _vms;
    private readonly int[] _typeStart;
    private readonly int[] _typeEnd;

    /// <param name="instance">The problem.</param>
    /// <param name="compare">The order; VMs that it does not tell apart are put type by type.</param>
    /// <param name="postCopied">Whether the next VM is post-copied, given the loads and the number so far.</param>
    public SplitOrder(PairInstance instance, Comparison<FreeVM> compare, Func<FreeVM, Int128, Int128, int, bool> postCopied)
    {
        _vms = (FreeVM[])instance.Free.Clone();
        Array.Sort(_vms, (a, b) => compare(a, b) is var order && order != 0 ? order : CompareTypes(a, b));
        Source = instance.Source;
        Destination = instance.Destination;
        while (Split < _vms.Length && postCopied(_vms[Split], Source, Destination, Split))
        {
            Source -= _vms[Split].Tx;
            Destination += _vms[Split].Rx;
            Split++;
        }

        _typeStart = new int[_vms.Length];
        _typeEnd = new int[_vms.Length];
        for (int i = 0; i < _vms.Length; i++)
        {
            _typeStart[i] = i > 0 && SameType(i - 1, i) ? _typeStart[i - 1] : i;
        }

        for (int i = _vms.Length - 1; i >= 0; i--)
        {
            _typeEnd[i] = i + 1 < _vms.Length && SameType(i, i + 1) ? _typeEnd[i + 1] : i + 1;
        }
    }

    /// <summary>Number of VMs.</summary>
    public int Count => _vms.Length;

    /// <summary>How many VMs, from the first on, are post-copied before any is flipped.</summary>
    public int Split { get; }

    /// <summary>The source's load before any VM is flipped, bit/s.</summary>
    public Int128 Source { get; }

    /// <summary>The destination's load before any VM is flipped, bit/s.</summary>
    public Int128 Destination { get; }

    /// <summary>The VM at a position.</summary>
    public ref readonly FreeVM this[int position] => ref _vms[position];

    /// <summary>Position of the first VM of the same rates.</summary>
    public int TypeStart(int position) => _typeStart[position];

    /// <summary>Position after the last VM of the same rates.</summary>
    public int TypeEnd(int position) => _typeEnd[position];

    private bool SameType(int a, int b) => _vms[a].Tx == _vms[b].Tx && _vms[a].Rx == _vms[b].Rx;

    // Large VMs first: post-copying them takes fewest.
    private static int CompareTypes(FreeVM a, FreeVM b)
    {
        int byTx = b.Tx.CompareTo(a.Tx);
        int byRx = byTx != 0 ? byTx : a.Rx.CompareTo(b.Rx);
        return byRx != 0 ? byRx : b.Index.CompareTo(a.Index);
    }
}
