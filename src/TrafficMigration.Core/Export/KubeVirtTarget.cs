using System.Text.RegularExpressions;
using TrafficMigration.Planning;

namespace TrafficMigration.Export;

/// <summary>A VM as KubeVirt knows it, and the node that it goes to.</summary>
/// <param name="Plan">The VM's plan.</param>
/// <param name="Namespace">Its namespace; <see langword="null"/> for kubectl's current one.</param>
/// <param name="Name">The name of the virtual machine instance.</param>
/// <remarks>
/// Kubernetes, "Object Names and IDs": a name is an RFC 1123 subdomain, a namespace an RFC 1123 label. KubeVirt keeps
/// the name of an instance in the label <c>kubevirt.io/vmi-name</c> of its migration, so both the name and the node's
/// <c>kubernetes.io/hostname</c> are also label values: 63 characters at most ("Labels and Selectors").
/// </remarks>
internal sealed partial record KubeVirtTarget(VMMigrationPlan Plan, string? Namespace, string Name)
{
    private const int LabelLength = 63;

    /// <exception cref="MigrationException"><c>ExportNameInvalid</c>.</exception>
    public static KubeVirtTarget Of(VMMigrationPlan plan, string? defaultNamespace)
    {
        // libvirt's name of an instance is NAMESPACE_NAME (KubeVirt, DomainFromNamespaceName), and neither part can hold "_".
        string[] parts = plan.VMName.Split('_');
        (string? space, string name) = parts.Length == 2 ? (parts[0], parts[1]) : (defaultNamespace, plan.VMName);
        if (space is not null && !IsNamespace(space))
        {
            throw Invalid(plan, nameof(plan.VMName), $"names the namespace '{space}', but a namespace is an RFC 1123 label: lower-case letters, digits and '-'");
        }

        if (name.Length > LabelLength || !Subdomain().IsMatch(name))
        {
            throw Invalid(plan, nameof(plan.VMName), $"'{name}' is no name of a virtual machine instance: an RFC 1123 subdomain of at most 63 characters (lower-case letters, digits, '-' and '.', first and last a letter or digit)");
        }

        Node(plan, nameof(plan.Source), plan.Source);
        Node(plan, nameof(plan.Destination), plan.Destination);
        return new KubeVirtTarget(plan, space, name);
    }

    /// <summary>Whether a text is an RFC 1123 label.</summary>
    public static bool IsNamespace(string text) => text.Length <= LabelLength && Label().IsMatch(text);

    private static void Node(VMMigrationPlan plan, string property, string node)
    {
        if (node.Length > LabelLength || !Subdomain().IsMatch(node))
        {
            throw Invalid(plan, property, $"'{node}' is no node's name: an RFC 1123 subdomain of at most 63 characters, as in the node's label kubernetes.io/hostname");
        }
    }

    private static MigrationException Invalid(VMMigrationPlan plan, string property, string problem) => Failures.ExportNameInvalid(
        PlanFormat.KubeVirt, plan.Source, plan.VMName, property, problem, $"Put the name that KubeVirt has ('kubectl get vmi -A -o wide') into {property}, or leave the VM out");

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Subdomain();
}
