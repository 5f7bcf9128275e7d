namespace TrafficMigration.Traffic;

/// <summary>Two directions of traffic: bits or packets a second.</summary>
internal readonly record struct Flow(double Tx, double Rx)
{
    public static Flow operator +(Flow a, Flow b) => new(a.Tx + b.Tx, a.Rx + b.Rx);

    public static Flow operator -(Flow a, Flow b) => new(a.Tx - b.Tx, a.Rx - b.Rx);

    public static Flow operator *(Flow a, double factor) => new(a.Tx * factor, a.Rx * factor);

    /// <summary>Counters of two sources that are rounded apart can differ by a little below zero.</summary>
    public Flow NotNegative() => new(Math.Max(0, Tx), Math.Max(0, Rx));
}

/// <summary>What a VM did between two samples, its own directions.</summary>
/// <param name="Seconds">Length of the interval.</param>
/// <param name="Uplink">Through the uplink that a migration uses, bit/s.</param>
/// <param name="Local">Within the host, bit/s.</param>
/// <param name="Elsewhere">Through other NICs, bit/s.</param>
/// <param name="Packets">On all its interfaces, 1/s.</param>
/// <param name="LocalIsKnown">Whether local traffic was told apart; if not, <paramref name="Uplink"/> may hold some.</param>
internal readonly record struct VMInterval(
    double Seconds, Flow Uplink, Flow Local, Flow Elsewhere, Flow Packets, bool LocalIsKnown)
{
    /// <summary>What it sent to other VMs of its host, bit/s, by their ids; complete where <see cref="LocalIsKnown"/>.</summary>
    public IReadOnlyDictionary<string, double> ToPeers { get; init; } = NoPeers;

    private static readonly IReadOnlyDictionary<string, double> NoPeers = new Dictionary<string, double>();
}

/// <summary>What the uplink did between two samples, the host's directions.</summary>
/// <param name="Seconds">Length of the interval.</param>
/// <param name="Bits">All that it carried, bit/s.</param>
/// <param name="Packets">All that it carried, packets/s.</param>
/// <param name="VMs">The VMs' part of it, bit/s.</param>
/// <param name="IsComplete">Whether every VM's part is known.</param>
/// <param name="IdleShare">Share of the host's processor time that was idle, 0 to 1; <see langword="null"/> where not known.</param>
internal readonly record struct UplinkInterval(double Seconds, Flow Bits, Flow Packets, Flow VMs, bool IsComplete, double? IdleShare);
