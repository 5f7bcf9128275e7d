using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>What one look at a migration showed.</summary>
internal sealed record JobObservation
{
    /// <summary>virsh's exit code; <see langword="null"/> while the migration runs. Not the truth: see both hosts.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What virsh said.</summary>
    public string Said { get; init; } = "";

    /// <summary>The VM's state at the source; <see cref="DomainState.Absent"/> once it has gone.</summary>
    public DomainState State { get; init; } = DomainState.Absent;

    /// <summary>Whether libvirt accepted the switch to post-copy.</summary>
    public bool Switched { get; init; }

    /// <summary>When virsh was started, by the source's clock.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When virsh ended, by the source's clock.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The figures of the running job; <see langword="null"/> before the first and after the last.</summary>
    public JobFigures? Current { get; init; }

    /// <summary>The figures of the whole job, from libvirt's event at its end.</summary>
    public JobFigures? Final { get; init; }

    /// <summary>Reads the answer of a look.</summary>
    public static JobObservation Parse(string host, string answer)
    {
        var sections = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? current = null;
        foreach (string line in answer.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            if (line.StartsWith('@') && !line.Contains(' ', StringComparison.Ordinal))
            {
                sections[line[1..]] = current = [];
            }
            else if (line.Trim().Length > 0)
            {
                current?.Add(line.Trim());
            }
        }

        string? First(string section) => sections.TryGetValue(section, out List<string>? lines) ? lines.FirstOrDefault() : null;
        JobFigures? Figures(string section) => sections.TryGetValue(section, out List<string>? lines) ? JobFigures.Parse(lines) : null;
        try
        {
            return new JobObservation
            {
                ExitCode = First("exit") is { } code ? int.Parse(code, CultureInfo.InvariantCulture) : null,
                Said = sections.TryGetValue("said", out List<string>? said) ? string.Join(' ', said) : "",
                State = First("state") is { } state ? DomainQueries.ParseState(state) : DomainState.Absent,
                Switched = sections.ContainsKey("switched"),
                Started = Time(First("started")),
                Ended = Time(First("ended")),
                Current = Figures("job"),
                Final = Figures("completed"),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Failures.AnswerNotUnderstood(host, "the state of a migration", e.Message);
        }
    }

    /// <summary>Seconds and fractions since 1970, as <c>date +%s.%N</c> prints them.</summary>
    private static DateTimeOffset? Time(string? text) => text is null
        ? null
        : DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(text, CultureInfo.InvariantCulture)).ToLocalTime();
}
