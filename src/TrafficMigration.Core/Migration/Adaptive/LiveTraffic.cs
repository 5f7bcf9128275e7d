namespace TrafficMigration.Migration.Adaptive;

/// <summary>What is known of the traffic around one running migration; rates in bit/s.</summary>
/// <param name="TxBitsPerSecond">What the VM sends through the source's uplink.</param>
/// <param name="RxBitsPerSecond">What the VM receives through it.</param>
/// <param name="SourceOtherTxBitsPerSecond">What else leaves the source: neither the VM's nor memory of this run.</param>
/// <param name="DestinationOtherRxBitsPerSecond">What else enters the destination: no memory of this run.</param>
/// <param name="LinkBitsPerSecond">Speed of the slower of the two uplinks.</param>
/// <param name="StreamsOut">Memory streams of this run that leave the source, this one included.</param>
/// <param name="StreamsIn">Memory streams of this run that enter the destination, this one included.</param>
internal sealed record LiveTraffic(
    long TxBitsPerSecond, long RxBitsPerSecond, long SourceOtherTxBitsPerSecond, long DestinationOtherRxBitsPerSecond,
    long LinkBitsPerSecond, int StreamsOut, int StreamsIn);
