using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Closes the sessions when the module is removed.</summary>
public sealed class ModuleEnd : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        ArgumentNullException.ThrowIfNull(psModuleInfo);
        SessionTable table = SessionTable.Of(psModuleInfo);
        foreach (KvmHostSession session in table.Sessions)
        {
            table.RemoveAsync(session).AsTask().Wait();
        }
    }
}
