using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Tests;

/// <summary>Four runs for reports: one plan by three strategies, and one run in which much went wrong.</summary>
internal static class PlayedRuns
{
    public const string Sensitive = "5e1f0c9a27";
    public const string PreCopy = "b7302d41ce";
    public const string PostCopy = "0d94f6a8b3";
    public const string Troubled = "c41d7e90f2";

    /// <summary>Names that a careless page would trip over.</summary>
    public static IReadOnlyList<string> HostileNames { get; } = ["<script>alert(1)</script>", "it's \"a\" $(x); ü & co", "数据库-1"];

    private static readonly DateTimeOffset Morning = new(2026, 11, 20, 9, 12, 3, TimeSpan.Zero);

    public static void PlayAll(RunStore store)
    {
        VMTrafficRate[] rates =
        [
            Rate("web1", 330, 35, 1536, 2), Rate("cache1", 55, 390, 2048, 4), Rate("db1", 170, 215, 1280, 3), Rate("batch1", 12, 95, 768, 1),
        ];
        new PlayedRun(store, Sensitive, Morning, Plan(rates, Strategy.TrafficSensitive, Host("kvm2", 30, 16))).Play();
        new PlayedRun(store, PreCopy, Morning.AddHours(1), Plan(rates, Strategy.PreCopy, Host("kvm2", 30, 16))).Play();
        new PlayedRun(store, PostCopy, Morning.AddHours(2), Plan(rates, Strategy.PostCopy, Host("kvm2", 30, 16))).Play();

        VMTrafficRate[] hostile = [Rate(HostileNames[0], 260, 120, 768, 3), Rate(HostileNames[1], 20, 240, 1024, 6), Rate(HostileNames[2], 90, 60, 3072, 10)];
        var troubled = new PlayedRun(store, Troubled, Morning.AddHours(3), Plan(hostile, Strategy.PreCopy, Host("kvm2", 60, 4), Host("kvm3", 35, 4))) { Ends = 41 };
        troubled.Switches[HostileNames[0]] = 11;
        troubled.Failures[HostileNames[1]] = 15;
        troubled.Play();
        troubled.Trouble("kvm3", 39.5, "the connection was lost: the socket was closed; it is looked for");
    }

    private static VMTrafficRate Rate(string name, long tx, long rx, long mebibytes, long dirtyMebibytes) => new()
    {
        HostName = "kvm1", VMName = name, TxBitsPerSecond = tx * 1_000_000, RxBitsPerSecond = rx * 1_000_000, MemoryBytes = mebibytes << 20,
        DirtyBytesPerSecond = dirtyMebibytes << 20, PostCopyCapable = true, HostBackgroundTxBitsPerSecond = 24_000_000, HostBackgroundRxBitsPerSecond = 18_000_000,
        LinkBitsPerSecond = 1_000_000_000, SampledAt = Morning.AddMinutes(-2), VCpuCount = 2,
    };

    private static IReadOnlyList<VMMigrationPlan> Plan(VMTrafficRate[] rates, Strategy strategy, params HostTraffic[] destinations) => Planner.CreatePlan(new PlanRequest
    {
        Rates = rates,
        Strategy = strategy,
        Destinations = destinations,
        CreatedAt = Morning.AddMinutes(-1),
    });

    private static HostTraffic Host(string name, long background, long gibibytes) => new()
    {
        HostName = name, BackgroundRxBitsPerSecond = background * 1_000_000, BackgroundTxBitsPerSecond = 20_000_000, LinkBitsPerSecond = 1_000_000_000,
        FreeMemoryBytes = gibibytes << 30, CpuCount = 8, PostCopyCapable = true,
    };
}
