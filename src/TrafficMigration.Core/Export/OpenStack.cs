using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using static TrafficMigration.Export.ExportText;

namespace TrafficMigration.Export;

/// <summary>
/// Writes a plan for OpenStack: a POSIX shell script of commands of the openstack client. Post-copy is a live migration
/// that is forced to complete as soon as it runs.
/// </summary>
/// <remarks>
/// <para>Force-complete starts post-copy where <c>live_migration_permit_post_copy</c> is true, and pauses the guest where
/// it is not (nova/virt/libvirt/migration.py, run_tasks; Nova's "Live-migrate instances"). It is accepted only of a
/// migration whose status is <c>running</c>.</para>
/// <para>Commands: python-openstackclient, "server migrate" (<c>--host</c> needs microversion 2.30), "server migration
/// list" (the column Id needs 2.23), "server migration force complete" (2.22). 2.30 also lets Nova's scheduler check
/// the host, and finds out by itself whether disks are shared (since 2.25).</para>
/// <para>Nova names libvirt's domain instance-XXXXXXXX and gives it the server's own UUID, so the UUID is what tells the
/// server (nova/virt/libvirt/driver.py, _get_guest_config).</para>
/// </remarks>
internal static class OpenStack
{
    private const string Functions = """
        failed=0
        running=

        compute() {
            openstack --os-compute-api-version 2.30 "$@"
        }

        say() { # NAME WHAT
            printf '%s: %s\n' "$1" "$2"
        }

        # The compute host that SERVER is on.
        host_of() {
            compute server show -f value -c OS-EXT-SRV-ATTR:host "$1"
        }

        # Whether SERVER migrates. Nova is asked again where it does not answer; after 60 times its end is not seen.
        migrating() {
            unanswered=0
            until status=$(compute server show -f value -c status "$1"); do
                unanswered=$((unanswered + 1))
                [ "$unanswered" -lt 60 ] || return 1
                sleep "$look"
            done
            [ "$status" = MIGRATING ]
        }

        # Nova accepts a force-complete only while the migration itself runs, which is a little after it was asked for.
        switch_to_post_copy() { # NAME SERVER
            while migrating "$2"; do
                id=$(compute server migration list --server "$2" --type live-migration --status running -f value -c Id)
                if [ -n "$id" ] && compute server migration force complete "$2" "$id"; then
                    say "$1" 'switched to post-copy'
                    return
                fi
                sleep 1
            done
        }

        # Moves one server and waits for its end.
        move() { # NAME SERVER SOURCE DESTINATION TECHNIQUE
            if ! at=$(host_of "$2"); then
                say "$1" 'was not found; nothing was done'
                return 1
            elif [ "$at" = "$4" ]; then
                say "$1" "is on $4 already"
                return 0
            elif [ "$at" != "$3" ]; then
                say "$1" "is on $at, not on $3 as planned; nothing was done"
                return 1
            elif ! compute server migrate --live-migration --host "$4" "$2"; then
                say "$1" "was refused by Nova; it stays on $3"
                return 1
            fi
            say "$1" "migrates from $3 to $4 ($5)"
            if [ "$5" = PostCopy ]; then
                switch_to_post_copy "$1" "$2"
            fi
            while migrating "$2"; do
                sleep "$look"
            done
            at=$(host_of "$2") || at='a host that Nova did not tell'
            if [ "$at" != "$4" ]; then
                say "$1" "did not get to $4: it is on $at. 'openstack server event list' tells why"
                return 1
            fi
            say "$1" "is on $4"
        }

        # Waits for all that was begun.
        finish() {
            for process in $running; do
                wait "$process" || failed=$((failed + 1))
            done
            running=
        }
        """;

