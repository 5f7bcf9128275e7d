using System.Globalization;
using System.Management.Automation;
using TrafficMigration.Export;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Writes a plan as what another manager runs: KubeVirt's manifests, a script for OpenStack, a playbook for oVirt.</summary>
[Cmdlet(VerbsData.Export, "MigrationPlan", SupportsShouldProcess = true, HelpUri = HelpPages.Folder + "Export-MigrationPlan.md")]
[OutputType(typeof(FileInfo))]
public sealed class ExportMigrationPlanCommand : PSCmdlet
{
    private readonly List<VMMigrationPlan> _plans = [];
    private readonly HashSet<(string, string)> _seen = [];

    /// <summary>The file to write.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The VMs' plans: from Get-MigrationPlan, or read back from a file by Import-Clixml, ConvertFrom-Json or Import-Csv.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The manager that the file is for.</summary>
    [Parameter(Mandatory = true)]
    public PlanFormat Format { get; set; }

    /// <summary>KubeVirt: the namespace of the VMs; by default kubectl's current one. A VM whose name is NAMESPACE_NAME, as libvirt has it there, has its own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Namespace { get; set; }

    /// <summary>Replace a file that is read-only, too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Leave a file that exists as it is.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Put out the file that was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Terminating(() =>
    {
        foreach (PSObject given in InputObject)
        {
            VMMigrationPlan plan = PlanInput.Read(given);
            if (!_seen.Add((plan.Source.ToUpperInvariant(), plan.VMName)))
            {
                throw Failures.ExportDuplicateVM(Format, plan.Source, plan.VMName, plan.VMName);
            }

            _plans.Add(plan);
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing() => Terminating(() =>
    {
        string text = PlanExport.Write(Format, _plans, Namespace);
        var output = new OutputFile(NoClobber, Force, Failures.ExportExists, Failures.ExportUnwritable);
        string path = output.Resolve(SessionState, Path);
        string what = _plans.Count == 1 ? $"VM '{_plans[0].VMName}'" : string.Create(CultureInfo.InvariantCulture, $"{_plans.Count} VMs");
        if (ShouldProcess(path, $"Write the plan of {what} for {Format}"))
        {
            FileInfo file = output.Write(path, text);
            if (PassThru)
            {
                WriteObject(file);
            }
        }
    });

    // A part of a plan is none: whatever is wrong with one VM ends the call before anything is written.
    private void Terminating(Action action)
    {
        try
        {
            action();
        }
        catch (MigrationException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, e.VMName ?? Path));
        }
    }
}
