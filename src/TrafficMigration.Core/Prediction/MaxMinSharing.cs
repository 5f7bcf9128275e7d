namespace TrafficMigration.Prediction;

/// <summary>A flow's claim to the links that it crosses.</summary>
/// <param name="Cap">It never takes more; infinity for a flow that takes what it gets. Same unit as the capacities.</param>
/// <param name="Weight">Its share of a full link, relative to others: a whole number above 0.</param>
internal readonly record struct FlowClaim(double Cap, int Weight = 1);

/// <summary>
/// Weighted max-min fair rates with caps: no flow can get more without taking from one that has no more by weight.
/// </summary>
/// <remarks>
/// Progressive filling (Bertsekas and Gallager, Data Networks, 2nd edition, section 6.5.2): all flows rise together until a
/// flow reaches its cap or a link is full; what is reached is frozen, the others rise on. Flows are sorted by cap once, so
/// one solution costs the flows and, for each level that is reached, a scan of the links. Not for use by several threads.
/// </remarks>
internal sealed class MaxMinSharing
{
    /// <summary>In place of a link: none, or one that never limits.</summary>
    public const int NoLink = -1;

    private readonly FlowClaim[] _claims;
    private readonly int[] _byCap;
    private readonly double[] _levelOfCap;
    private readonly double[] _rates;
    private readonly int[] _solvedIn;

    // Where a flow meets a link is an "end": 2 * flow for its first link, 2 * flow + 1 for its second.
    private readonly int[] _linkOfEnd;
    private readonly int[] _placeOfEnd;
    private readonly List<int>[] _endsOfLink;
    private readonly long[] _weightOfLink;
    private readonly double[] _left;
    private readonly long[] _rising;
    private int _solution;

    /// <summary>Links that no flow crosses yet.</summary>
    public MaxMinSharing(int links, IReadOnlyList<FlowClaim> claims)
    {
        _claims = [.. claims];
        _byCap = [.. Enumerable.Range(0, _claims.Length)
            .Where(f => double.IsFinite(_claims[f].Cap)).OrderBy(f => _claims[f].Cap / _claims[f].Weight)];
        _levelOfCap = [.. _byCap.Select(f => _claims[f].Cap / _claims[f].Weight)];
        _rates = new double[_claims.Length];
        _solvedIn = new int[_claims.Length];
        _linkOfEnd = [.. Enumerable.Repeat(NoLink, 2 * _claims.Length)];
        _placeOfEnd = new int[2 * _claims.Length];
        _endsOfLink = [.. Enumerable.Range(0, links).Select(_ => new List<int>())];
        _weightOfLink = new long[links];
        _left = new double[links];
        _rising = new long[links];
    }

    /// <summary>Each flow's rate, as of the last solution.</summary>
    public ReadOnlySpan<double> Rates => _rates;

    /// <summary>Lets a flow run over these links, whichever it ran over before. Over none, it gets its cap at once.</summary>
    public void Route(int flow, int first, int second = NoLink)
    {
        SetLink(2 * flow, first);
        SetLink((2 * flow) + 1, second);
        _rates[flow] = first == NoLink && second == NoLink ? _claims[flow].Cap : 0;
    }

    /// <summary>Ends a flow.</summary>
    public void Stop(int flow)
    {
        Route(flow, NoLink);
        _rates[flow] = 0;
    }

    /// <summary>The link that a flow crosses first (0) or second (1).</summary>
    public int LinkOf(int flow, int which) => _linkOfEnd[(2 * flow) + which];

    /// <summary>Shares these capacities (finite, not negative, one a link) among the flows that run.</summary>
    public void Solve(ReadOnlySpan<double> capacities)
    {
        _solution++;
        capacities.CopyTo(_left);
        _weightOfLink.CopyTo(_rising, 0);
        int nextCap = 0;
        while (LowestLevel(out double level) is int bottleneck and not NoLink)
        {
            // A flow that freezes below the level of its link only raises that level, so all up to it can go at once.
            int firstCap = nextCap;
            for (; nextCap < _byCap.Length && _levelOfCap[nextCap] <= level; nextCap++)
            {
                Freeze(_byCap[nextCap], _claims[_byCap[nextCap]].Cap);
            }

            if (nextCap == firstCap)
            {
                foreach (int end in _endsOfLink[bottleneck])
                {
                    Freeze(end / 2, level * _claims[end / 2].Weight);
                }
            }
        }
    }

    private int LowestLevel(out double level)
    {
        int lowest = NoLink;
        level = double.PositiveInfinity;
        for (int link = 0; link < _left.Length; link++)
        {
            if (_rising[link] > 0 && Math.Max(0, _left[link]) / _rising[link] is double here && here < level)
            {
                (lowest, level) = (link, here);
            }
        }

        return lowest;
    }

    private void Freeze(int flow, double rate)
    {
        int first = _linkOfEnd[2 * flow];
        int second = _linkOfEnd[(2 * flow) + 1];
        if (_solvedIn[flow] == _solution || (first == NoLink && second == NoLink))
        {
            return;
        }

        _solvedIn[flow] = _solution;
        _rates[flow] = rate;
        if (first != NoLink)
        {
            _left[first] -= rate;
            _rising[first] -= _claims[flow].Weight;
        }

        if (second != NoLink)
        {
            _left[second] -= rate;
            _rising[second] -= _claims[flow].Weight;
        }
    }

    private void SetLink(int end, int link)
    {
        int weight = _claims[end / 2].Weight;
        int old = _linkOfEnd[end];
        if (old != NoLink)
        {
            List<int> ends = _endsOfLink[old];
            int last = ends[^1];
            ends[_placeOfEnd[end]] = last;
            _placeOfEnd[last] = _placeOfEnd[end];
            ends.RemoveAt(ends.Count - 1);
            _weightOfLink[old] -= weight;
        }

        _linkOfEnd[end] = link;
        if (link != NoLink)
        {
            _placeOfEnd[end] = _endsOfLink[link].Count;
            _endsOfLink[link].Add(end);
            _weightOfLink[link] += weight;
        }
    }
}
