using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Closes open connections to KVM hosts. What runs on the hosts goes on there.</summary>
[Cmdlet(VerbsCommon.Remove, "KvmHostSession", HelpUri = HelpPages.Folder + "Remove-KvmHostSession.md", SupportsShouldProcess = true, DefaultParameterSetName = SessionSet)]
public sealed class RemoveKvmHostSessionCommand : SessionCmdlet
{
    private const string SessionSet = "Session";

    /// <summary>The sessions to close.</summary>
    [Parameter(ParameterSetName = SessionSet, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public KvmHostSession[]? Session { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (KvmHostSession session in Session ?? [.. Chosen()])
        {
            if (ShouldProcess($"{session.Name} (host '{session.HostName}')"))
            {
                Sessions.RemoveAsync(session).AsTask().Wait();
            }
        }
    }
}
