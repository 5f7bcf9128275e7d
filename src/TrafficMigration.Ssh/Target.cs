using System.Collections.Immutable;
using System.Net;
using TrafficMigration.Kvm;

namespace TrafficMigration.Ssh;

/// <summary>A server to connect to, with all that the user and ssh_config say of it.</summary>
internal sealed record Target
{
    /// <summary>The host's name as the user, or a ProxyJump, gave it.</summary>
    public required string HostName { get; init; }

    /// <summary>Login name.</summary>
    public required string User { get; init; }

    /// <summary>Private key that the user asked for; only for the host itself, not for those on the way.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>The user's secret, as with <see cref="KeyFilePath"/>.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>What ssh_config says.</summary>
    public required HostSettings Settings { get; init; }

    /// <summary>Whether new host keys are recorded.</summary>
    public HostKeyAcceptance AcceptHostKey { get; init; }

    /// <summary>Name or address to connect to.</summary>
    public string Address => Settings.HostName;

    /// <summary>TCP port.</summary>
    public int Port => Settings.Port ?? 22;

    /// <summary>The name by which its keys are recorded.</summary>
    public string KnownAs => Settings.HostKeyAlias ?? Settings.HostName;

    /// <summary>The port by which they are: an alias stands for the host with its port.</summary>
    public int KnownPort => Settings.HostKeyAlias is null ? Port : 22;

    /// <summary>The way to a host: those to go through, the first one first, and then the host itself.</summary>
    /// <exception cref="MigrationException"><c>SshConfigUnusable</c>.</exception>
    public static ImmutableArray<Target> WayTo(HostEndpoint endpoint, SshConfig config)
    {
        string? user = endpoint.UserName is { Length: > 0 } named ? named
            : endpoint.Credential?.UserName is { Length: > 0 } of ? of : null;
        HostSettings settings = config.Resolve(endpoint.HostName, user, endpoint.Port);
        var host = new Target
        {
            HostName = endpoint.HostName,
            User = settings.User ?? Environment.UserName,
            KeyFilePath = endpoint.KeyFilePath,
            Credential = endpoint.Credential,
            Settings = settings,
            AcceptHostKey = endpoint.AcceptHostKey ?? settings.AcceptHostKey ?? HostKeyAcceptance.Never,
        };
        return [.. Before(host, config, [host.HostName]), host];
    }

    /// <summary>Those to go through before a host, each as its own configuration says; only the first may itself have one before it.</summary>
    private static IEnumerable<Target> Before(Target host, SshConfig config, ImmutableArray<string> behind)
    {
        Target[] jumps = [.. host.Settings.ProxyJump.Select(jump => Jump(jump, host, config))];
        if (jumps.Length == 0)
        {
            return [];
        }

        if (behind.Contains(jumps[0].HostName, StringComparer.OrdinalIgnoreCase))
        {
            throw Failures.SshConfigUnusable(behind[0], "ProxyJump", $"the way goes in a circle ({string.Join(", ", behind.Append(jumps[0].HostName))})");
        }

        return [.. Before(jumps[0], config, behind.Add(jumps[0].HostName)), .. jumps];
    }

    /// <remarks>The user's key and secret are for the host that was asked for: nobody on the way gets to see them.</remarks>
    private static Target Jump(string text, Target to, SshConfig config)
    {
        if (HostAddress.TryParse(text.StartsWith("ssh://", StringComparison.OrdinalIgnoreCase) ? text[6..] : text) is not { } jump
            || !HostNameRule.IsName(jump.HostName))
        {
            throw Failures.SshConfigUnusable(to.HostName, "ProxyJump", $"'{text}' is not [user@]host[:port]");
        }

        HostSettings settings = config.Resolve(jump.HostName, jump.UserName, jump.Port);
        return new Target
        {
            HostName = jump.HostName,
            User = settings.User ?? Environment.UserName,
            Settings = settings,
            AcceptHostKey = settings.AcceptHostKey ?? HostKeyAcceptance.Never,
        };
    }
}
