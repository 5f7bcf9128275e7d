using CsCheck;
using TrafficMigration.Export;
using TrafficMigration.Planning;
using Xunit;
using static TrafficMigration.Tests.ExportedPlans;

namespace TrafficMigration.Tests;

/// <summary>What a real shell makes of the script, and what it tells a cloud.</summary>
public sealed class OpenStackExportTests : IDisposable
{
    private readonly FakeOpenStack _cloud = new();

    public void Dispose() => _cloud.Dispose();

    [Fact]
    public void A_server_is_told_by_its_UUID_and_only_a_post_copy_is_forced_to_complete()
    {
        VMMigrationPlan[] plans =
        [
            Plan("instance-0000000a", Technique.PostCopy) with { VMId = Id(1) },
            Plan("instance-0000000b", destination: "kvm3") with { VMId = Id(2).ToUpperInvariant() },
            Plan("instance-0000000c") with { VMId = Id(3), SwitchesToPostCopy = true },
        ];
        _cloud.Put(Id(1), "kvm1", "slow");
        _cloud.Put(Id(2), "kvm1");
        _cloud.Put(Id(3), "kvm1");
        (int code, string said) = _cloud.Run(PlanExport.Write(PlanFormat.OpenStack, plans));
        Assert.Equal(0, code);
        Assert.Contains("instance-0000000a: switched to post-copy", said, StringComparison.Ordinal);
        Assert.Contains("instance-0000000b: is on kvm3", said, StringComparison.Ordinal);
        IReadOnlyList<string[]> calls = _cloud.Calls();
        string[][] migrated = [.. calls.Where(c => c[1] == "migrate").OrderBy(c => c[^1], StringComparer.Ordinal)];
        Assert.Equal<string[]>(
            [
                ["server", "migrate", "--live-migration", "--host", "kvm2", Id(1)],
                ["server", "migrate", "--live-migration", "--host", "kvm3", Id(2)],
                ["server", "migrate", "--live-migration", "--host", "kvm2", Id(3)],
            ], migrated);
        Assert.Equal(["server", "migration", "force", "complete", Id(1), "7"], Assert.Single(calls, c => c[2] == "force"));
        Assert.All(calls.Where(c => c[2] == "list"), c => Assert.Equal(
            ["server", "migration", "list", "--server", Id(1), "--type", "live-migration", "--status", "running", "-f", "value", "-c", "Id"], c));
    }

    [Fact]
    public void Whatever_the_names_are_the_cloud_is_told_them_and_nothing_else_is_run() => Gen.Select(HostileName.Where(n => !n.StartsWith('-')), HostileName.Where(h => PlainText.OneLine(h) == h && !h.StartsWith('-'))).Sample((vm, host) =>
    {
        using var cloud = new FakeOpenStack();
        string destination = host + "2";
        cloud.Put(vm, host + "1");
        string script = PlanExport.Write(PlanFormat.OpenStack, [Plan(vm, Technique.PostCopy, host + "1", destination) with { Alternative = vm }]);
        Assert.Equal(0, cloud.Run("sh -n -c \"$1\"", script).ExitCode);
        (int code, string said) = cloud.Run(script);
        Assert.True(code == 0, said);
        Assert.Contains(cloud.Calls(), c => c.SequenceEqual(["server", "migrate", "--live-migration", "--host", destination, vm]));
        Assert.False(File.Exists(Path.Combine(cloud.Folder, "x")));
        Assert.DoesNotContain('\u001B', said);
    }, iter: 10, threads: 1);

    [Fact]
    public void Without_word_that_post_copy_is_permitted_nothing_is_done()
    {
        _cloud.Put("vm1", "kvm1");
        (int code, string said) = _cloud.Run(PlanExport.Write(PlanFormat.OpenStack, [Plan("vm1", Technique.PostCopy)]), permitted: false);
        Assert.Equal(2, code);
        Assert.Contains("paused", said, StringComparison.Ordinal);
        Assert.Empty(_cloud.Calls());
        Assert.Equal(0, _cloud.Run(PlanExport.Write(PlanFormat.OpenStack, [Plan("vm1")]), permitted: false).ExitCode);
    }

