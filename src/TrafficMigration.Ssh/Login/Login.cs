using System.Collections.Immutable;
using System.Net;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace TrafficMigration.Ssh;

/// <summary>The ways in which a user can log in to one host, in the order in which they are tried.</summary>
/// <remarks>Holds private keys: dispose it as soon as the login is over.</remarks>
internal sealed class Login : IDisposable
{
    private readonly LoginKeys _keys;

    private Login(string user, LoginKeys keys, ImmutableArray<AuthenticationMethod> methods, string tried)
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

    /// <summary>Collects what the user offers.</summary>
    /// <param name="target">The host and the user's wishes.</param>
    /// <param name="defaultKeyDirectory">Where the user's default keys lie.</param>
    /// <param name="agent">The user's agent; <see langword="null"/> for none.</param>
    /// <exception cref="MigrationException"><c>KeyFileUnusable</c> for the key that the user asked for.</exception>
    public static Login Prepare(Target target, string defaultKeyDirectory, SshAgent? agent)
    {
        string secret = target.Credential?.Password ?? string.Empty;
        var keys = new LoginKeys(target.HostName, agent);
        if (target.KeyFilePath is { Length: > 0 } path)
        {
            keys.AddWanted(path, secret);
        }
        else
        {
            keys.AddUsual(target.Settings, defaultKeyDirectory);
        }

        var methods = ImmutableArray.CreateBuilder<AuthenticationMethod>();
        List<string> tried = [.. keys.Tried];
        if (keys.Sources.Count > 0)
        {
            methods.Add(new PrivateKeyAuthenticationMethod(target.User, [.. keys.Sources]));
        }

        // A passphrase belongs to the key and stays here: the host must not get it as a password.
        if (secret.Length > 0 && !keys.SecretIsPassphrase)
        {
            methods.Add(new PasswordAuthenticationMethod(target.User, secret));
            methods.Add(Interactive(target.User, secret));
            tried.Add("password");
            tried.Add("keyboard-interactive");
        }

        if (methods.Count == 0)
        {
            // The host still gets asked, so that a wrong name or host key is reported first, as it should be.
            methods.Add(new NoneAuthenticationMethod(target.User));
            tried.Insert(0, "no usable key and no password");
        }

        return new Login(target.User, keys, methods.ToImmutable(), string.Join(", ", tried));
    }

    /// <summary>Destroys the private keys.</summary>
    public void Dispose()
    {
        foreach (IDisposable method in Methods.OfType<IDisposable>())
        {
            method.Dispose();
        }

        _keys.Dispose();
    }

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
