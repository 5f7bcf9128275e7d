using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Security;

namespace TrafficMigration.Ssh;

/// <summary>A key, or a certificate, that an agent holds.</summary>
/// <param name="agent">Signs.</param>
/// <param name="blob">The public key as it travels on the wire.</param>
/// <param name="comment">What the agent calls it, often its file.</param>
/// <param name="certificates">Certificates of the key that the agent does not hold itself; they are tried before the key.</param>
internal sealed class SshAgentKey(SshAgent agent, byte[] blob, string comment, params UserCertificate[] certificates) : IPrivateKeySource
{
    /// <summary>What the agent calls it.</summary>
    public string Comment => comment;

    /// <summary>The public key as it travels on the wire.</summary>
    public ReadOnlyMemory<byte> Blob => blob;

    /// <inheritdoc/>
    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms { get; } =
    [
        .. certificates.SelectMany(certificate => Algorithms(agent, certificate.Blob.ToArray(), blob)),
        .. Algorithms(agent, blob, blob),
    ];

    /// <summary>The same key with certificates from elsewhere.</summary>
    public SshAgentKey With(params UserCertificate[] own) => new(agent, blob, comment, own);

    /// <param name="agent">Signs.</param>
    /// <param name="shown">The key, or its certificate, that the host gets to see.</param>
    /// <param name="signing">The one of the agent's that signs for it.</param>
    private static HostAlgorithm[] Algorithms(SshAgent agent, byte[] shown, byte[] signing) => KnownHost.TypeOf(shown) switch
    {
        // RFC 8332: the key's type is older than the hashes that it signs with now.
        "ssh-rsa" =>
        [
            new AgentAlgorithm("rsa-sha2-512", agent, shown, signing, 4),
            new AgentAlgorithm("rsa-sha2-256", agent, shown, signing, 2),
        ],
        "ssh-rsa-cert-v01@openssh.com" =>
        [
            new AgentAlgorithm("rsa-sha2-512-cert-v01@openssh.com", agent, shown, signing, 4),
            new AgentAlgorithm("rsa-sha2-256-cert-v01@openssh.com", agent, shown, signing, 2),
        ],
        var type => [new AgentAlgorithm(type, agent, shown, signing, 0)],
    };

    private sealed class AgentAlgorithm(string name, SshAgent agent, byte[] shown, byte[] signing, uint flags) : HostAlgorithm(name)
    {
        public override byte[] Data => shown;

        public override byte[] Sign(byte[] data)
        {
            try
            {
                return agent.Sign(signing, data, flags);
            }
            catch (IOException e)
            {
                throw new SshAuthenticationException($"The agent does not sign: {e.Message}", e);
            }
        }

        // Only hosts' keys are verified, and those are never an agent's.
        public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
    }
}
