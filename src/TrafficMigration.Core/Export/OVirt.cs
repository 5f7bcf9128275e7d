using System.Globalization;
using System.Text.RegularExpressions;
using TrafficMigration.Planning;
using static TrafficMigration.Export.ExportText;

namespace TrafficMigration.Export;

/// <summary>
/// Writes a plan for oVirt: an Ansible playbook that speaks to the engine's REST API with ansible.builtin.uri. A VM's
/// technique is its migration policy, which is put back afterwards.
/// </summary>
/// <remarks>
/// <para>The collection ovirt.ovirt (3.2.3) migrates a VM (ovirt_vm, host), but sets a migration policy for clusters
/// only (ovirt_cluster, migration_policy); the ids of the policies are there, too.</para>
/// <para>REST: PUT vms/ID with migration.policy, at any status of the VM (VmBase, EditableVmField); a policy without an
/// id is the cluster's again (MigrationOptionsMapper). POST vms/ID/migrate with host.name (ovirt_vm does so).</para>
/// <para>VDSM takes the next step of a policy at the beginning of an iteration (lib/vdsm/virt/migration.py,
/// _next_action). The engine's post-copy policy raises the downtime at the second and the third, and switches at the
/// fourth after the first pass.</para>
/// <para>An id that is a VM's in the engine is also its UUID in libvirt. Host names: [0-9a-zA-Z-_.], at most 255
/// (ValidationUtils.NO_SPECIAL_CHARACTERS_WITH_DOT).</para>
/// </remarks>
internal static partial class OVirt
{
    /// <summary>The engine's policy "Post-copy migration".</summary>
    public const string PostCopyPolicy = "a7aeedb2-8d66-4e51-bb22-32595027ce71";

    /// <summary>The engine's policy "Minimal downtime".</summary>
    public const string PreCopyPolicy = "80554327-0569-496b-bdeb-fcbbf52b827b";

    private const int HostNameLength = 255;

    // Values of the plan are !unsafe: Ansible takes them as they are, whatever they hold.
    private const string Play = """
        - name: "Migrate the VMs of a plan"
          hosts: "localhost"
          connection: "local"
          gather_facts: false
          module_defaults:
            ansible.builtin.uri:
              url_username: "{{ lookup('ansible.builtin.env', 'OVIRT_USERNAME') }}"
              url_password: "{{ lookup('ansible.builtin.env', 'OVIRT_PASSWORD') }}"
              force_basic_auth: true
              ca_path: "{{ lookup('ansible.builtin.env', 'OVIRT_CAFILE') | default(omit, true) }}"
              headers:
                Accept: "application/json"
          vars:
            engine: "{{ lookup('ansible.builtin.env', 'OVIRT_URL') }}"
            pre_copy_policy: "PRE_COPY_POLICY"
            post_copy_policy: "POST_COPY_POLICY"
            look_seconds: 5
            wait_looks: 17280
            plan:
        """;

    private const string Begin = """
          tasks:
            - name: "Look where the VMs are"
              ansible.builtin.uri:
                url: "{{ engine }}/vms/{{ item.id }}?follow=host"
              loop: "{{ plan }}"
              loop_control:
                label: "{{ item.vm }}"
              register: "found"

            - name: "Begin nothing where a VM is not as planned"
              ansible.builtin.assert:
                that:
                  - "item.json.status == 'up'"
                  - "item.json.host.name in [item.item.source, item.item.destination]"
                fail_msg: "It is {{ item.json.status }} on {{ (item.json.host | default({})).name | default('no host') }}, and not up on {{ item.item.source }}. Nothing was changed."
                quiet: true
              loop: "{{ found.results }}"
              loop_control:
                label: "{{ item.item.vm }}"
        """;

