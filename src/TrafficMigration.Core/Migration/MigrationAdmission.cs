using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;

namespace TrafficMigration.Migration;

/// <summary>Whether a VM may begin to move. What its plan assumed is looked at again: it may be older than the truth.</summary>
/// <param name="plan">The VM's plan.</param>
/// <param name="run">The run.</param>
internal sealed class MigrationAdmission(VMMigrationPlan plan, RunContext run)
{
    /// <summary>Looks at both hosts.</summary>
    /// <param name="id">The VM's UUID, where known.</param>
    /// <returns>The VM's UUID; <see langword="null"/> where nothing is to be done: the VM runs at the destination, and only there.</returns>
    /// <exception cref="MigrationException">Why it may not.</exception>
    public async Task<string?> CheckAsync(string? id)
    {
        RunHost sourceHost = run.Host(plan.Source);
        RunHost destinationHost = run.Host(plan.Destination);
        foreach (RunHost host in (RunHost[])[sourceHost, destinationHost])
        {
            if (run.Refused.TryGetValue(host.Name, out MigrationException? refusal))
            {
                throw refusal;
            }
        }

        // No patience here: nothing has begun, and a host that is away now may stay away.
        ICommandChannel source = await sourceHost.ConnectAsync(run.Stop);
        ICommandChannel destination = await destinationHost.ConnectAsync(run.Stop);
        string vm = id ?? plan.VMName;
        DomainState here = await DomainQueries.StateAsync(source, vm, run.Stop);
        DomainState there = await DomainQueries.StateAsync(destination, vm, run.Stop);
        if (there.IsActive)
        {
            return !here.IsActive && there.IsRunning ? null : throw Failures.VMAlreadyAtDestination(plan.Destination, plan.VMName, there.ToString());
        }

        if (here.State is null)
        {
            throw Failures.VMNotFound(plan.Source, plan.VMName);
        }

        // What stands still can be moved offline, and stands still afterwards.
        if (!here.IsRunning && !(plan.Technique == Technique.Offline && here.State == "paused"))
        {
            throw Failures.VMNotRunning(plan.Source, plan.VMName, here.ToString());
        }

        PreflightFinding[] errors = [.. run.Findings.Where(f => f.Severity == FindingSeverity.Error && f.Concerns(plan))];
        if (errors.Length > 0)
        {
            throw Failures.PreflightFailed(plan.Source, plan.Destination, plan.VMName, errors.Select(f => (f.Message, f.Remedy)));
        }

        return id ?? await DomainQueries.IdAsync(source, plan.VMName, run.Stop);
    }
}
