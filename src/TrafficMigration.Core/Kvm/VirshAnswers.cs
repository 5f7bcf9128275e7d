namespace TrafficMigration.Kvm;

/// <summary>Questions to a <see cref="VirshSession"/> about one VM, and how its answers read.</summary>
internal static class VirshAnswers
{
    /// <summary>Asks for a VM's state.</summary>
    public static string StateCommand(string vmId) => $"domstate --reason --domain {ShellText.Quote(vmId)}";

    /// <summary>Asks for the figures of a VM's job.</summary>
    public static string JobCommand(string vmId) => $"domjobinfo --rawstats --domain {ShellText.Quote(vmId)}";

    /// <summary>Reads the answer to <see cref="StateCommand"/>.</summary>
    /// <exception cref="MigrationException"><c>CommandFailed</c>.</exception>
    public static DomainState State(IReadOnlyList<string> answer, string host) => answer switch
    {
        [] => throw Failures.AnswerNotUnderstood(host, "the state of a VM", "it is empty"),
        [var first, ..] when !IsError(first) => DomainQueries.ParseState(first),
        _ when DomainQueries.IsAbsence(string.Join('\n', answer)) => DomainState.Absent,
        _ => throw VirshFailure.From(host, "asking for the state of a VM", new CommandResult(1, "", string.Join('\n', answer))),
    };

    /// <summary>Reads the answer to <see cref="JobCommand"/>: whether a job is active, and its figures, if there are any yet.</summary>
    /// <remarks>virDomainJobType: 0 is "none".</remarks>
    public static (bool IsActive, JobFigures? Figures) Job(IReadOnlyList<string> answer) =>
        answer.Any(l => l.StartsWith("Job type:", StringComparison.Ordinal) && l["Job type:".Length..].Trim() is not "0" and not "None")
            ? (true, JobFigures.Parse(answer))
            : (false, null);

    /// <summary>Whether virsh refused.</summary>
    public static bool IsError(IReadOnlyList<string> answer) => answer.Any(IsError);

    private static bool IsError(string line) => line.StartsWith("error:", StringComparison.Ordinal);
}
