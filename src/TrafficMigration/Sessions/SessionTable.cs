using System.Collections;
using System.Collections.Immutable;
using System.Management.Automation;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>The open sessions of one PowerShell session. They live with the imported module, and end when it is removed.</summary>
internal sealed class SessionTable
{
    private const string Key = "KvmHostSessions";

    private ImmutableArray<KvmHostSession> _sessions = [];
    private int _lastId;

    /// <summary>The sessions in the order in which they were opened.</summary>
    public ImmutableArray<KvmHostSession> Sessions => _sessions;

    /// <summary>The table of the module that a cmdlet belongs to.</summary>
    public static SessionTable Of(PSModuleInfo module)
    {
        // Where a module keeps what is its own; each PowerShell session that imports it has another one.
        if (module.PrivateData is not Hashtable data)
        {
            module.PrivateData = data = [];
        }

        if (data[Key] is not SessionTable table)
        {
            data[Key] = table = new SessionTable();
        }

        return table;
    }

    /// <summary>A session's number and, if nobody has chosen one, its name.</summary>
    public int NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Keeps a session.</summary>
    public void Add(KvmHostSession session) => ImmutableInterlocked.Update(ref _sessions, sessions => sessions.Add(session));

    /// <summary>Closes a session and forgets it.</summary>
    public async ValueTask RemoveAsync(KvmHostSession session)
    {
        ImmutableInterlocked.Update(ref _sessions, sessions => sessions.Remove(session));
        await session.CloseAsync();
    }

    /// <summary>The sessions that can stand for a new connection, the latest first.</summary>
    public IEnumerable<KvmHostSession> For(HostEndpoint endpoint) => _sessions.Reverse().Where(session => session.Serves(endpoint));
}
