using System.Net;

namespace TrafficMigration.Prometheus;

/// <summary>Where a Prometheus server is and how to log in to it.</summary>
public sealed record PrometheusServer
{
    /// <summary>
    /// The server's address, <c>http</c> or <c>https</c>, with the path below which its API is, for example
    /// <c>http://mon:9090</c>. Without user name and password.
    /// </summary>
    public required Uri Address { get; init; }

    /// <summary>
    /// User and password for basic authentication; sent to <see cref="Address"/> only, and over <c>http</c> readable
    /// on the network. Never logged.
    /// </summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>Longest time that connecting may take, and that the server may stay silent.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The address as errors show it: no user, no password, no query that may hold a token.</summary>
    public string Name => Address.GetComponents(
        UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    /// <summary>Where the API answers queries.</summary>
    /// <exception cref="MigrationException"><c>PrometheusUriInvalid</c>.</exception>
    internal Uri QueryAddress()
    {
        if (!Address.IsAbsoluteUri || (Address.Scheme != Uri.UriSchemeHttp && Address.Scheme != Uri.UriSchemeHttps))
        {
            throw Failures.PrometheusUriInvalid("it does not begin with http:// or https://");
        }

        return Address.UserInfo.Length == 0 && Address.Query.Length == 0 && Address.Fragment.Length == 0
            ? new Uri(Name + "/api/v1/query")
            : throw Failures.PrometheusUriInvalid("it holds more than scheme, host, port and path");
    }
}
