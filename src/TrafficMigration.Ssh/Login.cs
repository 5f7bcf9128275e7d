using System.Collections.Immutable;
using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>The ways in which a user can log in to one host, in the order in which they are tried.</summary>
/// <remarks>Holds private keys: dispose it as soon as the login is over.</remarks>
internal sealed class Login : IDisposable
{
    private static readonly ImmutableArray<string> DefaultKeyNames = ["id_ed25519", "id_ecdsa", "id_rsa"];

    private readonly ImmutableArray<PrivateKeyFile> _keys;

    private Login(
        string user, ImmutableArray<PrivateKeyFile> keys, ImmutableArray<AuthenticationMethod> methods, string tried)
    {
        User = user;
        _keys = keys;
        Methods = methods;
        Tried = tried;
    }

    /// <summary>The login name.</summary>
    public string User { get; }

    /// <summary>What SSH.NET tries, in this order. Never empty.</summary>
    public ImmutableArray<AuthenticationMethod> Methods { get; }

    /// <summary>The methods and keys in words, without secrets, with what could not be used.</summary>
    public string Tried { get; }

    /// <summary>Collects what the endpoint offers.</summary>
    /// <param name="endpoint">The host and the user's wishes.</param>
    /// <param name="defaultKeyDirectory">Where the user's default keys lie.</param>
    /// <exception cref="MigrationException"><c>KeyFileUnusable</c> for the key that the user asked for.</exception>
    public static Login Prepare(HostEndpoint endpoint, string defaultKeyDirectory)
    {
        string user = FirstNonEmpty(endpoint.UserName, endpoint.Credential?.UserName) ?? Environment.UserName;
        string secret = endpoint.Credential?.Password ?? string.Empty;
        var keys = ImmutableArray.CreateBuilder<PrivateKeyFile>();
        var tried = new List<string>();
        bool secretIsPassphrase = false;
        if (endpoint.KeyFilePath is { Length: > 0 } path)
        {
            (PrivateKeyFile key, secretIsPassphrase) = LoadWanted(endpoint.HostName, Expand(path), secret);
            keys.Add(key);
            tried.Add("key " + path);
        }
        else
        {
            LoadDefaults(defaultKeyDirectory, keys, tried);
        }

        var methods = ImmutableArray.CreateBuilder<AuthenticationMethod>();
        if (keys.Count > 0)
        {
            methods.Add(new PrivateKeyAuthenticationMethod(user, [.. keys]));
        }

        // A passphrase belongs to the key and stays here: the host must not get it as a password.
        if (secret.Length > 0 && !secretIsPassphrase)
        {
            methods.Add(new PasswordAuthenticationMethod(user, secret));
            methods.Add(Interactive(user, secret));
            tried.Add("password");
            tried.Add("keyboard-interactive");
        }

        if (methods.Count == 0)
        {
            // The host still gets asked, so that a wrong name or host key is reported first, as it should be.
            methods.Add(new NoneAuthenticationMethod(user));
            tried.Insert(0, "no usable key and no password");
        }

        return new Login(user, keys.ToImmutable(), methods.ToImmutable(), string.Join(", ", tried));
    }

    /// <summary>Destroys the private keys.</summary>
    public void Dispose()
    {
        foreach (IDisposable method in Methods.OfType<IDisposable>())
        {
            method.Dispose();
        }

        foreach (PrivateKeyFile key in _keys)
        {
            key.Dispose();
        }
    }

    private static string? FirstNonEmpty(params ReadOnlySpan<string?> names)
    {
        foreach (string? name in names)
        {
            if (!string.IsNullOrEmpty(name))
            {
                return name;
            }
        }

        return null;
    }

    private static string Expand(string path) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal)
            ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..]
            : path;

    private static (PrivateKeyFile Key, bool Encrypted) LoadWanted(string host, string path, string secret)
    {
        try
        {
            return (new PrivateKeyFile(path), false);
        }
        catch (SshPassPhraseNullOrEmptyException e) when (secret.Length == 0)
        {
            throw Failures.KeyFileUnusable(host, path, "it is encrypted, and no passphrase was given.", e);
        }
        catch (SshPassPhraseNullOrEmptyException)
        {
            return (Decrypt(host, path, secret), true);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw Failures.KeyFileUnusable(host, path, Reason(e), e);
        }
    }

    private static PrivateKeyFile Decrypt(string host, string path, string passphrase)
    {
        try
        {
            return new PrivateKeyFile(path, passphrase);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw Failures.KeyFileUnusable(host, path, "the passphrase does not open it.", e);
        }
    }

    private static void LoadDefaults(
        string directory, ImmutableArray<PrivateKeyFile>.Builder keys, List<string> tried)
    {
        foreach (string path in DefaultKeyNames.Select(name => Path.Combine(directory, name)).Where(File.Exists))
        {
            try
            {
                keys.Add(new PrivateKeyFile(path));
                tried.Add("key " + path);
            }
            catch (Exception e) when (IsUnusable(e))
            {
                tried.Add($"not key {path} ({Reason(e)})");
            }
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

    private static KeyboardInteractiveAuthenticationMethod Interactive(string user, string password)
    {
        var method = new KeyboardInteractiveAuthenticationMethod(user);
        method.AuthenticationPrompt += (_, e) =>
        {
            // A question whose answer would be shown on a screen does not ask for a password.
            foreach (AuthenticationPrompt prompt in e.Prompts.Where(prompt => !prompt.IsEchoed))
            {
                prompt.Response = password;
            }
        };
        return method;
    }
}