    private const string Wave = """

            - name: "Wave NUMBER"
              vars:
                moving: "{{ found.results | selectattr('item.wave', 'equalto', NUMBER) | list }}"
              block:
                - name: "Wave NUMBER: give each VM the policy of its technique"
                  ansible.builtin.uri:
                    url: "{{ engine }}/vms/{{ item.item.id }}"
                    method: "PUT"
                    body_format: "json"
                    body:
                      migration:
                        policy:
                          id: "{{ post_copy_policy if item.item.technique == 'PostCopy' else pre_copy_policy }}"
                  loop: "{{ moving }}"
                  loop_control:
                    label: "{{ item.item.vm }}"
                  when: "item.json.host.name != item.item.destination"

                - name: "Wave NUMBER: migrate"
                  ansible.builtin.uri:
                    url: "{{ engine }}/vms/{{ item.item.id }}/migrate"
                    method: "POST"
                    status_code: [200, 202]
                    body_format: "json"
                    body:
                      host:
                        name: "{{ item.item.destination }}"
                  loop: "{{ moving }}"
                  loop_control:
                    label: "{{ item.item.vm }}"
                  when: "item.json.host.name != item.item.destination"
                  # What the engine refuses is told at the end; the others are waited for first.
                  ignore_errors: true

                - name: "Wave NUMBER: give the engine time to begin"
                  ansible.builtin.pause:
                    seconds: "{{ look_seconds }}"

                - name: "Wave NUMBER: wait"
                  ansible.builtin.uri:
                    url: "{{ engine }}/vms/{{ item.item.id }}"
                  register: "now"
                  until: "now.json is defined and now.json.status != 'migrating'"
                  delay: "{{ look_seconds }}"
                  retries: "{{ wait_looks }}"
                  loop: "{{ moving }}"
                  loop_control:
                    label: "{{ item.item.vm }}"
              always:
                - name: "Wave NUMBER: give each VM back the policy that it had, or its cluster's"
                  ansible.builtin.uri:
                    url: "{{ engine }}/vms/{{ item.item.id }}"
                    method: "PUT"
                    body_format: "json"
                    body:
                      migration:
                        policy: "{{ {'id': item.json.migration.policy.id} if item.json.migration.policy is defined else {} }}"
                  loop: "{{ moving }}"
                  loop_control:
                    label: "{{ item.item.vm }}"
                  when: "item.json.host.name != item.item.destination"
        """;

    private const string End = """

            - name: "Look where the VMs are now"
              ansible.builtin.uri:
                url: "{{ engine }}/vms/{{ item.id }}?follow=host"
              loop: "{{ plan }}"
              loop_control:
                label: "{{ item.vm }}"
              register: "after"

            - name: "All VMs are where they were to go"
              ansible.builtin.assert:
                that:
                  - "item.json.status == 'up'"
                  - "item.json.host.name == item.item.destination"
                fail_msg: "It is {{ item.json.status }} on {{ (item.json.host | default({})).name | default('no host') }}, and not up on {{ item.item.destination }}. The engine's events tell why."
                quiet: true
              loop: "{{ after.results }}"
              loop_control:
                label: "{{ item.item.vm }}"
        """;

    /// <exception cref="MigrationException"><c>ExportNameInvalid</c>, <c>ExportDuplicateVM</c>.</exception>
    public static string Write(IReadOnlyList<VMMigrationPlan> plans)
    {
        foreach (VMMigrationPlan plan in plans)
        {
            Check(plan);
        }

        PlanExport.RefuseDuplicates(PlanFormat.OVirt, plans.Select(p => (p, Guid.Parse(p.VMId!))));
        IReadOnlyList<IReadOnlyList<VMMigrationPlan>> waves = Waves.Of(plans);
        string[] parts =
        [
            .. Head(plans).Select(Comment),
            "---",
            Play.Replace("PRE_COPY_POLICY", PreCopyPolicy, StringComparison.Ordinal).Replace("POST_COPY_POLICY", PostCopyPolicy, StringComparison.Ordinal),
            .. waves.SelectMany((wave, i) => wave.SelectMany(p => Entry(p, i + 1))),
            Begin,
            .. waves.Select((_, i) => Wave.Replace("NUMBER", (i + 1).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)),
            End,
        ];
        return string.Join('\n', parts) + "\n";
    }

