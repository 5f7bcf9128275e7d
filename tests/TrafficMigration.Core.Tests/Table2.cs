using TrafficMigration.Prediction;
using TrafficMigration.Solving;

namespace TrafficMigration.Tests;

/// <summary>The published run of 16 VMs, 12 with Redis and 4 with YCSB clients, from 8 hosts of 1 Gbit/s.</summary>
/// <remarks>
/// <para>What is not published is inferred from what is, and from nothing else:</para>
/// <list type="bullet">
/// <item>Memory: post-copy sends it once and sent 30.18 GB, so 1.886 GB a VM.</item>
/// <item>
/// Dirty rate: a pre-copy sends its memory and what gets dirty meanwhile. All 16 pre-copied sent 20.72 GB more than the memory
/// in 50.56 s on average: 25.6 MB/s a VM.
/// </item>
/// <item>
/// Direction: traffic-sensitive migration sent 3.89 GB more than the memory in 37.79 s on average; at 25.6 MB/s that are 4.02
/// VMs under pre-copy, so the four clients. They receive more than they send: reads prevail.
/// </item>
/// <item>Eight destinations: fewer could not have taken 34.07 GB in 57.75 s beside any traffic, if a host's VMs stay together.</item>
/// </list>
/// <para>
/// Assumed: each client reads from three Redis VMs, none on its own host, at the same rate, as fast as the network lets it.
/// An operation carries a record of YCSB's default size, 1000 bytes, from Redis (read) or to it (insert).
/// </para>
/// </remarks>
internal static class Table2
{
    public const long ImpliedDirtyBytesPerSecond = (long)(20.72e9 / 16 / 50.56);

    private const long Gigabit = 1_000_000_000;
    private const long MemoryBytes = (long)(30.18e9 / 16);
    private const double BitsPerOperation = 8 * 1000;
    private const int Clients = 4;
    private const int VMs = 16;
    private const int Sources = 8;

    private enum Strategy
    {
        NoMigration,
        PreCopy,
        PostCopy,
        Sensitive,
    }

    /// <summary>Operations are counted over the same time for all strategies: until the longest of them has ended.</summary>
    public static (Row NoMigration, Row PreCopy, Row PostCopy, Row Sensitive) Simulate(Inputs inputs)
    {
        Strategy[] strategies = [Strategy.PreCopy, Strategy.PostCopy, Strategy.Sensitive];
        TimeSpan window = strategies.Max(s => Run(inputs, s, null).TotalMigrationTime);
        Row RowOf(Strategy strategy) => new(Run(inputs, strategy, window));
        return (RowOf(Strategy.NoMigration), RowOf(Strategy.PreCopy), RowOf(Strategy.PostCopy), RowOf(Strategy.Sensitive));
    }

    private static SimulatedRun Run(Inputs inputs, Strategy strategy, TimeSpan? window)
    {
        ScenarioFlow[] flows = [.. Enumerable.Range(0, Clients).SelectMany(c => FlowsOf(c, inputs))];
        return SimulatorTests.Simulate(new Scenario
        {
            Hosts = [.. Enumerable.Repeat(new ScenarioHost(Gigabit), 2 * Sources)],
            Migrations = [.. Enumerable.Range(0, VMs).Select(vm => new ScenarioMigration
            {
                Source = HostOf(vm, inputs.Paired),
                Destination = Sources + HostOf(vm, inputs.Paired),
                Technique = TechniqueOf(vm, strategy, flows, inputs.Paired),
                MemoryBytes = strategy == Strategy.NoMigration ? 0 : MemoryBytes,
                DirtyBytesPerSecond = inputs.DirtyBytesPerSecond,
            })],
            Flows = flows,
            Window = window,
        });
    }

    /// <summary>VMs 0 to 3 are clients: two a host, or each beside one Redis VM. The other Redis VMs are two a host.</summary>
    private static int HostOf(int vm, bool paired) => paired || vm >= 2 * Clients ? vm / 2 : vm % Clients;

    private static IEnumerable<ScenarioFlow> FlowsOf(int client, Inputs inputs)
    {
        int[] servers = inputs.Paired ? [4 + client, 8 + client, 12 + client] : [4 + ((client + 1) % Clients), 8 + client, 12 + client];
        return servers.Select(redis => client < inputs.InsertingClients
            ? new ScenarioFlow(client, redis, inputs.ClientBitsPerSecond / 3)
            : new ScenarioFlow(redis, client, inputs.ClientBitsPerSecond / 3));
    }

    private static Technique TechniqueOf(int vm, Strategy strategy, ScenarioFlow[] flows, bool paired)
    {
        if (strategy != Strategy.Sensitive)
        {
            return strategy == Strategy.PreCopy ? Technique.PreCopy : Technique.PostCopy;
        }

        int[] together = [.. Enumerable.Range(0, VMs).Where(v => HostOf(v, paired) == HostOf(vm, paired))];
        VMLoad[] loads = [.. together.Select(v => new VMLoad(
            flows.Where(f => f.From == v).Sum(f => f.BitsPerSecond), flows.Where(f => f.To == v).Sum(f => f.BitsPerSecond)))];
        return TechniqueSolver.Solve(loads, new LinkPair(0, 0)).Techniques[Array.IndexOf(together, vm)];
    }

    /// <summary>What is not published and cannot be inferred, or only roughly.</summary>
    public sealed record Inputs
    {
        public bool Paired { get; init; } = true;

        public int InsertingClients { get; init; }

        public long ClientBitsPerSecond { get; init; } = Gigabit;

        public long DirtyBytesPerSecond { get; init; } = ImpliedDirtyBytesPerSecond;
    }

    /// <summary>One strategy's figures; times are of the migrations that end.</summary>
    public sealed class Row(SimulatedRun run)
    {
        public double AverageSeconds { get; } = run.Migrations.Where(m => m.Duration is not null).Average(m => m.Duration!.Value.TotalSeconds);

        public double TotalSeconds => run.TotalMigrationTime.TotalSeconds;

        public long Bytes => run.BytesTransferred;

        public double OperationsPerSecond { get; } = run.FlowBitsPerSecond.Sum() / BitsPerOperation;
    }
}