    [Fact]
    public void What_is_there_already_stays_and_what_is_elsewhere_refused_or_unknown_is_told_by_the_exit_code()
    {
        _cloud.Put("there", "kvm2");
        _cloud.Put("elsewhere", "kvm9");
        _cloud.Put("refused", "kvm1", "refused");
        _cloud.Put("fine", "kvm1");
        string[] names = ["there", "elsewhere", "refused", "unknown", "fine"];
        (int code, string said) = _cloud.Run(PlanExport.Write(PlanFormat.OpenStack, names.Select(n => Plan(n))));
        Assert.Equal(1, code);
        Assert.Contains("there: is on kvm2 already", said, StringComparison.Ordinal);
        Assert.Contains("elsewhere: is on kvm9, not on kvm1 as planned; nothing was done", said, StringComparison.Ordinal);
        Assert.Contains("refused: was refused by Nova; it stays on kvm1", said, StringComparison.Ordinal);
        Assert.Contains("unknown: was not found; nothing was done", said, StringComparison.Ordinal);
        Assert.Contains("fine: is on kvm2\n", said, StringComparison.Ordinal);
        Assert.Contains("3 of 5 VMs did not get to where they were to go", said, StringComparison.Ordinal);
        Assert.Equal(["fine", "refused"], _cloud.Calls().Where(c => c[1] == "migrate").Select(c => c[^1]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_wave_begins_when_the_one_before_has_ended()
    {
        MigrationPlan whole = Whole with { ThrottleLimit = 1 };
        string[] names = ["vm1", "vm2", "vm3"];
        names.ToList().ForEach(n => _cloud.Put(n, "kvm1"));
        (int code, string said) = _cloud.Run(PlanExport.Write(PlanFormat.OpenStack, names.Select(n => Plan(n) with { Plan = whole })));
        Assert.Equal(0, code);
        Assert.Contains("Wave 3 of 3", said, StringComparison.Ordinal);
        string[] servers = [.. _cloud.Calls().Select(c => c[^1])];
        Assert.Equal(servers.Order(StringComparer.Ordinal), servers);
    }

    [Theory]
    [InlineData("-rf", "kvm1", "kvm2", null)]
    [InlineData("vm1", "kvm1", "--help", null)]
    [InlineData("vm\0", "kvm1", "kvm2", null)]
    [InlineData("vm1", "kvm1", "kvm2\u001B[31m", null)]
    [InlineData("vm1", "kvm1", "kvm2", "17")]
    public void What_the_client_would_misread_is_refused(string vm, string source, string destination, string? id)
    {
        MigrationException e = Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.OpenStack, [Plan(vm, source: source, destination: destination) with { VMId = id }]));
        Assert.Equal((nameof(Failures.ExportNameInvalid), FailureKind.InvalidInput), (e.ErrorId, e.Kind));
        Assert.Contains("No file was written", e.Message, StringComparison.Ordinal);
    }

    /// <summary>No test's parameter: a runner's protocol has no half characters either.</summary>
    [Fact]
    public void Half_of_a_character_is_refused() => Assert.All(Enum.GetValues<PlanFormat>(), f => Assert.Equal(
        nameof(Failures.ExportNameInvalid), Assert.Throws<MigrationException>(() => PlanExport.Write(f, [Plan("vm\uD83D") with { VMId = Id(1) }])).ErrorId));

    [Fact]
    public void A_name_that_is_an_option_may_stand_where_the_UUID_tells_the_server() =>
        Assert.Contains($"move '-rf' '{Id(1)}' 'kvm1' 'kvm2' 'PreCopy'", PlanExport.Write(PlanFormat.OpenStack, [Plan("-rf") with { VMId = Id(1) }]), StringComparison.Ordinal);

    [Fact]
    public void What_Nova_cannot_do_is_said()
    {
        string text = PlanExport.Write(PlanFormat.OpenStack, [Plan("vm1") with { SwitchesToPostCopy = true, BandwidthLimitBitsPerSecond = 16L << 20 }]);
        Assert.Contains("live_migration_timeout_action = force_complete", text, StringComparison.Ordinal);
        Assert.Contains("live_migration_bandwidth", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NOVA_POST_COPY", text, StringComparison.Ordinal);
    }
}
