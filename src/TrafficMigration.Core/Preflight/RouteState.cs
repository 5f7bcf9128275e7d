using System.Globalization;
using System.Net;

namespace TrafficMigration.Preflight;

/// <summary>How a source reaches a destination.</summary>
/// <param name="Login">Whether libvirt's own connection works; <see langword="null"/> where it was not tried.</param>
/// <param name="Addresses">How each place that the memory is to go to is reached, by the plans' word for it.</param>
internal sealed record RouteState(Verdict? Login, IReadOnlyDictionary<string, MemoryRoute> Addresses)
{
    /// <summary>libvirt's UUID of the host that the login led to.</summary>
    public string? HostUuid => Login is { IsYes: true } ? Login.Said : null;

    /// <summary>Reads the answer to <see cref="RouteScript"/>.</summary>
    /// <param name="output">The answer.</param>
    /// <param name="nonce">See <see cref="HostAnswer"/>.</param>
    /// <param name="addresses">The addresses that were asked about.</param>
    /// <exception cref="FormatException">The answer is no such answer.</exception>
    public static RouteState Parse(string output, string nonce, IReadOnlyList<string> addresses)
    {
        var answer = new HostAnswer(output, nonce);
        return new RouteState(
            answer.All("login").Select(p => new Verdict(p.ExitCode, Line(p))).FirstOrDefault(),
            addresses.Select((name, i) => (name, Route: Route(answer, i))).ToDictionary(a => a.name, a => a.Route, StringComparer.Ordinal));
    }

    private static MemoryRoute Route(HostAnswer answer, int index)
    {
        string which = index.ToString(CultureInfo.InvariantCulture);
        AnswerPart resolved = answer.All("address").FirstOrDefault(p => p.Word(0) == which)
            ?? throw new FormatException("an address is missing");
        return new MemoryRoute(
            resolved.ExitCode == 0
                ? [.. resolved.Filled.Select(l => IPAddress.Parse(l.Split('%')[0]))]
                : [],
            [.. answer.All("door").Where(p => p.Word(0) == which).Select(Door)]);
    }

    /// <remarks>bash says "Connection refused" where the packets came through; timeout(1) ends with 124; 127: no bash.</remarks>
    private static bool? Door(AnswerPart part) =>
        part.ExitCode == 127 || part.Text.Contains("name resolution", StringComparison.Ordinal) || part.Text.Contains("not known", StringComparison.Ordinal) ? null
        : part.ExitCode == 0 || part.Text.Contains("Connection refused", StringComparison.Ordinal);

    private static string Line(AnswerPart part) =>
        string.Join(' ', part.Lines.Select(l => l.Replace("error: ", "", StringComparison.Ordinal).Trim())).Trim();
}

/// <summary>How a source reaches a place that memory is to go to.</summary>
/// <param name="Resolved">The addresses that the source finds for its name; none where the name does not resolve.</param>
/// <param name="Doors">For each port that was tried, whether packets come through; <see langword="null"/> where it could not be tried.</param>
internal sealed record MemoryRoute(IReadOnlyList<IPAddress> Resolved, IReadOnlyList<bool?> Doors);
