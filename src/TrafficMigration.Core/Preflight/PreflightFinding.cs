using TrafficMigration.Planning;

namespace TrafficMigration.Preflight;

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>Good to know; the migration works.</summary>
    Information,

    /// <summary>The migration may work, and something about it will not be as expected.</summary>
    Warning,

    /// <summary>The migration would fail, or the guest would be harmed.</summary>
    Error,
}

/// <summary>One thing that the pre-flight found about a VM, a host or a pair of hosts.</summary>
public sealed record PreflightFinding
{
    /// <summary>How much it matters.</summary>
    public required FindingSeverity Severity { get; init; }

    /// <summary>Stable identifier of what was looked at, for example <c>StorageNotShared</c>; docs/preflight.md lists them.</summary>
    public required string Check { get; init; }

    /// <summary>The VM concerned; <see langword="null"/> where the finding is about hosts.</summary>
    public string? VMName { get; init; }

    /// <summary>The host concerned: where to go and look.</summary>
    public required string HostName { get; init; }

    /// <summary>The source concerned; <see langword="null"/> where it does not matter which.</summary>
    public string? Source { get; init; }

    /// <summary>The destination concerned; <see langword="null"/> where it does not matter which.</summary>
    public string? Destination { get; init; }

    /// <summary>What was found, with the names of VM and hosts.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it.</summary>
    public required string Remedy { get; init; }

    /// <summary>Whether this finding is about a VM's plan: about the VM itself, about one of its hosts, or about the pair.</summary>
    /// <remarks>A host's finding names <see cref="Source"/> or <see cref="Destination"/> where only VMs that leave, or come, meet it.</remarks>
    public bool Concerns(VMMigrationPlan plan) =>
        (VMName is null || VMName == plan.VMName)
        && (Source is null || Same(Source, plan.Source))
        && (Destination is null || Same(Destination, plan.Destination))
        && (Same(HostName, plan.Source) || Same(HostName, plan.Destination));

    /// <summary>Prints severity, identifier and message.</summary>
    public override string ToString() => $"{Severity} {Check}: {Message}";

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