    private static IEnumerable<string> Head(IReadOnlyList<VMMigrationPlan> plans)
    {
        yield return "Live migrations for oVirt, written by Export-MigrationPlan. It needs ansible-core and nothing else:";
        yield return "";
        yield return "    OVIRT_URL=https://ENGINE/ovirt-engine/api OVIRT_USERNAME=admin@internal OVIRT_PASSWORD=... [OVIRT_CAFILE=...] \\";
        yield return "        ansible-playbook FILE";
        yield return "";
        foreach (string line in PlanExport.About(plans))
        {
            yield return line;
        }

        yield return "It ends without an error when all VMs are where they were to go, and can be run again: what is there already stays.";
        yield return "Where it is broken off, VMs may keep the migration policy that they were given for the migration.";
        string limits = Waves.Limits(plans);
        yield return limits.Length > 0
            ? $"Limits of the plan: {limits}; so there are waves. A migration policy has a limit of its own for each host."
            : "The plan lets all run at once; but a migration policy has a limit for each host (2 for post-copy), the rest waits.";
        if (plans.Any(p => p.Technique == Technique.PostCopy || p.SwitchesToPostCopy))
        {
            yield return "";
            yield return "Post-copy: the engine's own policy sends memory four times before it switches; a VM that pre-copy finishes by then";
            yield return "is never post-copied. A policy of the site's own that switches earlier: -e post_copy_policy=ID (docs/export.md).";
        }

        if (plans.Any(p => p.BandwidthLimitBitsPerSecond is not null))
        {
            yield return "";
            yield return "The plan limits bandwidth. oVirt has no limit for a migration, only one for each cluster or migration network.";
        }
    }

    private static IEnumerable<string> Entry(VMMigrationPlan plan, int wave)
    {
        string technique = plan.Technique == Technique.PostCopy || plan.SwitchesToPostCopy ? nameof(Technique.PostCopy) : nameof(Technique.PreCopy);
        yield return $"      {Comment(PlanExport.About(plan))}";
        yield return $"      - vm: !unsafe {Quote(plan.VMName)}";
        yield return $"        id: !unsafe {Quote(Guid.Parse(plan.VMId!).ToString("D"))}";
        yield return $"        source: !unsafe {Quote(plan.Source)}";
        yield return $"        destination: !unsafe {Quote(plan.Destination)}";
        yield return $"        technique: {Quote(technique)}";
        yield return string.Create(CultureInfo.InvariantCulture, $"        wave: {wave}");
    }

    private static void Check(VMMigrationPlan plan)
    {
        if (!Guid.TryParse(plan.VMId, out _))
        {
            throw Invalid(plan, nameof(plan.VMId), plan.VMId is null ? "is missing" : $"'{plan.VMId}' is no UUID", "oVirt's engine knows a VM by its id, which is libvirt's UUID: Get-VMTrafficRate gives it, or put it into VMId");
        }

        if (!IsText(plan.VMName))
        {
            throw Invalid(plan, nameof(plan.VMName), "holds what no file of text can hold", "Correct VMName");
        }

        foreach ((string property, string host) in new[] { (nameof(plan.Source), plan.Source), (nameof(plan.Destination), plan.Destination) })
        {
            if (host.Length > HostNameLength || !HostName().IsMatch(host))
            {
                throw Invalid(plan, property, $"'{host}' is no host's name in oVirt: letters, digits, '-', '_' and '.', at most 255", $"Put the name that the engine has into {property}");
            }
        }
    }

    private static MigrationException Invalid(VMMigrationPlan plan, string property, string problem, string remedy) =>
        Failures.ExportNameInvalid(PlanFormat.OVirt, plan.Source, plan.VMName, property, problem, remedy);

    [GeneratedRegex(@"^[0-9a-zA-Z_.-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();
}
