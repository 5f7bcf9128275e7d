using CsCheck;
using TrafficMigration.Export;
using TrafficMigration.Planning;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using static TrafficMigration.Tests.ExportedPlans;

namespace TrafficMigration.Tests;

public sealed class OVirtExportTests
{
    [Fact]
    public void Whatever_a_VM_is_called_the_playbook_has_it_as_it_is_and_takes_it_for_no_template() => HostileName.Array[1, 4].Sample(names =>
    {
        VMMigrationPlan[] plans = [.. names.Select((n, i) => Plan(n, i % 2 == 0 ? Technique.PostCopy : Technique.PreCopy) with { VMId = Id(i), Alternative = n })];
        YamlMappingNode play = Play(PlanExport.Write(PlanFormat.OVirt, plans));
        YamlMappingNode[] entries = [.. ((YamlSequenceNode)play["vars"]["plan"]).Children.Cast<YamlMappingNode>()];
        Assert.Equal(plans.Select(p => (p.VMName, p.VMId!, p.Source, p.Destination)), entries.Select(e => (Text(e, "vm"), Text(e, "id"), Text(e, "source"), Text(e, "destination"))));
        Assert.All(entries, e => Assert.All(["vm", "id", "source", "destination"], k => Assert.Equal("!unsafe", e[k].Tag)));
        Assert.Equal(plans.Select(p => $"{p.Technique}"), entries.Select(e => Text(e, "technique")));
    }, iter: 500);

    [Fact]
    public void Outside_of_the_plans_own_values_nothing_depends_on_names()
    {
        string one = Without(PlanExport.Write(PlanFormat.OVirt, [Plan("{{ x }}") with { VMId = Id(1) }]));
        string other = Without(PlanExport.Write(PlanFormat.OVirt, [Plan("vm1", source: "a", destination: "b") with { VMId = Id(2) }]));
        Assert.Equal(one, other);

        static string Without(string text) => string.Join('\n', text.Split('\n').Where(l => !l.Contains("!unsafe", StringComparison.Ordinal) && !l.TrimStart().StartsWith('#')));
    }

    [Fact]
    public void A_wave_gives_policies_migrates_waits_and_gives_policies_back_whatever_happens()
    {
        MigrationPlan whole = Whole with { ThrottleLimit = 2 };
        YamlMappingNode play = Play(PlanExport.Write(PlanFormat.OVirt, Enumerable.Range(1, 3).Select(i => Plan($"vm{i}") with { VMId = Id(i), Plan = whole })));
        Assert.Equal("localhost", Text(play, "hosts"));
        Assert.Equal(["1", "1", "2"], ((YamlSequenceNode)play["vars"]["plan"]).Select(e => Text((YamlMappingNode)e, "wave")));
        Assert.Equal("a7aeedb2-8d66-4e51-bb22-32595027ce71", Text((YamlMappingNode)play["vars"], "post_copy_policy"));
        Assert.Equal("80554327-0569-496b-bdeb-fcbbf52b827b", Text((YamlMappingNode)play["vars"], "pre_copy_policy"));
        YamlMappingNode[] tasks = [.. ((YamlSequenceNode)play["tasks"]).Cast<YamlMappingNode>()];
        Assert.Equal(["Look where the VMs are", "Begin nothing where a VM is not as planned", "Wave 1", "Wave 2", "Look where the VMs are now", "All VMs are where they were to go"], tasks.Select(t => Text(t, "name")));
        foreach (YamlMappingNode wave in tasks[2..4])
        {
            YamlMappingNode[] block = [.. ((YamlSequenceNode)wave["block"]).Cast<YamlMappingNode>()];
            Assert.Equal(["PUT", "POST", null, "GET"], block.Select(Method));
            Assert.Equal(["PUT"], ((YamlSequenceNode)wave["always"]).Cast<YamlMappingNode>().Select(Method));
        }

        // Only what ansible-core itself has.
        Assert.All(Modules(play), m => Assert.Contains(m, new[] { "ansible.builtin.uri", "ansible.builtin.assert", "ansible.builtin.pause" }));
    }

    [Theory]
    [InlineData("vm1", "kvm1", "kvm2", null, "VMId is missing")]
    [InlineData("vm1", "kvm1", "kvm2", "17", "'17' is no UUID")]
    [InlineData("vm\0", "kvm1", "kvm2", "", "no file of text")]
    [InlineData("vm1", "kvm 1", "kvm2", "", "no host's name in oVirt")]
    [InlineData("vm1", "kvm1", "{{ x }}", "", "no host's name in oVirt")]
    [InlineData("vm1", "kvm1", "kvm2\n", "", "no host's name in oVirt")]
    public void What_the_engine_cannot_have_is_refused(string vm, string source, string destination, string? id, string said)
    {
        MigrationException e = Assert.Throws<MigrationException>(() => PlanExport.Write(
            PlanFormat.OVirt, [Plan(vm, source: source, destination: destination) with { VMId = id?.Length == 0 ? Id(1) : id }]));
        Assert.Equal((nameof(Failures.ExportNameInvalid), FailureKind.InvalidInput), (e.ErrorId, e.Kind));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.Contains("No file was written", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VM_that_is_to_switch_has_the_policy_that_can()
    {
        string text = PlanExport.Write(PlanFormat.OVirt, [Plan("vm1") with { VMId = Id(1), SwitchesToPostCopy = true, BandwidthLimitBitsPerSecond = 16L << 20 }]);
        Assert.Equal("PostCopy", Text((YamlMappingNode)((YamlSequenceNode)Play(text)["vars"]["plan"])[0], "technique"));
        Assert.Contains("sends memory four times before it switches", text, StringComparison.Ordinal);
        Assert.Contains("limits bandwidth", text, StringComparison.Ordinal);
    }

    private static YamlMappingNode Play(string text) => (YamlMappingNode)Assert.Single((YamlSequenceNode)Assert.Single(Documents(text)));

    private static string Text(YamlMappingNode map, string key) => ((YamlScalarNode)map[key]).Value!;

    private static string? Method(YamlMappingNode task) => !task.Children.TryGetValue("ansible.builtin.uri", out YamlNode? uri) ? null
        : ((YamlMappingNode)uri).Children.TryGetValue("method", out YamlNode? method) ? ((YamlScalarNode)method).Value : "GET";

    private static IEnumerable<string> Modules(YamlNode node) => node switch
    {
        YamlMappingNode map => map.Children.SelectMany(c => (((YamlScalarNode)c.Key).Value is { } key && key.Contains('.', StringComparison.Ordinal) ? [key] : Array.Empty<string>()).Concat(Modules(c.Value))),
        YamlSequenceNode list => list.Children.SelectMany(Modules),
        _ => [],
    };
}
