using System.Net;

namespace TrafficMigration.Kvm;

/// <summary>How to reach a host over SSH.</summary>
public sealed record HostEndpoint
{
    /// <summary>Name or address of the host, as the user gave it.</summary>
    public required string HostName { get; init; }

    /// <summary>TCP port of the host's SSH server.</summary>
    public int Port { get; init; } = 22;

    /// <summary>Login name; <see langword="null"/> takes the credential's, then the current user's.</summary>
    public string? UserName { get; init; }

    /// <summary>Private key to log in with; <see langword="null"/> tries the user's default keys.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>User name and password, or the passphrase of <see cref="KeyFilePath"/>. Never logged.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>Longest time that connecting and logging in may take, and that a host may stay silent.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
