using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Security;

namespace TrafficMigration.Ssh;

/// <summary>A key, or a certificate, that an agent holds.</summary>
/// <param name="agent">Signs.</param>
/// <param name="blob">The public key as it travels on the wire.</param>
/// <param name="comment">What the agent calls it, often its file.</param>
internal sealed class SshAgentKey(SshAgent agent, byte[] blob, string comment) : IPrivateKeySource
{
    /// <summary>What the agent calls it.</summary>
    public string Comment => comment;

    /// <summary>The public key as it travels on the wire.</summary>
    public ReadOnlyMemory<byte> Blob => blob;

    /// <inheritdoc/>
    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms { get; } = Algorithms(agent, blob);

    private static HostAlgorithm[] Algorithms(SshAgent agent, byte[] blob) => KnownHost.TypeOf(blob) switch
    {
        // RFC 8332: the key's type is older than the hashes that it signs with now.
        "ssh-rsa" => [new AgentAlgorithm("rsa-sha2-512", agent, blob, 4), new AgentAlgorithm("rsa-sha2-256", agent, blob, 2)],
        "ssh-rsa-cert-v01@openssh.com" =>
        [
            new AgentAlgorithm("rsa-sha2-512-cert-v01@openssh.com", agent, blob, 4),
            new AgentAlgorithm("rsa-sha2-256-cert-v01@openssh.com", agent, blob, 2),
        ],
        var type => [new AgentAlgorithm(type, agent, blob, 0)],
    };

    private sealed class AgentAlgorithm(string name, SshAgent agent, byte[] blob, uint flags) : HostAlgorithm(name)
    {
        public override byte[] Data => blob;

        public override byte[] Sign(byte[] data)
        {
            try
            {
                return agent.Sign(blob, data, flags);
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
