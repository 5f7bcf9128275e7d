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
        CompletionResults.Of(
            [
                .. CompletionResults.Safely(() => CompletionResults.Sessions().Select(session => session.HostName)),
                .. CompletionResults.Safely(() => SshLoadContext.CreateConnector().KnownNames()),
            ],
            wordToComplete);
}

/// <summary>Completes the hosts of open sessions.</summary>
public sealed class SessionHostCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionResults.Of(CompletionResults.Safely(() => CompletionResults.Sessions().Select(session => session.HostName)), wordToComplete);
}
