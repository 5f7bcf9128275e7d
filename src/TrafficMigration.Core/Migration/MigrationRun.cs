using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;

namespace TrafficMigration.Migration;

/// <summary>Runs a plan: the VMs' migrations side by side.</summary>
public static class MigrationRun
{
    /// <summary>Runs every VM's migration and reports each result as it comes.</summary>
    /// <param name="plans">The VMs' plans; they start by their <see cref="VMMigrationPlan.Order"/> as the budget lets them.</param>
    /// <param name="connect">Opens a connection to a host.</param>
    /// <param name="budget">How many migrations may run at once.</param>
    /// <param name="onProgress">Called from any thread while migrations run.</param>
    /// <param name="onResult">Called from any thread, once a VM.</param>
    /// <param name="cancellationToken">
    /// Cancels what can be cancelled: VMs not begun do not begin, pre-copies are aborted, post-copies are finished.
    /// </param>
    public static async Task RunAsync(
        IReadOnlyList<VMMigrationPlan> plans,
        Func<string, CancellationToken, Task<ICommandChannel>> connect,
        MigrationBudget budget,
        Action<MigrationProgress> onProgress,
        Action<VMMigrationResult> onResult,
        CancellationToken cancellationToken)
    {
        await using var connections = new HostConnections(connect);
        VMMigrationPlan[] ordered = [.. plans.OrderBy(p => p.Order)];
        // The rule that the prediction used, too.
        var queue = new StartQueue<string>(
            [.. ordered.Select(p => (p.Source.ToUpperInvariant(), p.Destination.ToUpperInvariant()))], budget);
        var all = new List<Task>();
        var running = new Dictionary<Task, int>();
        do
        {
            // Not cancelled here: a VM whose turn never came gets its result, too.
            while (queue.TakeNext() is { } next)
            {
                Task task = RunOneAsync(ordered[next]);
                all.Add(task);
                running.Add(task, next);
            }

            Task ended = await Task.WhenAny(running.Keys);
            queue.End(running[ended]);
            running.Remove(ended);
        }
        while (all.Count < ordered.Length);
        await Task.WhenAll(all);

        async Task RunOneAsync(VMMigrationPlan plan) =>
            onResult(await new VMMigration(plan, connections, onProgress).RunAsync(cancellationToken));
    }
}
