using System.Numerics;

namespace TrafficMigration.Solving;

/// <summary>
/// Looks for better choices beyond the core: joins every state with every subset of a few VMs outside, each time only
/// with the states whose two loads come closest (the two lists of Horowitz and Sahni, Journal of the ACM 21(2), 1974).
/// </summary>
/// <remarks>
/// It proves nothing, but a good incumbent early keeps the search small, and where a proof would take too long, a
/// million states joined with some thousand subsets are as good as billions of states.
/// </remarks>
internal sealed class CoreCompletion(PairInstance instance, Incumbent incumbent, FlipLog flips)
{
    private const int MaxVMs = 12;
    private const int MaxJoins = 1 << 17;

    private readonly long[] _source = new long[1 << MaxVMs];
    private readonly long[] _destination = new long[1 << MaxVMs];
    private readonly int[] _postCopies = new int[1 << MaxVMs];
    private readonly List<int> _positions = [];

    /// <summary>Offers the joint choices to the incumbent.</summary>
    /// <param name="core">The core.</param>
    /// <param name="states">Its states, by number of post-copies where <paramref name="groups"/> says so, then by rising source load.</param>
    /// <param name="groups">Whether states with different numbers of post-copies follow one another.</param>
    /// <returns>Whether the incumbent is a better one now.</returns>
    public bool Improve(Core core, List<CoreState> states, bool groups)
    {
        if (states.Count == 0)
        {
            return false;
        }

        int joins = groups ? MaxJoins / CountGroups(states) : MaxJoins;
        ChooseVMs(core, Math.Min(MaxVMs, BitOperations.Log2((uint)joins)));
        bool improved = false;
        for (int start = 0; start < states.Count;)
        {
            int end = groups ? EndOfGroup(states, start) : states.Count;
            for (int subset = 1; subset < 1 << _positions.Count; subset++)
            {
                int at = FirstWithWorseSource(states, start, end, subset);
                improved |= at < end && Join(states[at], subset);
                improved |= at > start && Join(states[at - 1], subset);
            }

            start = end;
        }

        return improved;
    }

    /// <summary>VMs at growing distances from the core: near ones cost least, and far ones have other sizes.</summary>
    private void ChooseVMs(Core core, int count)
    {
        _positions.Clear();
        Choose(count / 2, core.Start, i => core.Start - i);
        Choose(count - (count / 2), core.Order.Count - core.End, i => core.End - 1 + i);
        for (int i = 0; i < _positions.Count; i++)
        {
            FreeVM vm = core.Order[_positions[i]];
            int sign = _positions[i] < core.Order.Split ? 1 : -1;
            int bit = 1 << i;
            for (int subset = 0; subset < bit; subset++)
            {
                _source[subset | bit] = _source[subset] + (sign * vm.Tx);
                _destination[subset | bit] = _destination[subset] - (sign * vm.Rx);
                _postCopies[subset | bit] = _postCopies[subset] - sign;
            }
        }
    }

    private void Choose(int count, int available, Func<int, int> position)
    {
        double growth = Math.Pow(Math.Max(available, 1), 1.0 / Math.Max(count - 1, 1));
        double distance = 1;
        for (int i = 0, last = 0; i < count && last < available; i++)
        {
            last = Math.Min(available, Math.Max(last + 1, (int)Math.Round(distance)));
            _positions.Add(position(last));
            distance *= growth;
        }
    }

    private bool Join(in CoreState state, int subset)
    {
        var joint = new CoreState(
            checked(state.Source + _source[subset]), checked(state.Destination + _destination[subset]), state.PostCopies + _postCopies[subset],
            state.Flip, false, false);
        if (!incumbent.MayTake(joint))
        {
            return false;
        }

        int first = -1;
        for (int i = 0; i < _positions.Count; i++)
        {
            if ((subset >> i & 1) != 0)
            {
                joint = joint with { Flip = flips.Add(_positions[i], joint.Flip) };
                first = first < 0 ? joint.Flip : first;
            }
        }

        if (incumbent.Offer(joint, flips))
        {
            return true;
        }

        flips.TakeBack(first);
        return false;
    }

    private int FirstWithWorseSource(List<CoreState> states, int low, int high, int subset)
    {
        Int128 source = incumbent.Order.Source + _source[subset];
        Int128 destination = incumbent.Order.Destination + _destination[subset];
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (instance.SourceIsWorse(source + states[middle].Source, destination + states[middle].Destination))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static int CountGroups(List<CoreState> states)
    {
        int count = 0;
        for (int start = 0; start < states.Count; start = EndOfGroup(states, start))
        {
            count++;
        }

        return count;
    }

    private static int EndOfGroup(List<CoreState> states, int start)
    {
        int end = start + 1;
        while (end < states.Count && states[end].PostCopies == states[start].PostCopies)
        {
            end++;
        }

        return end;
    }
}
