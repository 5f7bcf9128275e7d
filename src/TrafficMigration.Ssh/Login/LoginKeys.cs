using System.Collections.Immutable;
using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace TrafficMigration.Ssh;

/// <summary>The keys, of files and of the agent, with which one login is tried.</summary>
/// <remarks>Holds private keys.</remarks>
/// <param name="host">The host's name, for messages.</param>
/// <param name="agent">The user's agent; <see langword="null"/> for none.</param>
internal sealed class LoginKeys(string host, SshAgent? agent) : IDisposable
{
    private static readonly ImmutableArray<string> DefaultNames = ["id_ed25519", "id_ecdsa", "id_rsa"];

    private readonly List<IPrivateKeySource> _sources = [];
    private readonly HashSet<SshAgentKey> _offered = [];
    private readonly List<string> _tried = [];

    /// <summary>The keys in the order in which they are tried.</summary>
    public IReadOnlyList<IPrivateKeySource> Sources => _sources;

    /// <summary>The keys in words, with what could not be used.</summary>
    public IReadOnlyList<string> Tried => _tried;

    /// <summary>Whether the user's secret opened a key, and so is no password.</summary>
    public bool SecretIsPassphrase { get; private set; }

    /// <summary>Adds the key that the user asked for, and no other; if it is locked or not there and the agent has it, the agent's.</summary>
    /// <exception cref="MigrationException"><c>KeyFileUnusable</c>.</exception>
    public void AddWanted(string path, string secret)
    {
        path = SshConfigValues.Home(path, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
        try
        {
            _sources.Add(Load(path, null));
            _tried.Add("key " + path);
        }
        catch (Exception e) when (secret.Length == 0 && e is SshPassPhraseNullOrEmptyException or FileNotFoundException)
        {
            if (!Offer(InAgent(path), path, Certificates([Beside(path)])))
            {
                throw Failures.KeyFileUnusable(
                    host, path, e is FileNotFoundException ? Reason(e) : "it is encrypted, no passphrase was given, and no agent has it.", e);
            }
        }
        catch (SshPassPhraseNullOrEmptyException)
        {
            _sources.Add(Decrypt(path, secret));
            _tried.Add("key " + path);
            SecretIsPassphrase = true;
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw Failures.KeyFileUnusable(host, path, Reason(e), e);
        }
    }

    /// <summary>
    /// Adds what ssh would try: the agent's keys, those of the identity files first, then the identity files that the
    /// agent does not have.
    /// </summary>
    public void AddUsual(HostSettings settings, string defaultDirectory)
    {
        ImmutableArray<string> files = settings.IdentityFiles.IsEmpty
            ? [.. DefaultNames.Select(name => Path.Combine(defaultDirectory, name)).Where(path => File.Exists(path) || File.Exists(Beside(path)))]
            : settings.IdentityFiles;
        UserCertificate[] named = Certificates(settings.CertificateFiles);
        var offered = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in files.Where(path => Offer(InAgent(path), path, [.. named, .. Certificates([Beside(path)])])))
        {
            offered.Add(path);
        }

        if (!settings.IdentitiesOnly)
        {
            foreach (SshAgentKey key in AgentKeys)
            {
                Offer(key, key.Comment, named);
            }
        }

        foreach (string path in files.Where(path => !offered.Contains(path)))
        {
            try
            {
                _sources.Add(Load(path, settings.CertificateFiles));
                _tried.Add("key " + path);
            }
            catch (Exception e) when (IsUnusable(e))
            {
                _tried.Add($"not key {path} ({Reason(e)})");
            }
        }
    }

    /// <summary>Destroys the private keys.</summary>
    public void Dispose()
    {
        foreach (IDisposable key in _sources.OfType<IDisposable>())
        {
            key.Dispose();
        }
    }

    private ImmutableArray<SshAgentKey> AgentKeys
    {
        get
        {
            if (field.IsDefault)
            {
                try
                {
                    field = agent?.Keys() ?? [];
                }
                catch (IOException e)
                {
                    _tried.Add($"not the agent ({e.Message})");
                    field = [];
                }
            }

            return field;
        }
    }

    /// <summary>A file's key, if the agent has it; without the public key beside the file, its certificate tells which it is.</summary>
    private SshAgentKey? InAgent(string path) =>
        PublicKeyFile.Read(path + ".pub") is { } key ? AgentKeys.FirstOrDefault(held => held.Blob.Span.SequenceEqual(key))
        : UserCertificate.Load(Beside(path)) is { } certificate ? AgentKeys.FirstOrDefault(held => certificate.IsOf(held.Blob.Span))
        : null;

    private bool Offer(SshAgentKey? key, string name, UserCertificate[] certificates)
    {
        if (key is null || !_offered.Add(key))
        {
            return key is not null;
        }

        UserCertificate[] own = [.. certificates.Where(certificate => certificate.IsOf(key.Blob.Span))];
        _sources.Add(key.With(own));
        _tried.Add($"key {name} of the agent{(own.Length > 0 ? " with its certificate" : string.Empty)}");
        return true;
    }

    private static UserCertificate[] Certificates(IEnumerable<string> paths) => [.. paths.Select(UserCertificate.Load).OfType<UserCertificate>()];

    private static string Beside(string path) => path + "-cert.pub";

    /// <summary>Loads a key with its certificate: the one beside it, or the one among those of ssh_config that is its own.</summary>
    private static PrivateKeyFile Load(string path, IEnumerable<string>? certificates)
    {
        foreach (string certificate in (certificates ?? []).Append(Beside(path)).Where(File.Exists))
        {
            try
            {
                return new PrivateKeyFile(path, null, certificate);
            }
            catch (Exception e) when (e is not SshPassPhraseNullOrEmptyException && IsUnusable(e))
            {
                // It is another key's certificate, or damaged: the next one, and at last the key alone.
            }
        }

        return new PrivateKeyFile(path);
    }

    private PrivateKeyFile Decrypt(string path, string passphrase)
    {
        try
        {
            string certificate = Beside(path);
            return File.Exists(certificate) ? new PrivateKeyFile(path, passphrase, certificate) : new PrivateKeyFile(path, passphrase);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw Failures.KeyFileUnusable(host, path, "the passphrase does not open it.", e);
        }
    }

    private static string Reason(Exception e) => e switch
    {
        SshPassPhraseNullOrEmptyException => "it is encrypted",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "it may not be read",
        IOException => e.Message,
        _ => "it is not a private key in a known format",
    };

    /// <summary>
    /// SSH.NET's parsers throw whatever their layer throws on damaged or wrongly decrypted bytes; only what
    /// says that the process itself is in trouble goes on.
    /// </summary>
    private static bool IsUnusable(Exception e) => e
        is SshException or IOException or UnauthorizedAccessException or CryptographicException or FormatException
        or ArgumentException or InvalidOperationException or NotSupportedException or IndexOutOfRangeException
        or OverflowException or System.Formats.Asn1.AsnContentException
        || e.GetType().Namespace?.StartsWith("Org.BouncyCastle", StringComparison.Ordinal) == true;
}
