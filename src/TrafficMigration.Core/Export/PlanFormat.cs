namespace TrafficMigration.Export;

/// <summary>The manager that a plan is written for.</summary>
public enum PlanFormat
{
    /// <summary>KubeVirt: manifests for kubectl.</summary>
    KubeVirt,

    /// <summary>OpenStack: a POSIX shell script with the openstack client.</summary>
    OpenStack,

    /// <summary>oVirt: an Ansible playbook that speaks to the engine's REST API.</summary>
    OVirt,
}
