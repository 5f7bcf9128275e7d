using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace TrafficMigration.Commands;

/// <summary>Completes hosts: those of open sessions, of ssh_config and of known_hosts.</summary>
public sealed class HostNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionResults.Of(Names().Select(name => Login(parameterName, wordToComplete) + name), wordToComplete);

    private static IEnumerable<string> Names() =>
    [
        .. CompletionResults.Safely(() => CompletionResults.Sessions().Select(session => session.HostName)),
        .. CompletionResults.Safely(() => SshLoadContext.CreateConnector().KnownNames()),
    ];

    /// <summary>What was typed up to the last @, where a host may be named together with its user.</summary>
    private static string Login(string parameterName, string typed) =>
        parameterName == "HostName" ? typed[..(typed.LastIndexOf('@') + 1)].TrimStart('\'', '"') : string.Empty;
}

/// <summary>Completes the hosts of open sessions.</summary>
public sealed class SessionHostCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionResults.Of(CompletionResults.Safely(() => CompletionResults.Sessions().Select(session => session.HostName)), wordToComplete);
}
