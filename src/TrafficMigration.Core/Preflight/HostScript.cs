using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>The first question to every host: who and how it is, which VMs it has, and all about those that are to leave. <see cref="HostStateParser"/> reads the answer.</summary>
/// <remarks>
/// It changes nothing. <c>query-migrate</c>, which would name what QEMU itself holds against a migration, is not asked:
/// libvirt marks a VM as tainted for it. Needs a POSIX shell, coreutils, awk, sed, iproute2, virsh.
/// </remarks>
internal static class HostScript
{
    // Fifty VMs a virsh: few processes, and no argument longer than Linux takes (128 KiB, execve(2)).
    private const string Text =
        """
        ids=
        known() { ids="$ids $1"; }
        named() { id=$($virsh domuuid --domain "$1" 2>/dev/null) && known "$id"; }
        ask() {
          [ "$count" -gt 0 ] || return
          quiet information $virsh "$information"; quiet live $virsh "$live"; quiet sent $virsh "$sent"
          count=0 information= live= sent=
        }
        guests() {
          count=0 information= live= sent=
          for id in $ids; do
            information="$information dominfo $id; domjobinfo $id --rawstats; snapshot-list $id;"
            live="$live dumpxml $id;" sent="$sent dumpxml $id --migratable;"
            count=$((count + 1)); [ "$count" -lt 50 ] || ask
          done
          ask
        }
        pages() {
          for folder in /sys/kernel/mm/hugepages/hugepages-*; do
            [ -e "$folder" ] && echo "${folder##*-}" "$(cat "$folder/free_hugepages")" "$(cat "$folder/resv_hugepages")"
          done
        }
        postcopy() { cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null || echo; }
        # Names only, to tell what is there: what is secret in the file stays there.
        settings() {
          sed -n -e '/^[[:space:]]*\(migration_port_min\|migration_port_max\|migration_address\|hugetlbfs_mount\)[[:space:]]*=/p' \
            -e '/^[[:space:]]*shared_filesystems[[:space:]]*=/,/\]/p' /etc/libvirt/qemu.conf
        }
        folders() {
          for folder in /etc/libvirt /run /var/lib/libvirt /var/log "${TMPDIR:-/tmp}"; do
            room=$(timeout 5 stat -f -c '%S %b %a %c %d' -- "$folder") || continue
            timeout 5 test -w "$folder"; echo "$? $room $folder"
          done
        }
        printf '@clock %s\n' "$(date +%s.%N)"
        command -v virsh >/dev/null || { echo 'virsh: not found' >&2; exit 127; }
        said=$($virsh hostname 2>&1) || { code=$?; printf '%s\n' "$said" >&2; exit "$code"; }
        printf '@hostname 0\n %s\n' "$said"
        part version $virsh version
        quiet capabilities $virsh capabilities
        part list $virsh list --all --uuid --name
        part states $virsh domstats --state --raw
        quiet networks $virsh net-list --name
        quiet pools $virsh pool-list --name
        quiet secrets $virsh secret-list
        part user id -u
        quiet machine cat /etc/machine-id
        part memory awk '/^(MemAvailable|Hugepagesize):/ { print $1, $2 }' /proc/meminfo
        quiet pages pages
        quiet hugetlbfs awk '$3 == "hugetlbfs" { print $4 }' /proc/mounts
        quiet links ls /sys/class/net
        quiet addresses sh -c 'ip -o addr show | awk "{ print \$4 }"'
        quiet listening awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6
        quiet postcopy postcopy
        quiet settings settings
        quiet folders folders
        quiet processors cat /sys/devices/system/cpu/online
        quiet nodes cat /sys/devices/system/node/online
        guests
        printf '@clock %s\n' "$(date +%s.%N)"
        echo @end
        """;

    /// <summary>The script for a host.</summary>
    /// <param name="leaving">The VMs that are to leave the host: UUIDs, or names where the UUID is not known.</param>
    public static string For(IEnumerable<string> leaving)
    {
        // Only what is a UUID without doubt may stand in a command of virsh's own little language.
        string selection = string.Join('\n', leaving.Select(v =>
            Guid.TryParseExact(v, "D", out Guid id) ? $"known {id:D}" : $"named {ShellText.Quote(v)}"));
        string body = Text.Replace("\nguests\n", $"\n{selection}\nguests\n", StringComparison.Ordinal);
        return $"sh -c {ShellText.Quote(HostAnswer.Functions + body)}";
    }
}
