using System.Net;

namespace TrafficMigration.Kvm;

/// <summary>How to reach a host over SSH.</summary>
public sealed record HostEndpoint
{
    /// <summary>The time that a host has where nobody says otherwise.</summary>
    public static TimeSpan UsualTimeout { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Name or address of the host, as the user gave it.</summary>
    public required string HostName { get; init; }

    /// <summary>TCP port of the host's SSH server; <see langword="null"/> takes ssh_config's, then 22.</summary>
    public int? Port { get; init; }

    /// <summary>Login name; <see langword="null"/> takes the credential's, then ssh_config's, then the current user's.</summary>
    public string? UserName { get; init; }

    /// <summary>Private key to log in with; <see langword="null"/> tries ssh_config's or the user's default keys, and the agent's.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>Whether new host keys are accepted; <see langword="null"/> takes ssh_config's StrictHostKeyChecking, then never.</summary>
    public HostKeyAcceptance? AcceptHostKey { get; init; }

    /// <summary>User name and password, or the passphrase of <see cref="KeyFilePath"/>. Never logged.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>The host's libvirt, as its virsh names it; <see langword="null"/> for <c>qemu:///system</c>.</summary>
    public string? ConnectUri { get; init; }

    /// <summary>Whether what is said to the host is run as root by <c>sudo -n</c>.</summary>
    public bool Sudo { get; init; }

    /// <summary>
    /// Longest time that connecting and logging in may take, and that a host may stay silent afterwards;
    /// <see langword="null"/> takes ssh_config's ConnectTimeout for connecting, and <see cref="UsualTimeout"/> otherwise.
    /// </summary>
    public TimeSpan? ConnectTimeout { get; init; }
}

/// <summary>What is done with the key of a host that nobody has recorded. A key that contradicts a recorded one is always refused.</summary>
public enum HostKeyAcceptance
{
    /// <summary>The host is refused.</summary>
    Never,

    /// <summary>The key is recorded in the user's known_hosts, and from then on it counts.</summary>
    New,
}
