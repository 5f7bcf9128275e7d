using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace TrafficMigration.Ssh;

/// <summary>Verifies the key of one host during one connection and remembers the verdict.</summary>
/// <remarks>
/// SSH.NET asks on a thread of its own, so nothing is thrown there: the connector asks <see cref="Refusal"/>
/// once the connection has failed.
/// </remarks>
internal sealed class HostKeyCheck(KnownHosts known, IReadOnlyList<string> paths, string host, int port)
{
    private sealed record Outcome(HostKeyVerdict Verdict, string KeyType, string Fingerprint);

    private volatile Outcome? _outcome;

    /// <summary>Whether the host has shown a key that is trusted.</summary>
    public bool IsTrusted => _outcome?.Verdict.Trust == HostKeyTrust.Trusted;

    /// <summary>The error to report if the host's key was refused; otherwise <see langword="null"/>.</summary>
    public MigrationException? Refusal => _outcome switch
    {
        null or { Verdict.Trust: HostKeyTrust.Trusted } => null,
        { Verdict: { Trust: HostKeyTrust.Mismatch, Path: { } path, Line: var line } } seen =>
            Failures.HostKeyMismatch(host, seen.KeyType, seen.Fingerprint, path, line),
        { Verdict: { Trust: HostKeyTrust.Revoked, Path: { } path, Line: var line } } seen =>
            Failures.HostKeyRevoked(host, seen.KeyType, seen.Fingerprint, path, line),
        { } seen => Failures.HostKeyUnknown(host, port, seen.KeyType, seen.Fingerprint, string.Join("' or '", paths)),
    };

    /// <summary>OpenSSH's way of showing a key: SHA-256 in base 64 without padding.</summary>
    public static string Fingerprint(ReadOnlySpan<byte> key) =>
        "SHA256:" + Convert.ToBase64String(SHA256.HashData(key)).TrimEnd('=');

    /// <summary>Takes part in a connection that is about to be made.</summary>
    public void Attach(SshClient client)
    {
        Order(client.ConnectionInfo.HostKeyAlgorithms);
        client.HostKeyReceived += Decide;
    }

    private static string KeyTypeOf(string algorithm) =>
        algorithm.StartsWith("rsa-sha2-", StringComparison.Ordinal) ? "ssh-rsa" : algorithm;

    private void Decide(object? sender, HostKeyEventArgs e)
    {
        // SSH.NET trusts unless told otherwise; an exception on the way must not leave it so.
        e.CanTrust = false;
        HostKeyVerdict verdict = known.Judge(host, port, e.HostKey);
        _outcome = new Outcome(verdict, KnownHost.TypeOf(e.HostKey), Fingerprint(e.HostKey));
        e.CanTrust = verdict.Trust == HostKeyTrust.Trusted;
    }

    /// <summary>Asks first for the types of key that are recorded: a host has several keys, and shows only one.</summary>
    private void Order<T>(Renci.SshNet.IOrderedDictionary<string, T> algorithms)
    {
        IReadOnlyList<string> recorded = known.KeyTypesOf(host, port);
        // Host certificates are left out: without trusted authorities a certificate could only be refused.
        KeyValuePair<string, T>[] wanted =
        [
            .. algorithms
                .Where(pair => !pair.Key.Contains("-cert-", StringComparison.Ordinal))
                .OrderBy(pair => recorded.Contains(KeyTypeOf(pair.Key)) ? 0 : 1),
        ];
        algorithms.Clear();
        foreach ((string name, T make) in wanted)
        {
            algorithms.Add(name, make);
        }
    }
}
