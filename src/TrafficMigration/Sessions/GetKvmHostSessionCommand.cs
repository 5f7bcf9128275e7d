using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Lists the open connections to KVM hosts.</summary>
[Cmdlet(VerbsCommon.Get, "KvmHostSession", HelpUri = HelpPages.Folder + "Get-KvmHostSession.md", DefaultParameterSetName = HostSet)]
[OutputType(typeof(KvmHostSession))]
public sealed class GetKvmHostSessionCommand : SessionCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Chosen(), enumerateCollection: true);
}
