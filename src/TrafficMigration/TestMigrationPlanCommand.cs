using System.Collections.Concurrent;
using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;

namespace TrafficMigration.Commands;

/// <summary>Looks before anything moves for what would make a step of a plan fail. Writes an object a finding, and nothing when all is well.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MigrationPlan", HelpUri = HelpPages.Folder + "Test-MigrationPlan.md")]
[OutputType(typeof(PreflightFinding))]
public sealed class TestMigrationPlanCommand : HostCmdlet
{
    private readonly List<VMMigrationPlan> _plans = [];
    private readonly HashSet<(string, string)> _seen = [];

    /// <summary>The VMs' plans: from Get-MigrationPlan, or read back from a file by Import-Clixml or ConvertFrom-Json.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject given in InputObject)
        {
            Terminating(() => Add(PlanInput.Read(given)));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IReadOnlyList<PreflightFinding> found = [];
        RunAsync(async _ => found = await CheckAsync());
        WriteObject(found, enumerateCollection: true);
    }

    private void Add(VMMigrationPlan plan)
    {
        if (!_seen.Add((plan.Source.ToUpperInvariant(), plan.VMName)))
        {
            throw Failures.PlanInvalid(plan.VMName, "it came in more than once");
        }

        _plans.Add(plan);
    }

    private async Task<IReadOnlyList<PreflightFinding>> CheckAsync()
    {
        var opened = new ConcurrentBag<ICommandChannel>();
        try
        {
            return await MigrationPreflight.CheckAsync(_plans, OpenAsync, StopToken);
        }
        finally
        {
            await Task.WhenAll(opened.Select(c => c.DisposeAsync().AsTask()));
        }

        async Task<ICommandChannel> OpenAsync(string host, CancellationToken cancellationToken)
        {
            ICommandChannel channel = await ConnectAsync(Endpoint(host), cancellationToken);
            opened.Add(channel);
            return channel;
        }
    }
}
