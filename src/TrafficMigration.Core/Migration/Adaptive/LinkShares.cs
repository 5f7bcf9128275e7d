using TrafficMigration.Prediction;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>What a memory stream and its VM get of the links between source and destination, by max-min fairness.</summary>
/// <remarks>
/// As the plan's simulation has it (<see cref="SharedNetwork"/>), but for acknowledgements, which take up to 3 % of the
/// opposite direction: that is far below the margin of a switch.
/// </remarks>
/// <param name="MemoryBytesPerSecond">The stream, bytes/s of memory; infinite where no link and no limit holds it.</param>
/// <param name="VMBitsPerSecond">What the VM sends (before a switch) or receives (after it), bit/s as counted.</param>
internal readonly record struct LinkShares(double MemoryBytesPerSecond, double VMBitsPerSecond)
{
    private const int Memory = 0;
    private const int VM = 1;
    private const int SourceOther = 2;
    private const int DestinationOther = 3;
    private const int FirstStream = 4;

    /// <summary>Shares the links.</summary>
    /// <param name="traffic">Who wants what.</param>
    /// <param name="technique">With pre-copy the VM sends at the source, with post-copy it receives at the destination.</param>
    /// <param name="limitBitsPerSecond">The stream takes no more than this, bit/s; <see langword="null"/> for no limit.</param>
    public static LinkShares Of(LiveTraffic traffic, Technique technique, long? limitBitsPerSecond)
    {
        int egress = traffic.SourceLinkBitsPerSecond is null ? MaxMinSharing.NoLink : 0;
        int ingress = traffic.DestinationLinkBitsPerSecond is null ? MaxMinSharing.NoLink : 1;
        bool isPreCopy = technique == Technique.PreCopy;
        FlowClaim[] claims =
        [
            Greedy(limitBitsPerSecond),
            Demand(isPreCopy ? traffic.TxWantedBitsPerSecond : traffic.RxBitsPerSecond),
            Demand(traffic.SourceOtherTxBitsPerSecond),
            Demand(traffic.DestinationOtherRxBitsPerSecond),
            .. traffic.OtherStreams.Select(s => Greedy(s.LimitBitsPerSecond)),
        ];
        var sharing = new MaxMinSharing(2, claims);
        sharing.Route(Memory, egress, ingress);
        sharing.Route(VM, isPreCopy ? egress : ingress);
        sharing.Route(SourceOther, egress);
        sharing.Route(DestinationOther, ingress);
        for (int i = 0; i < traffic.OtherStreams.Count; i++)
        {
            OtherStream stream = traffic.OtherStreams[i];
            sharing.Route(FirstStream + i, stream.LeavesSource ? egress : MaxMinSharing.NoLink, stream.EntersDestination ? ingress : MaxMinSharing.NoLink);
        }

        sharing.Solve([Capacity(traffic.SourceLinkBitsPerSecond), Capacity(traffic.DestinationLinkBitsPerSecond)]);
        return new LinkShares(sharing.Rates[Memory] / 8, sharing.Rates[VM] / TcpFraming.PayloadPerCounted);
    }

    private static FlowClaim Greedy(long? limit) => new(limit ?? double.PositiveInfinity);

    private static FlowClaim Demand(long counted) => new(counted * TcpFraming.PayloadPerCounted);

    private static double Capacity(long? link) => (link ?? 0) * TcpFraming.PayloadPerWire;
}
