using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>What a migration job has left on its source so far.</summary>
internal sealed record JobMarks
{
    /// <summary>Whether such a job was ever begun there.</summary>
    public bool Begun { get; init; }

    /// <summary>Whether the job is over. Whether the migration is, both hosts must say.</summary>
    public bool HasEnded { get; init; }

    /// <summary>virsh's exit code, where it left one. Not the truth: a lost connection makes virsh fail while QEMU finishes.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What virsh said.</summary>
    public string Said { get; init; } = "";

    /// <summary>When libvirt accepted the switch to post-copy, by the source's clock.</summary>
    public DateTimeOffset? SwitchedAt { get; init; }

    /// <summary>Whether the VM was defined at the source, and not only running.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether the VM was to start with its host.</summary>
    public bool StartsWithHost { get; init; }

    /// <summary>When virsh was started, by the source's clock.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When virsh ended, by the source's clock.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The figures at the moment of the switch.</summary>
    public JobFigures? AtSwitch { get; init; }

    /// <summary>The figures of the whole job, from libvirt's event at its end.</summary>
    public JobFigures? Final { get; init; }

    /// <summary>Reads what <see cref="JobScripts.Read"/> printed.</summary>
    /// <exception cref="MigrationException"><c>AnswerNotUnderstood</c>.</exception>
    public static JobMarks Parse(string host, string answer)
    {
        Dictionary<string, List<string>> sections = Sections(answer);
        string? First(string section) => sections.TryGetValue(section, out List<string>? lines) ? lines.FirstOrDefault() : null;
        JobFigures? Figures(string section) => sections.TryGetValue(section, out List<string>? lines) ? JobFigures.Parse(lines) : null;
        try
        {
            return new JobMarks
            {
                Begun = sections.ContainsKey("begun"),
                HasEnded = sections.ContainsKey("exit") || sections.ContainsKey("dead"),
                ExitCode = First("exit") is { } code ? int.Parse(code, CultureInfo.InvariantCulture) : null,
                Said = sections.TryGetValue("said", out List<string>? said) ? string.Join(' ', said) : "",
                SwitchedAt = Time(First("switched")),
                IsPersistent = sections.ContainsKey("persistent"),
                StartsWithHost = sections.ContainsKey("autostart"),
                Started = Time(First("started")),
                Ended = Time(First("ended")),
                AtSwitch = Figures("atswitch"),
                Final = Figures("completed"),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Failures.AnswerNotUnderstood(host, "the state of a migration", e.Message);
        }
    }

    /// <summary>The lines after each line that has only a mark's name.</summary>
    internal static Dictionary<string, List<string>> Sections(string answer)
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

        return sections;
    }

    /// <summary>Seconds and fractions since 1970, as <c>date +%s.%N</c> prints them.</summary>
    private static DateTimeOffset? Time(string? text) => text is null
        ? null
        : DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(text, CultureInfo.InvariantCulture)).ToLocalTime();
}
