using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using TrafficMigration.Export;
using TrafficMigration.Planning;
using Xunit;
using static TrafficMigration.Tests.ExportedPlans;

namespace TrafficMigration.Tests;

public sealed partial class KubeVirtExportTests
{
    private static readonly Gen<string> Label = Gen.Select(Gen.Char["abz019"], Gen.Char["ab0-"].Array[0, 5], Gen.Char["abz019"])
        .Select((first, middle, last) => $"{first}{new string(middle)}{last}");

    private static readonly Gen<string> Name = Label.Array[1, 3].Select(labels => string.Join('.', labels));

    private static readonly Gen<VMMigrationPlan> AnyPlan =
        from name in Name
        from space in Gen.OneOf(Gen.Const(""), Label.Select(l => l + "_"))
        from node in Name
        from technique in Gen.Enum<Technique>().Where(t => t != Technique.Offline)
        from switches in Gen.Bool
        from limit in Gen.OneOf(Gen.Const(0L), Gen.Long[1, 20])
        from reason in HostileName
        select Plan(space + name, technique, destination: node) with
        {
            SwitchesToPostCopy = switches && technique == Technique.PreCopy, BandwidthLimitBitsPerSecond = limit == 0 ? null : limit << 23, Alternative = reason,
        };

    [Fact]
    public void Whatever_the_plan_KubeVirt_takes_its_manifests_and_each_VM_gets_its_technique_and_node() =>
        Gen.Select(AnyPlan.Array[1, 6], Gen.Int[0, 2]).Sample((drawn, throttle) =>
        {
            VMMigrationPlan[] plans = [.. drawn.DistinctBy(p => p.VMName).Select(p => p with { Plan = Whole with { ThrottleLimit = throttle } })];
            string text = PlanExport.Write(PlanFormat.KubeVirt, plans);
            JsonNode[] manifests = Manifests(text);
            Assert.All(manifests, m => Assert.Empty(KubeVirtSchema.Problems(m)));
            JsonNode[] migrations = Kind(manifests, "VirtualMachineInstanceMigration");
            Assert.Equal(plans.Length, migrations.Length);
            Assert.Equal(plans.Length, migrations.Select(m => $"{m["metadata"]!["namespace"]}/{m["metadata"]!["name"]}").Distinct().Count());
            Dictionary<string, string> labels = Labels(text);
            foreach (VMMigrationPlan plan in plans)
            {
                string[] parts = plan.VMName.Split('_');
                string? space = parts.Length == 2 ? parts[0] : null;
                JsonNode migration = Assert.Single(migrations, m => (string?)m["spec"]!["vmiName"] == parts[^1] && (string?)m["metadata"]!["namespace"] == space);
                Assert.Equal(plan.Destination, (string?)migration["spec"]!["addedNodeSelector"]!["kubernetes.io/hostname"]);
                JsonNode policy = Assert.Single(Kind(manifests, "MigrationPolicy"), p =>
                    (string?)p["spec"]!["selectors"]!["virtualMachineInstanceSelector"]!["traffic-migration"] == labels[$"{space}/{parts[^1]}"]);
                bool mayPostCopy = plan.Technique == Technique.PostCopy || plan.SwitchesToPostCopy;
                Assert.Equal(mayPostCopy, (bool)policy["spec"]!["allowPostCopy"]!);
                Assert.Equal(mayPostCopy, (bool)policy["spec"]!["allowWorkloadDisruption"]!);
                Assert.Equal(plan.Technique == Technique.PostCopy ? 1 : null, (long?)policy["spec"]!["completionTimeoutPerGiB"]);
                Assert.Equal(plan.BandwidthLimitBitsPerSecond is { } limit ? $"{limit >> 23}Mi" : null, (string?)policy["spec"]!["bandwidthPerMigration"]);
            }
        }, iter: 300);

    [Theory]
    [InlineData("  allowPostCopy: true", "  allowPostcopy: true")]
    [InlineData("  vmiName:", "  vmName:")]
    [InlineData("  addedNodeSelector:", "  nodeSelector:")]
    [InlineData("  completionTimeoutPerGiB: 1", "  completionTimeoutPerGiB: \"1\"")]
    [InlineData("  allowWorkloadDisruption: true", "  allowWorkloadDisruption: \"true\"")]
    [InlineData("bandwidthPerMigration: \"2Mi\"", "bandwidthPerMigration: \"2 MiB\"")]
    [InlineData("    virtualMachineInstanceSelector:", "    vmiSelector:")]
    [InlineData("v1alpha1", "v1beta1")]
    [InlineData("  labels:", "  label:")]
    public void What_KubeVirt_would_refuse_is_found(string written, string wrong)
    {
        string text = PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", Technique.PostCopy) with { BandwidthLimitBitsPerSecond = 2L << 23 }]);
        Assert.Contains(written, text, StringComparison.Ordinal);
        Assert.Contains(Manifests(text.Replace(written, wrong, StringComparison.Ordinal)), m => KubeVirtSchema.Problems(m).Count > 0);
    }

