using Renci.SshNet.Security;

namespace TrafficMigration.Ssh;

/// <summary>Judges the certificate by which an authority vouches for a host's key (OpenSSH's PROTOCOL.certkeys).</summary>
/// <remarks>
/// SSH.NET has verified the authority's signature and the time of validity before it asks. Whether the authority is
/// trusted for this host, and what the certificate is for, is ours to say.
/// </remarks>
internal static class HostCertificate
{
    /// <param name="certificate">What the host showed.</param>
    /// <param name="key">The certified key, as it travels on the wire.</param>
    /// <param name="known">The recorded keys and authorities.</param>
    /// <param name="host">The name that the host must prove.</param>
    /// <param name="port">Its port.</param>
    public static HostKeyVerdict Judge(Certificate certificate, byte[] key, KnownHosts known, string host, int port)
    {
        HostKeyVerdict authority = known.JudgeAuthority(host, port, certificate.CertificateAuthorityKey);
        HostKeyVerdict plain = known.Judge(host, port, key);
        if (authority.Trust == HostKeyTrust.Revoked || plain.Trust is HostKeyTrust.Revoked or HostKeyTrust.Trusted)
        {
            // As in ssh: a key that is recorded itself needs nobody to vouch for it.
            return authority.Trust == HostKeyTrust.Revoked ? authority : plain;
        }

        return authority.Trust != HostKeyTrust.Trusted ? plain
            : Fault(certificate, host) is { } fault ? authority with { Trust = HostKeyTrust.BadCertificate, Fault = fault }
            : authority;
    }

    private static string? Fault(Certificate certificate, string host) =>
        certificate.Type != Certificate.CertificateType.Host ? "it is a user's certificate, not a host's."
        // PROTOCOL.certkeys lets a certificate without names hold for every host; one stolen host would be all of them.
        : certificate.ValidPrincipals.Count == 0 ? "it names no host that it is for."
        : !certificate.ValidPrincipals.Contains(host, StringComparer.OrdinalIgnoreCase)
            ? $"it is for {string.Join(", ", certificate.ValidPrincipals)}, not for '{host}'."
        : certificate.CriticalOptions.Count > 0 ? $"it has options that nobody here knows ({string.Join(", ", certificate.CriticalOptions.Keys)})."
        : null;
}
