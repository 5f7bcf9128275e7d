namespace TrafficMigration.Planning;

/// <summary>A destination and a technique for every VM of a <see cref="Site"/>, in the order of its VMs.</summary>
/// <param name="Destinations">Indices of destinations.</param>
/// <param name="Techniques">The techniques.</param>
/// <param name="RelativeBound">No allowed decision has a worst relative load below this.</param>
internal sealed record Decision(int[] Destinations, Technique[] Techniques, double RelativeBound)
{
    /// <summary>What each source's outgoing link and then each destination's incoming link carries against the migrations, bit/s; 0 for a destination not used.</summary>
    public long[] Loads(Site site)
    {
        var loads = new long[site.Sources.Length + site.Destinations.Length];
        for (int s = 0; s < site.Sources.Length; s++)
        {
            loads[s] = site.Sources[s].BackgroundTx;
        }

        foreach (int d in Destinations.Distinct())
        {
            loads[site.Sources.Length + d] = site.Destinations[d].BackgroundRxBitsPerSecond;
        }

        for (int i = 0; i < Techniques.Length; i++)
        {
            loads[site.SourceOf[i]] += site.MirrorBitsPerSecond(i);
            loads[site.Sources.Length + Destinations[i]] += site.MirrorBitsPerSecond(i);
            if (Techniques[i] == Technique.PreCopy)
            {
                loads[site.SourceOf[i]] += site.VMs[i].TxBitsPerSecond;
            }
            else if (Techniques[i] == Technique.PostCopy)
            {
                loads[site.Sources.Length + Destinations[i]] += site.VMs[i].RxBitsPerSecond;
            }
        }

        MutualTraffic.AddTo(site.Mutual.Flows, Techniques, Destinations, loads, site.Sources.Length);
        return loads;
    }

    /// <summary>The speed that each of <see cref="Loads"/> is divided by.</summary>
    public static long[] Capacities(Site site) =>
        [.. site.Sources.Select(s => s.LinkBitsPerSecond).Concat(site.Destinations.Select(d => d.LinkBitsPerSecond)).Select(site.Capacity)];
}
