using System.Management.Automation;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that chooses among the open sessions, as Get-PSSession and Remove-PSSession do.</summary>
public abstract class SessionCmdlet : PSCmdlet
{
    /// <summary>Parameter set of those chosen by host.</summary>
    protected const string HostSet = "HostName";

    /// <summary>Parameter set of those chosen by number.</summary>
    protected const string IdSet = "Id";

    /// <summary>Parameter set of those chosen by name.</summary>
    protected const string NameSet = "Name";

    /// <summary>Sessions of these hosts, also as [user@]host[:port]; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = HostSet, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName", "VMHost")]
    [ArgumentCompleter(typeof(SessionHostCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? HostName { get; set; }

    /// <summary>Sessions with these numbers.</summary>
    [Parameter(ParameterSetName = IdSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public int[]? Id { get; set; }

    /// <summary>Sessions with these names; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = NameSet, Mandatory = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>The open sessions.</summary>
    protected private SessionTable Sessions => SessionTable.Of(MyInvocation.MyCommand.Module);

    /// <summary>Gives the sessions that were asked for, each once, in the order in which they were opened.</summary>
    /// <remarks>Names and numbers without wildcards that no session has are errors.</remarks>
    protected private IReadOnlyList<KvmHostSession> Chosen()
    {
        var chosen = new List<KvmHostSession>();
        if (Id is not null)
        {
            Choose(Id, (id, session) => session.Id == id, id => $"the number {id}", chosen);
        }
        else if (Name is not null)
        {
            Choose(Name, (name, session) => Fits(name, session.Name), name => $"the name '{name}'", chosen);
        }
        else if (HostName is not null)
        {
            Choose(HostName, IsTo, host => $"host '{host}'", chosen);
        }
        else
        {
            chosen.AddRange(Sessions.Sessions);
        }

        return [.. chosen.Distinct().OrderBy(session => session.Id)];
    }

    private void Choose<T>(IEnumerable<T> wishes, Func<T, KvmHostSession, bool> fits, Func<T, string> words, List<KvmHostSession> chosen)
    {
        foreach (T wish in wishes)
        {
            KvmHostSession[] found = [.. Sessions.Sessions.Where(session => fits(wish, session))];
            chosen.AddRange(found);
            if (found.Length == 0 && !(wish is string pattern && WildcardPattern.ContainsWildcardCharacters(pattern)))
            {
                WriteError(ErrorRecords.From(Failures.SessionNotFound(words(wish)), wish));
            }
        }
    }

    private static bool IsTo(string named, KvmHostSession session) =>
        HostAddress.TryParse(named) is var (host, user, port)
        && Fits(host, session.HostName)
        && (user is null || Fits(user, session.UserName ?? string.Empty))
        && (port is null || port == session.Endpoint.Port);

    private static bool Fits(string pattern, string name) => new WildcardPattern(pattern, WildcardOptions.IgnoreCase).IsMatch(name);
}
