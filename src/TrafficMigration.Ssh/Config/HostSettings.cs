using System.Collections.Immutable;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>What ssh_config says about one host, with tokens and <c>~</c> replaced.</summary>
internal sealed record HostSettings
{
    /// <summary>The name or address to connect to; the name that was asked for where nothing else is said.</summary>
    public required string HostName { get; init; }

    /// <summary>TCP port; <see langword="null"/> if nothing is said.</summary>
    public int? Port { get; init; }

    /// <summary>Login name; <see langword="null"/> if nothing is said.</summary>
    public string? User { get; init; }

    /// <summary>Private keys to try, in their order; empty if nothing is said.</summary>
    public ImmutableArray<string> IdentityFiles { get; init; } = [];

    /// <summary>Certificates to log in with, in their order.</summary>
    public ImmutableArray<string> CertificateFiles { get; init; } = [];

    /// <summary>Whether only <see cref="IdentityFiles"/> may be tried, whatever else an agent offers.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket; <c>none</c> for no agent; <see langword="null"/> for the environment's.</summary>
    public string? IdentityAgent { get; init; }

    /// <summary>Hosts to go through, as <c>[user@]host[:port]</c>, the first one first; empty for a straight way.</summary>
    public ImmutableArray<string> ProxyJump { get; init; } = [];

    /// <summary>The name by which the host's keys are recorded; <see langword="null"/> for <see cref="HostName"/>.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>Files of recorded host keys; empty if nothing is said.</summary>
    public ImmutableArray<string> UserKnownHostsFiles { get; init; } = [];

    /// <summary>The machine's files of recorded host keys; empty if nothing is said.</summary>
    public ImmutableArray<string> GlobalKnownHostsFiles { get; init; } = [];

    /// <summary>What to do with keys that nobody has recorded; <see langword="null"/> if nothing is said.</summary>
    public HostKeyAcceptance? AcceptHostKey { get; init; }

    /// <summary>Whether names are hidden in files of recorded host keys.</summary>
    public bool HashKnownHosts { get; init; }

    /// <summary>Longest time for connecting, zero for any; <see langword="null"/> if nothing is said, or <c>none</c>.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Time between two signs of life; <see langword="null"/> if nothing is said.</summary>
    public TimeSpan? ServerAliveInterval { get; init; }

    /// <summary>What is said and not heeded, in words, each once; in the files' order.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];
}
