namespace TrafficMigration.Prediction;

/// <summary>What TCP over Ethernet makes of a link's bits.</summary>
/// <remarks>
/// Full segments at the standard MTU of 1500 bytes. IPv4 and TCP headers take 20 bytes each, TCP's time stamps 12 more
/// (RFC 7323, section 3.2, padded to words as its appendix A recommends), which leaves 1448 bytes of payload. Ethernet adds
/// a header of 14 bytes, which NIC counters see, and on the wire alone preamble and start delimiter (8), frame check
/// sequence (4) and interpacket gap (12): IEEE 802.3, clauses 3 and 4.
/// </remarks>
internal static class TcpFraming
{
    private const double Payload = 1448;
    private const double Counted = 1514;
    private const double OnTheWire = 1538;
    private const double AcknowledgementOnTheWire = 90;
    private const double SegmentsPerAcknowledgement = 2;

    /// <summary>Payload that a link carries, of its bits on the wire: 941.48 of 1000 Mbit/s.</summary>
    public const double PayloadPerWire = Payload / OnTheWire;

    /// <summary>Payload in what NIC counters and virtual NICs count.</summary>
    public const double PayloadPerCounted = Payload / Counted;

    /// <summary>
    /// What data takes from the opposite direction for its acknowledgements, as a part of itself: one frame without payload
    /// (66 bytes, 90 on the wire) for every second full segment (RFC 1122, section 4.2.3.2; RFC 5681, section 4.2).
    /// </summary>
    public const double AcknowledgementPerData = AcknowledgementOnTheWire / (SegmentsPerAcknowledgement * OnTheWire);
}
