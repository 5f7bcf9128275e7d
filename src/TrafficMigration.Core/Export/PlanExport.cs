using TrafficMigration.Planning;

namespace TrafficMigration.Export;

/// <summary>Writes a plan as what the manager of a site runs: a site keeps its manager, and still has a technique for each VM.</summary>
public static class PlanExport
{
    /// <summary>The whole text of the file. The same plans give the same text.</summary>
    /// <param name="format">The manager.</param>
    /// <param name="plans">The VMs' plans.</param>
    /// <param name="kubernetesNamespace">The namespace of VMs whose names have none; <see langword="null"/> for kubectl's current one. KubeVirt only.</param>
    /// <exception cref="MigrationException"><c>NothingToExport</c>, <c>ExportParameterInvalid</c>, <c>ExportNameInvalid</c>, <c>ExportDuplicateVM</c>.</exception>
    public static string Write(PlanFormat format, IEnumerable<VMMigrationPlan> plans, string? kubernetesNamespace = null)
    {
        // OrderBy is stable: VMs of one turn stay as they came.
        VMMigrationPlan[] ordered = [.. plans.OrderBy(p => p.Order)];
        if (ordered.Length == 0)
        {
            throw Failures.NothingToExport();
        }

        if (plans.FirstOrDefault(p => p.Technique == Technique.Offline) is { } offline)
        {
            throw Failures.ExportParameterInvalid("-Format", $"VM '{offline.VMName}' is planned offline, and {format} moves VMs live");
        }

        if (kubernetesNamespace is not null && format != PlanFormat.KubeVirt)
        {
            throw Failures.ExportParameterInvalid("-Namespace", $"{format} has no namespaces, KubeVirt has");
        }

        return format switch
        {
            PlanFormat.KubeVirt => KubeVirt.Write(ordered, kubernetesNamespace),
            PlanFormat.OpenStack => OpenStack.Write(ordered),
            PlanFormat.OVirt => OVirt.Write(ordered),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such manager."),
        };
    }

    /// <summary>What the head of every file says of the plan.</summary>
    internal static IEnumerable<string> About(IReadOnlyList<VMMigrationPlan> plans)
    {
        // Of a plan that went through a flat file only the VMs' parts are left.
        foreach (MigrationPlan plan in plans.Select(p => p.Plan).Distinct().Where(p => p is not null && p.CreatedAt != default))
        {
            yield return FormattableString.Invariant($"Plan of {plan.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {plan}.");
        }
    }

    /// <summary>One VM's part of the plan, in one sentence.</summary>
    internal static string About(VMMigrationPlan plan) =>
        $"{plan}{(plan.SwitchesToPostCopy ? ", switches to post-copy" : "")}{(plan.Reason.Length > 0 ? $". {plan.Reason}" : "")}";

    /// <summary>Refuses plans of which two are one VM to the manager.</summary>
    /// <exception cref="MigrationException"><c>ExportDuplicateVM</c>.</exception>
    internal static void RefuseDuplicates<TKey>(PlanFormat format, IEnumerable<(VMMigrationPlan Plan, TKey Key)> targets)
    {
        foreach (IGrouping<TKey, (VMMigrationPlan Plan, TKey Key)> same in targets.GroupBy(t => t.Key).Where(g => g.Count() > 1))
        {
            throw Failures.ExportDuplicateVM(format, same.Last().Plan.Source, same.Last().Plan.VMName, $"{same.Key}");
        }
    }
}
