using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>Completes VMs: those that run on the hosts of the same command, over open sessions or, if there is time, a connection.</summary>
public sealed class VMNameCompleter : IArgumentCompleter
{
    // Beside what PowerShell itself takes, so that Tab is felt as immediate.
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        string[] hosts = LanguagePrimitives.TryConvertTo(fakeBoundParameters["HostName"], out string[] named) ? named ?? [] : [];
        return CompletionResults.Of(CompletionResults.Safely(() => Names(hosts, fakeBoundParameters)), wordToComplete);
    }

    private static IEnumerable<string> Names(string[] hosts, IDictionary parameters)
    {
        KvmHostSession[] sessions = [.. CompletionResults.Sessions()];
        using var limit = new CancellationTokenSource(Limit);
        Task<IReadOnlyList<string>>[] asked =
        [
            .. hosts.Distinct(StringComparer.OrdinalIgnoreCase).Select(host => Task.Run(() => AskAsync(host, sessions, parameters, limit.Token))),
        ];
        try
        {
            Task.WaitAll(asked, Limit);
        }
        catch (AggregateException)
        {
            // Hosts that fail offer nothing; the others do.
        }

        return asked.Where(task => task.IsCompletedSuccessfully).SelectMany(task => task.Result);
    }

    private static async Task<IReadOnlyList<string>> AskAsync(string host, KvmHostSession[] sessions, IDictionary parameters, CancellationToken stop)
    {
        var (name, user, at) = HostAddress.Parse(host);
        var endpoint = new HostEndpoint
        {
            HostName = name,
            UserName = user ?? parameters["UserName"] as string,
            KeyFilePath = parameters["KeyFilePath"] as string,
            Port = at ?? (LanguagePrimitives.TryConvertTo(parameters["Port"], out int port) && port > 0 ? port : null),
        };
        ICommandChannel? channel = null;
        foreach (KvmHostSession session in sessions.Where(session => session.Serves(endpoint)))
        {
            endpoint = session.Endpoint;
            channel ??= await session.TakeAsync(again => ConnectAsync(again, stop));
        }

        await using ICommandChannel used = await AccessChannel.OpenAsync(channel ?? await ConnectAsync(endpoint, stop), endpoint, stop);
        return await DomainQueries.RunningAsync(used, stop);
    }

    private static Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint, CancellationToken stop) =>
        SshLoadContext.CreateConnector().ConnectAsync(endpoint, _ => { }, stop);
}
