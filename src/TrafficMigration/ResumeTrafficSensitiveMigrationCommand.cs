using System.Management.Automation;
using TrafficMigration.Migration;

namespace TrafficMigration.Commands;

/// <summary>Takes up a run that was interrupted: finds out from the hosts what is true, and carries on.</summary>
[Cmdlet(VerbsLifecycle.Resume, "TrafficSensitiveMigration", SupportsShouldProcess = true, HelpUri = HelpPages.Folder + "Resume-TrafficSensitiveMigration.md")]
[OutputType(typeof(VMMigrationResult), typeof(Job))]
public sealed class ResumeTrafficSensitiveMigrationCommand : RunCmdlet
{
    /// <summary>The run; by default the newest that was interrupted.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        MigrationRunRecord run = null!;
        Terminating(() => run = Id is not null
            ? Store.Get(Id)
            : Store.List(e => WriteWarning(e.Message)).FirstOrDefault(r => r.State == MigrationRunState.Interrupted) ?? throw Failures.NothingToResume(Store.Folder));
        Terminating(() =>
        {
            if (run.State != MigrationRunState.Interrupted)
            {
                throw run.State == MigrationRunState.Ended ? Failures.RunHasEnded(run.Id) : Failures.RunIsDriven(run.Id);
            }
        });

        VMMigrationRecord[] open = [.. run.VirtualMachines.Where(v => v.Result is null)];
        if (ShouldProcess($"run {run.Id} of {run.Owner}: {string.Join(", ", open.Select(v => v.VMName))}", "Take up"))
        {
            Drive([.. open.Select(v => v.Plan)], (runner, stop, leave) => runner.ResumeAsync(run.Id, stop, leave));
        }
    }
}
