using System.Globalization;
using System.Text.Json;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>What the client process found about itself.</summary>
internal sealed record HostsFigures
{
    /// <summary>Hosts that were sampled.</summary>
    public required int Hosts { get; init; }

    /// <summary>Seconds between two samples of a host.</summary>
    public required double IntervalSeconds { get; init; }

    /// <summary>Links of VMs on each host.</summary>
    public required int LinksPerHost { get; init; }

    /// <summary>Writes of a host for each sample.</summary>
    public required int WritesPerSample { get; init; }

    /// <summary>Seconds until every host had sent its first sample.</summary>
    public required double ConnectSeconds { get; init; }

    /// <summary>Processor time until then.</summary>
    public required double ConnectCpuSeconds { get; init; }

    /// <summary>Length of the measured window.</summary>
    public required double WindowSeconds { get; init; }

    /// <summary>Processor time, user and system, in the window per second: 1 is one core.</summary>
    public required double Cores { get; init; }

    /// <summary>Of which in the kernel.</summary>
    public required double KernelCores { get; init; }

    /// <summary>Resident memory at the end of the window.</summary>
    public required double ResidentMegabytes { get; init; }

    /// <summary>The most that was ever resident, connecting included.</summary>
    public required double PeakResidentMegabytes { get; init; }

    /// <summary>Managed memory in use, with what the next garbage collection would free.</summary>
    public required double ManagedMegabytes { get; init; }

    /// <summary>Managed memory allocated in the window, per second.</summary>
    public required double AllocatedMegabytesPerSecond { get; init; }

    /// <summary>Garbage collections in the window.</summary>
    public required int Collections { get; init; }

    /// <summary>Threads at the end of the window.</summary>
    public required int Threads { get; init; }

    /// <summary>Samples that came in the window.</summary>
    public required long Samples { get; init; }

    /// <summary>Samples that should have come.</summary>
    public required double ExpectedSamples { get; init; }

    /// <summary>Hosts from which no sample came in the window although one was due.</summary>
    public required int SilentHosts { get; init; }

    /// <summary>Hosts whose stream failed.</summary>
    public required int FailedHosts { get; init; }

    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    public static HostsFigures? FromJson(string json) => JsonSerializer.Deserialize<HostsFigures>(json);

    /// <summary>A table to read.</summary>
    public string ToTable() => string.Join('\n', typeof(HostsFigures).GetProperties()
        .Select(property => string.Create(
            CultureInfo.InvariantCulture, $"{property.Name,-28} {property.GetValue(this),12:0.###}")));
}
