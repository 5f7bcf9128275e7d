using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>Verifies the key of one host during one connection and remembers the verdict.</summary>
/// <remarks>
/// SSH.NET asks on a thread of its own, so nothing is thrown there: the connector asks <see cref="Refusal"/>
/// once the connection has failed.
/// </remarks>
/// <param name="known">The recorded keys.</param>
/// <param name="paths">The files that they were read from.</param>
/// <param name="target">The host.</param>
internal sealed class HostKeyCheck(KnownHosts known, IReadOnlyList<string> paths, Target target)
{
    private sealed record Outcome(HostKeyVerdict Verdict, byte[] Key, bool IsAccepted)
    {
        public string KeyType => KnownHost.TypeOf(Key);

        public string Fingerprint => HostKeyCheck.Fingerprint(Key);
    }

    private volatile Outcome? _outcome;

    /// <summary>Whether the host has shown a key that is trusted.</summary>
    public bool IsTrusted => _outcome is { IsAccepted: true };

    /// <summary>The key of a host that nobody had recorded, and that was accepted as new; otherwise <see langword="null"/>.</summary>
    public byte[]? NewKey => _outcome is { IsAccepted: true, Verdict.Trust: HostKeyTrust.Unknown, Key: var key } ? key : null;

    /// <summary>The error to report if the host's key was refused; otherwise <see langword="null"/>.</summary>
    public MigrationException? Refusal => _outcome switch
    {
        null or { IsAccepted: true } => null,
        { Verdict: { Trust: HostKeyTrust.Mismatch, Path: { } path, Line: var line } } seen =>
            Failures.HostKeyMismatch(target.HostName, seen.KeyType, seen.Fingerprint, path, line),
        { Verdict: { Trust: HostKeyTrust.Revoked, Path: { } path, Line: var line } } seen =>
            Failures.HostKeyRevoked(target.HostName, seen.KeyType, seen.Fingerprint, path, line),
        { Verdict: { Trust: HostKeyTrust.BadCertificate, Path: { } path, Line: var line, Fault: { } fault } } seen =>
            Failures.HostCertificateInvalid(target.HostName, seen.KeyType, seen.Fingerprint, fault, path, line),
        { } seen => Failures.HostKeyUnknown(target.HostName, target.Port, seen.KeyType, seen.Fingerprint, string.Join("' or '", paths)),
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

    private static bool IsCertificate(string algorithm) => algorithm.Contains("-cert-", StringComparison.Ordinal);

    private static string KeyTypeOf(string algorithm) =>
        algorithm.StartsWith("rsa-sha2-", StringComparison.Ordinal) ? "ssh-rsa" : algorithm;

    /// <remarks>Keys are exchanged anew after an hour or a gigabyte: a host that was accepted as new must then show the same key.</remarks>
    private void Decide(object? sender, HostKeyEventArgs e)
    {
        // SSH.NET trusts unless told otherwise; an exception on the way must not leave it so.
        e.CanTrust = false;
        byte[]? accepted = NewKey;
        HostKeyVerdict verdict = e.Certificate is { } certificate
            ? HostCertificate.Judge(certificate, e.HostKey, known, target.KnownAs, target.KnownPort)
            : known.Judge(target.KnownAs, target.KnownPort, e.HostKey);
        bool isAccepted = verdict.Trust == HostKeyTrust.Trusted
            || (verdict.Trust == HostKeyTrust.Unknown && target.AcceptHostKey == HostKeyAcceptance.New
                && (accepted is null || e.HostKey.AsSpan().SequenceEqual(accepted)));
        _outcome = new Outcome(verdict, e.HostKey, isAccepted);
        e.CanTrust = isAccepted;
    }

    /// <summary>Asks first for the types of key that are recorded: a host has several keys, and shows only one.</summary>
    private void Order<T>(Renci.SshNet.IOrderedDictionary<string, T> algorithms)
    {
        IReadOnlyList<string> recorded = known.KeyTypesOf(target.KnownAs, target.KnownPort);
        // Without a trusted authority a certificate could only be refused; with one it comes first, as in ssh.
        bool hasAuthority = known.HasAuthority(target.KnownAs, target.KnownPort);
        KeyValuePair<string, T>[] wanted =
        [
            .. algorithms
                .Where(pair => hasAuthority || !IsCertificate(pair.Key))
                .OrderBy(pair => IsCertificate(pair.Key) ? 0 : recorded.Contains(KeyTypeOf(pair.Key)) ? 1 : 2),
        ];
        algorithms.Clear();
        foreach ((string name, T make) in wanted)
        {
            algorithms.Add(name, make);
        }
    }
}
