using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using TrafficMigration.Planning;
using static TrafficMigration.Export.ExportText;

namespace TrafficMigration.Export;

/// <summary>
/// Writes a plan for KubeVirt: a <c>MigrationPolicy</c> for each technique, which selects VMs by a label, and a
/// <c>VirtualMachineInstanceMigration</c> for each VM, which names its node.
/// </summary>
/// <remarks>
/// <para>Fields: the CRDs virtualmachineinstancemigrations.kubevirt.io (v1) and migrationpolicies.migrations.kubevirt.io
/// (v1alpha1). <c>addedNodeSelector</c> is there since v1.6 (kubevirt/kubevirt pull request 12725).</para>
/// <para>The switch: pkg/virt-launcher/virtwrap/live-migration-source.go. The monitor calls
/// <c>MigrateStartPostCopy</c> when more whole seconds than completionTimeoutPerGiB x size have passed, and both
/// allowWorkloadDisruption and allowPostCopy hold; the size is memory in units of 10^9 bytes, rounded up
/// (getVMIMigrationDataSize). A timeout of 0 never passes, so 1 is the least. Without allowWorkloadDisruption the
/// timeout aborts; with it, but without allowPostCopy, it pauses the guest. With the alpha gate
/// MigrationStallDetection (v1.9) a timeout that the remaining memory cannot meet aborts first.</para>
/// <para>A policy is matched when the target pod is ready (watch/migration, matchMigrationPolicy), by the labels that
/// the instance has then; the policy with more matching labels wins (user guide, "Migration Policies").</para>
/// </remarks>
internal static class KubeVirt
{
    private const string Label = "traffic-migration";
    private const string WaveLabel = "traffic-migration-wave";

