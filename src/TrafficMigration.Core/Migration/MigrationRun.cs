using TrafficMigration.Kvm;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration;

/// <summary>Runs a plan: the VMs' migrations side by side.</summary>
public static class MigrationRun
{
    /// <summary>Runs every VM's migration and reports each result as it comes.</summary>
    /// <param name="plans">The VMs' plans.</param>
    /// <param name="connect">Opens a connection to a host.</param>
    /// <param name="throttleLimit">How many migrations may run at once; 0 for all.</param>
    /// <param name="onProgress">Called from any thread while migrations run.</param>
    /// <param name="onResult">Called from any thread, once a VM.</param>
    /// <param name="cancellationToken">
    /// Cancels what can be cancelled: VMs not begun do not begin, pre-copies are aborted, post-copies are finished.
    /// </param>
    public static async Task RunAsync(
        IReadOnlyList<VMMigrationPlan> plans,
        Func<string, CancellationToken, Task<ICommandChannel>> connect,
        int throttleLimit,
        Action<MigrationProgress> onProgress,
        Action<VMMigrationResult> onResult,
        CancellationToken cancellationToken)
    {
        await using var connections = new HostConnections(connect);
        using var throttle = new SemaphoreSlim(throttleLimit > 0 ? throttleLimit : Math.Max(1, plans.Count));
        await Task.WhenAll(plans.Select(async plan =>
        {
            // Not cancelled here: a VM whose turn never came gets its result, too.
            await throttle.WaitAsync(CancellationToken.None);
            try
            {
                onResult(await new VMMigration(plan, connections, onProgress).RunAsync(cancellationToken));
            }
            finally
            {
                throttle.Release();
            }
        }));
    }
}
