namespace TrafficMigration.Ssh;

/// <summary>What the recorded host keys say about a key that a host shows.</summary>
internal enum HostKeyTrust
{
    /// <summary>The key is recorded for this host.</summary>
    Trusted,

    /// <summary>No key is recorded for this host.</summary>
    Unknown,

    /// <summary>Keys are recorded for this host, but not this one.</summary>
    Mismatch,

    /// <summary>The key is marked as revoked for this host.</summary>
    Revoked,

    /// <summary>A trusted authority vouches for the host, but by a certificate that does not hold.</summary>
    BadCertificate,
}

/// <summary>A judgement with the line that it rests on.</summary>
/// <param name="Trust">The judgement.</param>
/// <param name="Path">The known_hosts file that decided; <see langword="null"/> if none did.</param>
/// <param name="Line">The deciding line of that file, counted from 1; 0 if none decided.</param>
/// <param name="Fault">What is wrong with the certificate, where <see cref="HostKeyTrust.BadCertificate"/>.</param>
internal sealed record HostKeyVerdict(HostKeyTrust Trust, string? Path = null, int Line = 0, string? Fault = null);
