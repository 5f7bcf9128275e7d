using System.Management.Automation;
using TrafficMigration.Migration;

namespace TrafficMigration.Commands;

/// <summary>
/// Ends runs safely: what has not begun does not begin, pre-copies are cancelled, post-copies are finished. A run that
/// another process drives is told so, and this waits for its end; one that was interrupted is taken up and ended.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "TrafficSensitiveMigration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, HelpUri = HelpPages.Folder + "Stop-TrafficSensitiveMigration.md")]
[OutputType(typeof(MigrationRunRecord), typeof(VMMigrationResult))]
public sealed class StopTrafficSensitiveMigrationCommand : RunCmdlet
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <summary>The run.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Id { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        MigrationRunRecord run = null!;
        Terminating(() => run = Store.Get(Id));
        if (run.State == MigrationRunState.Ended)
        {
            Terminating(() => throw Failures.RunHasEnded(Id));
        }

        if (!ShouldProcess($"run {run.Id} of {run.Owner}", "Stop"))
        {
            return;
        }

        if (run.State == MigrationRunState.Interrupted)
        {
            Drive(
                [.. run.VirtualMachines.Where(v => v.Result is null).Select(v => v.Plan)],
                (runner, _, leave) => runner.ResumeAsync(run.Id, new CancellationToken(canceled: true), leave));
            return;
        }

        Terminating(() => Store.RequestStop(Id));
        while (Store.Get(Id).State == MigrationRunState.Running && !StopToken.WaitHandle.WaitOne(Interval))
        {
        }

        WriteObject(Store.Get(Id));
    }
}
