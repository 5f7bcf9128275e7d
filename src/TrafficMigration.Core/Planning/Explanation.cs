using TrafficMigration.Solving;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Says in one sentence why a VM has its technique.</summary>
internal static class Explanation
{
    public static string Of(VMTrafficRate rate, HostTraffic destinationHost, TechniqueChoice choice, int index, Strategy strategy)
    {
        Technique technique = choice.Techniques[index];
        if (strategy != Strategy.TrafficSensitive && technique.ToString() == strategy.ToString())
        {
            return $"Strategy {strategy} was asked for";
        }

        if (destinationHost.PostCopyCapable == false)
        {
            return $"{destinationHost.HostName} does not let QEMU use userfaultfd, so nothing can be post-copied to it";
        }

        if (rate.PostCopyCapable == false)
        {
            return $"This VM cannot be post-copied{(rate.PostCopyBlocker is { } why ? ": " + why : "")}";
        }

        long source = choice.SourceContention;
        long destination = choice.DestinationContention;
        string avoided = technique == Technique.PreCopy
            ? $"keeps {Mbps(rate.RxBitsPerSecond)} received off the destination's incoming link"
            : $"keeps {Mbps(rate.TxBitsPerSecond)} sent off the source's outgoing link";
        (long s, long d) = technique == Technique.PreCopy
            ? (source - rate.TxBitsPerSecond, destination + rate.RxBitsPerSecond)
            : (source + rate.TxBitsPerSecond, destination - rate.RxBitsPerSecond);
        string bound = rate.Saturated == true ? "; the link was full, so it may want more" : "";
        return $"{technique} {avoided}{bound}; {Other(technique)} would make the contention {Mbps(Math.Max(s, d))} instead of {Mbps(Math.Max(source, destination))}";
    }

    private static Technique Other(Technique technique) =>
        technique == Technique.PreCopy ? Technique.PostCopy : Technique.PreCopy;

    private static string Mbps(long bitsPerSecond) => FormattableString.Invariant($"{bitsPerSecond / 1e6:0.#} Mbps");
}
