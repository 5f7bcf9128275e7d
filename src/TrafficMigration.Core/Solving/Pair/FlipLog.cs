namespace TrafficMigration.Solving;

/// <summary>
/// Which VMs each state of a search has flipped: a tree of flips, in which a state names its last one. States share
/// the flips of their common past, so a flip takes 8 bytes.
/// </summary>
internal sealed class FlipLog(SplitOrder order)
{
    /// <summary>The state in which nothing is flipped.</summary>
    public const int None = -1;

    private readonly List<(int Position, int Parent)> _flips = [];

    // By position: 1 where only the first of two compared states has flipped the VM, -1 where only the second has.
    private readonly sbyte[] _flippedBy = new sbyte[order.Count];
    private readonly List<int> _touched = [];

    /// <summary>Flips walked over by comparisons so far: their part of the work.</summary>
    public long Walked { get; private set; }

    /// <summary>Adds the flip of a VM, not flipped yet, to those of a state.</summary>
    public int Add(int position, int parent)
    {
        _flips.Add((position, parent));
        return _flips.Count - 1;
    }

    /// <summary>Forgets a flip and all that were added after it.</summary>
    public void TakeBack(int flip) => _flips.RemoveRange(flip, _flips.Count - flip);

    /// <summary>
    /// Compares two states by the first VM of the input that they treat differently: negative if the first state
    /// pre-copies it.
    /// </summary>
    public int Compare(int first, int second)
    {
        // A flip comes after its parent, so going back from the later of two ends at their common past.
        while (first != second)
        {
            if (first > second)
            {
                first = Step(first, 1);
            }
            else
            {
                second = Step(second, -1);
            }
        }

        int differing = -1;
        int result = 0;
        foreach (int position in _touched)
        {
            if (_flippedBy[position] != 0 && (differing < 0 || order[position].Index < order[differing].Index))
            {
                differing = position;
                result = position < order.Split ? -_flippedBy[position] : _flippedBy[position];
            }
        }

        _touched.ForEach(position => _flippedBy[position] = 0);
        Walked += _touched.Count;
        _touched.Clear();
        return result;
    }

    /// <summary>The VMs (indices in the input) that are post-copied in a state.</summary>
    public IEnumerable<int> PostCopied(int flip)
    {
        var postCopied = new bool[order.Count];
        Array.Fill(postCopied, true, 0, order.Split);
        for (; flip != None; flip = _flips[flip].Parent)
        {
            postCopied[_flips[flip].Position] ^= true;
        }

        for (int i = 0; i < postCopied.Length; i++)
        {
            if (postCopied[i])
            {
                yield return order[i].Index;
            }
        }
    }

    private int Step(int flip, sbyte side)
    {
        (int position, int parent) = _flips[flip];
        _flippedBy[position] += side;
        _touched.Add(position);
        return parent;
    }
}