    [Theory]
    [InlineData("VM1")]
    [InlineData("two words")]
    [InlineData("a_b_c")]
    [InlineData("_vm1")]
    [InlineData("default_")]
    [InlineData("-vm1")]
    [InlineData("vm1.")]
    [InlineData("vm..1")]
    [InlineData("vm1\n")]
    [InlineData("vm1\nkind: Pod")]
    [InlineData("ü")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    public void A_name_that_KubeVirt_cannot_have_is_refused(string name)
    {
        MigrationException e = Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm0"), Plan(name)]));
        Assert.Equal((nameof(Failures.ExportNameInvalid), FailureKind.InvalidInput, name), (e.ErrorId, e.Kind, e.VMName));
        Assert.Contains("RFC 1123", e.Message, StringComparison.Ordinal);
        Assert.Contains("No file was written", e.Message, StringComparison.Ordinal);
        Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", destination: name)]));
        Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", source: name)]));
    }

    [Fact]
    public void The_namespace_is_the_names_own_or_the_given_or_none()
    {
        JsonNode[] migrations = Kind(Manifests(PlanExport.Write(PlanFormat.KubeVirt, [Plan("shop_vm1"), Plan("vm1")], "default")), "VirtualMachineInstanceMigration");
        Assert.Equal(["shop", "default"], migrations.Select(m => (string?)m["metadata"]!["namespace"]));
        Assert.All(migrations, m => Assert.Equal("vm1", (string?)m["spec"]!["vmiName"]));
        Assert.Null(Kind(Manifests(PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1")])), "VirtualMachineInstanceMigration")[0]["metadata"]!["namespace"]);
        Assert.Equal(nameof(Failures.ExportDuplicateVM), Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.KubeVirt, [Plan("default_vm1"), Plan("vm1")], "default")).ErrorId);
        Assert.Equal(nameof(Failures.ExportParameterInvalid), Assert.Throws<MigrationException>(() => PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1")], "No Namespace")).ErrorId);
    }

    [Fact]
    public void Another_plan_makes_other_objects()
    {
        string[] plans =
        [
            PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1")]),
            PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", Technique.PostCopy)]),
            PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", destination: "kvm3")]),
            PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1") with { Plan = Whole with { CreatedAt = Morning.AddSeconds(1) } }]),
        ];
        Assert.Equal(4, plans.Select(p => (string?)Kind(Manifests(p), "VirtualMachineInstanceMigration")[0]["metadata"]!["name"]).Distinct().Count());
    }

    [Fact]
    public void Waves_are_told_apart_by_a_label()
    {
        MigrationPlan whole = Whole with { ThrottleLimit = 1 };
        string text = PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1") with { Plan = whole }, Plan("vm2") with { Plan = whole }]);
        Assert.Equal(["1", "2"], Kind(Manifests(text), "VirtualMachineInstanceMigration").Select(m => (string?)m["metadata"]!["labels"]!["traffic-migration-wave"]));
        Assert.Contains("for wave in 1 2; do", text, StringComparison.Ordinal);
        Assert.DoesNotContain("traffic-migration-wave", PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1"), Plan("vm2")]), StringComparison.Ordinal);
    }

    [Fact]
    public void Cautions_are_there_where_they_are_due()
    {
        Assert.Contains("MigrationStallDetection", PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1", Technique.PostCopy)]), StringComparison.Ordinal);
        Assert.DoesNotContain("MigrationStallDetection", PlanExport.Write(PlanFormat.KubeVirt, [Plan("vm1")]), StringComparison.Ordinal);
    }

    private static JsonNode[] Manifests(string text) => [.. Documents(text).Select(KubeVirtSchema.Json)];

    private static JsonNode[] Kind(JsonNode[] manifests, string kind) => [.. manifests.Where(m => (string?)m["kind"] == kind)];

    /// <summary>The label that the file's own commands give each VM, by namespace and name.</summary>
    private static Dictionary<string, string> Labels(string text) => LabelCommand().Matches(text)
        .ToDictionary(m => $"{m.Groups["space"].Value}/{m.Groups["name"].Value}", m => m.Groups["label"].Value);

    [GeneratedRegex(@"^#      kubectl label --overwrite (-n (?<space>\S+) )?vmi (?<name>\S+) traffic-migration=(?<label>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelCommand();
}
