using System.Globalization;

namespace TrafficMigration;

/// <summary>Every error that the product can report about hosts and connections, with its stable id and its text.</summary>
/// <remarks>The sibling files hold the errors of planning and of migrating.</remarks>
public static partial class Failures
{
    /// <summary>Who says more than this says nothing that a user would read.</summary>
    private const int LongestSentence = 2000;

    /// <summary>The name does not resolve.</summary>
    public static MigrationException HostNotFound(string host, Exception? cause = null) => Make(
        nameof(HostNotFound), FailureKind.NotFound, host, null, cause,
        $"Host '{host}' is not known: its name does not resolve to an address. Check the spelling, DNS or /etc/hosts.");

    /// <summary>The text names no host.</summary>
    public static MigrationException HostNameInvalid(string text) => Make(
        nameof(HostNameInvalid), FailureKind.InvalidInput, null, null, null,
        $"'{(text.Length > 100 ? text[..100] + "..." : text)}' is no name of a host. No connection was made. Write it as kvm1, ops@kvm1, kvm1:2222 or ops@kvm1:2222, the name with letters, digits, '.', '-' and '_'; an IPv6 address that a port follows stands in brackets: [2001:db8::1]:2222.");

    /// <summary>A host's name came with a login or port where it stands for the host alone.</summary>
    public static MigrationException HostNameNotPlain(string parameter, string text, string host) => Make(
        nameof(HostNameNotPlain), FailureKind.InvalidInput, host, null, null,
        $"'{text}' is more than the name of a host, and {parameter} takes the name alone: '{host}'. Plans hold it, and a source's libvirt connects to its destination by it. Nothing was changed. Your own login to the host goes into -UserName and -Port, into ssh_config, or into a session: New-KvmHostSession {text}.");

    /// <summary>No connection could be made.</summary>
    public static MigrationException HostUnreachable(string host, int port, string reason, Exception? cause = null) => Make(
        nameof(HostUnreachable), FailureKind.Connection, host, null, cause,
        $"Host '{host}' cannot be reached on TCP port {port}: {Sentence(reason)} Check that the host is up, that sshd listens there, and any firewall between.");

    /// <summary>The host did not answer in time.</summary>
    public static MigrationException HostTimeout(string host, string tried, TimeSpan limit, Exception? cause = null) => Make(
        nameof(HostTimeout), FailureKind.Timeout, host, null, cause,
        $"Host '{host}' did not answer within {Seconds(limit)} s while {tried}. Check the host's load and the network; -ConnectTimeout allows more time.");

    /// <summary>The connection ended while it was in use.</summary>
    public static MigrationException ConnectionLost(string host, string reason, Exception? cause = null) => Make(
        nameof(ConnectionLost), FailureKind.Connection, host, null, cause,
        $"The connection to host '{host}' was lost: {Sentence(reason)} What runs on the host goes on there; look at the host before you repeat anything.");

    /// <summary>The host's key is in no known_hosts file.</summary>
    public static MigrationException HostKeyUnknown(string host, int port, string keyType, string fingerprint, string knownHostsPath) => Make(
        nameof(HostKeyUnknown), FailureKind.Security, host, null, null,
        $"The key of host '{host}' ({keyType} {fingerprint}) is not in '{knownHostsPath}', so it cannot be verified. Compare the fingerprint with the host's own, then record it: once with 'ssh -p {port} {host}', or with -AcceptHostKey New.");

    /// <summary>The host shows another key than the recorded one.</summary>
    public static MigrationException HostKeyMismatch(string host, string keyType, string fingerprint, string knownHostsPath, int line) => Make(
        nameof(HostKeyMismatch), FailureKind.Security, host, null, null,
        $"The key of host '{host}' has CHANGED: it shows {keyType} {fingerprint}, another key than '{knownHostsPath}' line {line} records. Someone may be listening in. If the host was reinstalled, verify the new key and replace that line.");

    /// <summary>The host's key is marked as revoked.</summary>
    public static MigrationException HostKeyRevoked(string host, string keyType, string fingerprint, string knownHostsPath, int line) => Make(
        nameof(HostKeyRevoked), FailureKind.Security, host, null, null,
        $"The key of host '{host}' ({keyType} {fingerprint}) is REVOKED by '{knownHostsPath}' line {line}. Do not use this host until it has a new key.");

    /// <summary>An authority that is trusted vouches for the host by a certificate that does not hold.</summary>
    public static MigrationException HostCertificateInvalid(string host, string keyType, string fingerprint, string reason, string knownHostsPath, int line) => Make(
        nameof(HostCertificateInvalid), FailureKind.Security, host, null, null,
        $"The certificate of host '{host}' ({keyType} {fingerprint}) does not hold, although '{knownHostsPath}' line {line} trusts its authority: {Sentence(reason)} Have the host's key certified anew for the name that you use (ssh-keygen -h -n), or use a name that the certificate has.");

    /// <summary>OpenSSH's client configuration cannot be used.</summary>
    public static MigrationException SshConfigUnusable(string host, string where, string reason) => Make(
        nameof(SshConfigUnusable), FailureKind.InvalidInput, host, null, null,
        $"The SSH configuration for host '{host}' cannot be used: {where}: {Sentence(reason)} No connection was made. 'ssh -G {host}' shows what ssh makes of it.");