    /// <exception cref="MigrationException"><c>ExportNameInvalid</c>, <c>ExportDuplicateVM</c>.</exception>
    public static string Write(IReadOnlyList<VMMigrationPlan> plans)
    {
        foreach (VMMigrationPlan plan in plans)
        {
            if (plan.VMId is not null && !Guid.TryParse(plan.VMId, out _))
            {
                throw Invalid(plan, nameof(plan.VMId), $"'{plan.VMId}' is no UUID", "Put the server's UUID into VMId, or nothing");
            }

            Check(plan, nameof(plan.VMName), plan.VMName);
            Check(plan, nameof(plan.Source), plan.Source);
            Check(plan, nameof(plan.Destination), plan.Destination);
        }

        PlanExport.RefuseDuplicates(PlanFormat.OpenStack, plans.Select(p => (p, Server(p))));
        IReadOnlyList<IReadOnlyList<VMMigrationPlan>> waves = Waves.Of(plans);
        string[] lines =
        [
            "#!/bin/sh",
            .. Head(plans).Select(Comment),
            "",
            "look=${LOOK_SECONDS:-5}",
            .. Functions.Split('\n'),
            .. plans.Any(p => p.Technique == Technique.PostCopy) ? Gate : [],
            .. waves.SelectMany((wave, i) => WaveLines(wave, i + 1, waves.Count)),
            "",
            "if [ \"$failed\" -gt 0 ]; then",
            string.Create(CultureInfo.InvariantCulture, $"    echo \"$failed of {plans.Count} VMs did not get to where they were to go.\" >&2"),
            "    exit 1",
            "fi",
        ];
        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> Head(IReadOnlyList<VMMigrationPlan> plans)
    {
        yield return "Live migrations for OpenStack, written by Export-MigrationPlan. Run it as an administrator of the cloud:";
        yield return "";
        yield return plans.Any(p => p.Technique == Technique.PostCopy) ? "    NOVA_POST_COPY=permitted sh FILE" : "    sh FILE";
        yield return "";
        foreach (string line in PlanExport.About(plans))
        {
            yield return line;
        }

        yield return "It needs the openstack client, and its credentials in the environment or in clouds.yaml (OS_CLOUD). It ends with 0";
        yield return "when all VMs are where they were to go, with 1 when not. It can be run again: what is there already stays.";
        string limits = Waves.Limits(plans);
        if (limits.Length > 0)
        {
            yield return $"Limits of the plan: {limits}; so there are waves.";
        }

        if (plans.Any(p => p.Technique == Technique.PostCopy))
        {
            yield return "";
            yield return "NOVA_POST_COPY=permitted says that nova.conf has live_migration_permit_post_copy = true on the sources. Where it";
            yield return "has not, Nova pauses a VM that is forced to complete until all of its memory has been sent.";
        }

        if (plans.Any(p => p.Technique == Technique.PreCopy && p.SwitchesToPostCopy))
        {
            yield return "";
            yield return "VMs that are to switch where pre-copy does not converge: only nova.conf can do that, with";
            yield return "live_migration_timeout_action = force_complete, after live_migration_completion_timeout seconds for each GiB.";
        }

        if (plans.Any(p => p.BandwidthLimitBitsPerSecond is not null))
        {
            yield return "";
            yield return "The plan limits bandwidth. Nova has no limit for a migration, only live_migration_bandwidth (MiB/s) for a host.";
        }
    }

    private static IEnumerable<string> Gate =>
    [
        "",
        "if [ \"${NOVA_POST_COPY:-}\" != permitted ]; then",
        "    echo 'The plan has post-copy. Where nova.conf does not permit it, VMs would be paused; see the head of this file.' >&2",
        "    exit 2",
        "fi",
    ];

    private static IEnumerable<string> WaveLines(IReadOnlyList<VMMigrationPlan> wave, int number, int count)
    {
        yield return "";
        if (count > 1)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"echo 'Wave {number} of {count}'");
        }

        foreach (VMMigrationPlan plan in wave)
        {
            string[] words = [PlainText.OneLine(plan.VMName), Server(plan), plan.Source, plan.Destination, $"{plan.Technique}"];
            yield return Comment(PlanExport.About(plan));
            yield return $"move {string.Join(' ', words.Select(ShellText.Quote))} & running=\"$running $!\"";
        }

        yield return "finish";
    }

    private static string Server(VMMigrationPlan plan) => Guid.TryParse(plan.VMId, out Guid id) ? id.ToString("D") : plan.VMName;

    private static void Check(VMMigrationPlan plan, string property, string value)
    {
        if (!IsText(value))
        {
            throw Invalid(plan, property, "holds what no file of text can hold", $"Correct {property}");
        }

        // The script says the hosts to a terminal as they are; a VM's name it says on one line.
        if (property != nameof(plan.VMName) && PlainText.OneLine(value) != value)
        {
            throw Invalid(plan, property, "holds characters that no host's name has", $"Correct {property}");
        }

        // What begins with "-" is an option to the client, wherever it stands.
        if (value.StartsWith('-') && (property != nameof(plan.VMName) || Server(plan) == plan.VMName))
        {
            throw Invalid(plan, property, $"'{value}' begins with '-', and is an option to the openstack client", property == nameof(plan.VMName)
                ? "Add VMId, the server's UUID, to the plan"
                : $"Correct {property}");
        }
    }

    private static MigrationException Invalid(VMMigrationPlan plan, string property, string problem, string remedy) =>
        Failures.ExportNameInvalid(PlanFormat.OpenStack, plan.Source, plan.VMName, property, problem, remedy);
}