    /// <exception cref="MigrationException"><c>ExportNameInvalid</c>, <c>ExportDuplicateVM</c>, <c>ExportParameterInvalid</c>.</exception>
    public static string Write(IReadOnlyList<VMMigrationPlan> plans, string? defaultNamespace)
    {
        if (defaultNamespace is not null && !KubeVirtTarget.IsNamespace(defaultNamespace))
        {
            throw Failures.ExportParameterInvalid("-Namespace", $"'{defaultNamespace}' is no RFC 1123 label: lower-case letters, digits and '-', at most 63");
        }

        KubeVirtTarget[] found = [.. plans.Select(p => KubeVirtTarget.Of(p, defaultNamespace))];
        PlanExport.RefuseDuplicates(PlanFormat.KubeVirt, found.Select(t => (t.Plan, t.Namespace is null ? t.Name : $"{t.Namespace}/{t.Name}")));
        Dictionary<VMMigrationPlan, KubeVirtTarget> targets = found.ToDictionary(t => t.Plan);
        string id = Id(found);
        IReadOnlyList<IReadOnlyList<VMMigrationPlan>> waves = Waves.Of(plans);
        var lines = new List<string>(Head(plans, targets, waves, id));
        foreach (VMMigrationPlan plan in plans.DistinctBy(Policy).OrderBy(Policy, StringComparer.Ordinal))
        {
            lines.AddRange(PolicyLines(plan, id));
        }

        for (int wave = 0; wave < waves.Count; wave++)
        {
            foreach (VMMigrationPlan plan in waves[wave])
            {
                lines.AddRange(MigrationLines(targets[plan], wave + 1, waves.Count, id));
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> Head(
        IReadOnlyList<VMMigrationPlan> plans, Dictionary<VMMigrationPlan, KubeVirtTarget> targets, IReadOnlyList<IReadOnlyList<VMMigrationPlan>> waves, string id)
    {
        IEnumerable<string> head =
        [
            "Migrations for KubeVirt 1.6 or newer, written by Export-MigrationPlan.",
            .. PlanExport.About(plans),
            "",
            "1. Label the VMs, so that the policies below are theirs:",
            "",
            .. plans.Select(p => $"     kubectl label --overwrite {Instance(targets[p])} {Label}={Policy(p)}-{id}"),
            "",
            .. waves.Count == 1 ? [$"2. Migrate: kubectl apply -f FILE"] : Steps(waves.Count, id),
            "",
            $"3. Watch: kubectl get vmim -A -l {Label}={id}",
            "   Which policy and mode a migration got is in .status.migrationState (migrationPolicyName, mode) of its VMI.",
            "   A policy of the site's own that matches a VM by more labels wins over the one here.",
            "",
            "4. Tidy up when all have ended; the labels stay on the VMs until then:",
            "",
            $"     kubectl delete vmim -A -l {Label}={id}",
            $"     kubectl delete migrationpolicies -l {Label}={id}",
            .. plans.Select(p => targets[p].Namespace).Distinct().Order(StringComparer.Ordinal).Select(
                n => $"     kubectl label{(n is null ? "" : $" -n {n}")} vmi -l '{Label} in ({string.Join(", ", Values(plans.Where(p => targets[p].Namespace == n), id))})' {Label}-"),
            "",
            .. Cautions(plans),
        ];
        return head.Select(Comment);
    }

    private static IEnumerable<string> Steps(int waves, string id) =>
    [
        $"2. Migrate, {waves} waves one after another, since KubeVirt itself chooses among migrations that wait:",
        "",
        $"     kubectl apply -f FILE -l '!{WaveLabel}'",
        $"     for wave in {string.Join(' ', Enumerable.Range(1, waves))}; do",
        $"         kubectl apply -f FILE -l {WaveLabel}=$wave &&",
        $"         kubectl wait vmim -A -l {Label}={id},{WaveLabel}=$wave --for=jsonpath='{{.status.phase}}'=Succeeded --timeout=24h || break",
        "     done",
        "",
        "   A migration that fails holds the next wave back.",
    ];

    private static IEnumerable<string> Cautions(IReadOnlyList<VMMigrationPlan> plans)
    {
        string limits = Waves.Limits(plans);
        yield return $"Limits of the plan: {(limits.Length == 0 ? "none" : limits)}. KubeVirt has one for the cluster and one for what leaves a node,";
        yield return "spec.configuration.migrations.parallelMigrationsPerCluster (5) and parallelOutboundMigrationsPerNode (2) of the";
        yield return "KubeVirt resource; what is over them waits, in an order of KubeVirt's own.";
        if (plans.Any(p => p.Technique == Technique.PostCopy))
        {
            yield return "";
            yield return "Post-copy: KubeVirt always begins with pre-copy. The least that it can be told is to switch after 1 s for each";
            yield return "10^9 bytes of memory, rounded up: a VM of 8 GiB switches after 10 s. On a link that carries the memory";
            yield return "in that time, pre-copy ends first. Nodes must allow userfaultfd (vm.unprivileged_userfaultfd=1). Where the feature";
            yield return "gate MigrationStallDetection (alpha in 1.9) is on, do not apply this: such a short time aborts a migration there.";
        }
    }

    private static IEnumerable<string> PolicyLines(VMMigrationPlan plan, string id)
    {
        bool mayPostCopy = plan.Technique == Technique.PostCopy || plan.SwitchesToPostCopy;
        yield return "---";
        yield return "apiVersion: \"migrations.kubevirt.io/v1alpha1\"";
        yield return "kind: \"MigrationPolicy\"";
        yield return "metadata:";
        yield return $"  name: {Quote($"{Label}-{Policy(plan)}-{id}")}";
        yield return "  labels:";
        yield return $"    {Label}: {Quote(id)}";
        yield return "spec:";
        yield return $"  allowPostCopy: {(mayPostCopy ? "true" : "false")}";
        yield return $"  allowWorkloadDisruption: {(mayPostCopy ? "true" : "false")}";
        if (plan.Technique == Technique.PostCopy)
        {
            yield return "  completionTimeoutPerGiB: 1";
        }

        if (Mebibytes(plan) is { } limit)
        {
            yield return $"  bandwidthPerMigration: {Quote($"{limit}Mi")}";
        }

        yield return "  selectors:";
        yield return "    virtualMachineInstanceSelector:";
        yield return $"      {Label}: {Quote($"{Policy(plan)}-{id}")}";
    }

    private static IEnumerable<string> MigrationLines(KubeVirtTarget target, int wave, int waves, string id)
    {
        yield return "---";
        yield return Comment(PlanExport.About(target.Plan));
        yield return "apiVersion: \"kubevirt.io/v1\"";
        yield return "kind: \"VirtualMachineInstanceMigration\"";
        yield return "metadata:";
        yield return $"  name: {Quote($"{target.Name}-{id}")}";
        if (target.Namespace is { } space)
        {
            yield return $"  namespace: {Quote(space)}";
        }

        yield return "  labels:";
        yield return $"    {Label}: {Quote(id)}";
        if (waves > 1)
        {
            yield return $"    {WaveLabel}: {Quote(wave.ToString(CultureInfo.InvariantCulture))}";
        }

        yield return "spec:";
        yield return $"  vmiName: {Quote(target.Name)}";
        yield return "  addedNodeSelector:";
        yield return $"    kubernetes.io/hostname: {Quote(target.Plan.Destination)}";
    }

    /// <summary>What policies differ in, as a part of a name: the technique and the bandwidth.</summary>
    private static string Policy(VMMigrationPlan plan)
    {
        string technique = plan.Technique == Technique.PostCopy ? "post-copy" : plan.SwitchesToPostCopy ? "pre-then-post-copy" : "pre-copy";
        return Mebibytes(plan) is { } limit ? $"{technique}-{limit}mi" : technique;
    }

    /// <summary>The limit in MiB/s, as digits; 0 would be no limit.</summary>
    private static string? Mebibytes(VMMigrationPlan plan) => plan.BandwidthLimitBitsPerSecond is { } limit
        ? Math.Max(1, limit / VMMigrationPlan.BandwidthStep).ToString(CultureInfo.InvariantCulture)
        : null;

    private static IEnumerable<string> Values(IEnumerable<VMMigrationPlan> plans, string id) =>
        plans.Select(Policy).Distinct().Order(StringComparer.Ordinal).Select(p => $"{p}-{id}");

    private static string Instance(KubeVirtTarget target) => $"{(target.Namespace is null ? "" : $"-n {target.Namespace} ")}vmi {target.Name}";

    /// <summary>
    /// Tells plans apart: a file that is applied twice changes nothing, another plan makes objects of its own, and what
    /// an old plan left behind is never taken for the new one's.
    /// </summary>
    private static string Id(IEnumerable<KubeVirtTarget> targets)
    {
        string all = string.Join('\n', targets.Select(t => string.Create(
            CultureInfo.InvariantCulture, $"{t.Namespace}/{t.Name} {t.Plan.Source} {t.Plan.Destination} {Policy(t.Plan)} {t.Plan.SampledAt?.UtcDateTime:O} {t.Plan.Plan?.CreatedAt.UtcDateTime:O}")));
        return string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(all)).Take(4).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