    /// <summary>A host on the way to another one could not be passed.</summary>
    public static MigrationException OnTheWay(string host, string jump, MigrationException cause) => Make(
        cause.ErrorId, cause.Kind, host, null, cause,
        $"Host '{host}' is reached through '{jump}' (ProxyJump), and that failed: {cause.Message}");

    /// <summary>The host refused every way of logging in.</summary>
    public static MigrationException AuthenticationFailed(string host, string user, string tried, Exception? cause = null) => Make(
        nameof(AuthenticationFailed), FailureKind.Authentication, host, null, cause,
        $"Host '{host}' refused the login of user '{user}' (tried: {tried}). Check -UserName, -KeyFilePath or -Credential, and the user's authorized_keys on the host.");

    /// <summary>A private key file cannot be used.</summary>
    public static MigrationException KeyFileUnusable(string host, string path, string reason, Exception? cause = null) => Make(
        nameof(KeyFileUnusable), FailureKind.Authentication, host, null, cause,
        $"The key file '{path}' for host '{host}' cannot be used: {Sentence(reason)} Give a private key that you may read; a passphrase goes into -Credential.");

    /// <summary>No such session is open.</summary>
    public static MigrationException SessionNotFound(string what) => Make(
        nameof(SessionNotFound), FailureKind.NotFound, null, null, null,
        $"No open session has {what}. Get-KvmHostSession lists those that are open.");

    /// <summary>libvirt does not answer on the host.</summary>
    public static MigrationException LibvirtUnavailable(string host, string said) => Make(
        nameof(LibvirtUnavailable), FailureKind.Unavailable, host, null, null,
        $"libvirt does not answer on host '{host}': {Sentence(said)} Start it there (systemctl start libvirtd, or virtqemud) and try again. Nothing was changed.");

    /// <summary>The login user may not use libvirt.</summary>
    public static MigrationException LibvirtAccessDenied(string host, string said) => Make(
        nameof(LibvirtAccessDenied), FailureKind.Permission, host, null, null,
        $"The user may not manage VMs on host '{host}': {Sentence(said)} Log in as root, use -Sudo, or add the user to the group 'libvirt' there. Nothing was changed.");

    /// <summary>The text is no connection URI.</summary>
    public static MigrationException ConnectUriInvalid(string text) => Make(
        nameof(ConnectUriInvalid), FailureKind.InvalidInput, null, null, null,
        $"'{text}' is no connection URI of libvirt. Nothing was changed. Write it as virsh on the host takes it: qemu:///system, qemu:///session.");

    /// <summary>sudo does not run what is to be run as root.</summary>
    public static MigrationException SudoRefused(string host, string said) => Make(
        nameof(SudoRefused), FailureKind.Permission, host, null, null,
        $"sudo does nothing for the user on host '{host}': {Sentence(said)} Allow it without a password there (NOPASSWD in sudoers), or leave out -Sudo and add the user to the group 'libvirt'. Nothing was changed.");

    /// <summary>virsh is not installed.</summary>
    public static MigrationException LibvirtMissing(string host) => Make(
        nameof(LibvirtMissing), FailureKind.NotFound, host, null, null,
        $"Host '{host}' has no 'virsh' command. Install libvirt's clients there (package libvirt-clients or libvirt-client).");

    /// <summary>A remote command failed for another reason.</summary>
    public static MigrationException CommandFailed(string host, string tried, int exitCode, string said) => Make(
        nameof(CommandFailed), FailureKind.Failed, host, null, null,
        $"Host '{host}' could not do this: {tried}. Exit code {exitCode}: {Sentence(said)} Nothing was changed.");

    /// <summary>A host's answer cannot be understood.</summary>
    public static MigrationException AnswerNotUnderstood(string host, string what, string detail) => Make(
        nameof(AnswerNotUnderstood), FailureKind.InvalidAnswer, host, null, null,
        $"Host '{host}' answered with {what} that cannot be understood: {Sentence(detail)} Run the command with -Verbose and report it as a bug.");

    /// <summary>The host has no address on the network that migrations are to use.</summary>
    public static MigrationException MigrationNetworkMissing(string host, string network) => Make(
        nameof(MigrationNetworkMissing), FailureKind.NotFound, host, null, null,
        $"Host '{host}' has no address in the migration network {network}. Nothing was changed. Check -MigrationNetwork and 'ip addr' on the host.");

    /// <summary>The text is no network.</summary>
    public static MigrationException MigrationNetworkInvalid(string text) => Make(
        nameof(MigrationNetworkInvalid), FailureKind.InvalidInput, null, null, null,
        $"'{text}' is no network. Nothing was changed. Write it as address and prefix length, with all host bits zero: 192.0.2.0/24.");

    private static MigrationException Make(
        string id, FailureKind kind, string? host, string? vm, Exception? cause, string message) =>
        new(id, kind, message, host, vm, cause);

    private static string Seconds(TimeSpan span) => span.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>Text of another program as one sentence on one line.</summary>
    private static string Sentence(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length == 0)
        {
            return "no reason was given.";
        }

        if (line.Length > LongestSentence)
        {
            return line[..LongestSentence] + "...";
        }

        return line[^1] is '.' or '!' or '?' ? line : line + ".";
    }
}
