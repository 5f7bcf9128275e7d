using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>The first question to every host: who and how it is, which VMs it has, and all about those that are to leave. <see cref="HostStateParser"/> reads the answer.</summary>
/// <remarks>
/// It changes nothing. <c>query-migrate</c>, which would name what QEMU itself holds against a migration, is not asked:
/// libvirt marks a VM as tainted for it. Needs a POSIX shell, coreutils, awk, sed, iproute2, virsh.
/// </remarks>
internal static class HostScript
{
    // One virsh for the host and one for fifty VMs: a process of it costs more than its question, and no argument may be
    // longer than Linux takes (128 KiB, execve(2)). virsh's own echo prints the marks between its answers.
    private const string Text =
        """
        between() { printf "echo '\n@%s %s\n';" "$nonce" "$1"; }
        ids=
        known() { ids="$ids $1"; }
        named() { id=$(v domuuid --domain "$1" 2>/dev/null) && known $id; }
        ask() {
          [ "$count" -gt 0 ] || return
          mark information
          v "$information $(between live) $live $(between sent) $sent" 2>/dev/null
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
            read -r free <"$folder/free_hugepages" && read -r promised <"$folder/resv_hugepages" && echo "${folder##*-} $free $promised"
          done
        }
        file() { mark "$1"; line=; { read -r line <"$2"; } 2>/dev/null; printf '%s\n' "$line"; }
        # These settings only: what is secret in the file stays there.
        settings() {
          sed -n -e '/^[[:space:]]*\(migration_port_min\|migration_port_max\|migration_address\|hugetlbfs_mount\)[[:space:]]*=/p' \
            -e '/^[[:space:]]*shared_filesystems[[:space:]]*=/,/\]/p' /etc/libvirt/qemu.conf
        }
        folders() {
          timeout 5 stat -f -c '%S %b %a %c %d %n' -- "$@"
          for folder in "$@"; do [ -w "$folder" ] || echo "closed $folder"; done
        }
        mark clock $(date +%s.%N)
        command -v virsh >/dev/null || { echo 'virsh: not found' >&2; exit 127; }
        mark hostname
        v "hostname; $(between version) version; $(between capabilities) capabilities; $(between states) domstats --state --raw; $(between list) list --all --uuid --name" || exit
        quiet user id -u
        file machine /etc/machine-id
        quiet memory grep -E '^(MemAvailable|Hugepagesize):' /proc/meminfo
        quiet pages pages
        quiet hugetlbfs grep -w hugetlbfs /proc/mounts
        quiet links ls /sys/class/net
        quiet addresses ip -o addr show
        quiet listening awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6
        file postcopy /proc/sys/vm/unprivileged_userfaultfd
        quiet settings settings
        quiet folders folders /etc/libvirt /run /var/lib/libvirt /var/log "${TMPDIR:-/tmp}"
        file processors /sys/devices/system/cpu/online
        file nodes /sys/devices/system/node/online
        guests
        mark clock $(date +%s.%N)
        """;

    /// <summary>The script for a host.</summary>
    /// <param name="nonce">See <see cref="HostAnswer"/>.</param>
    /// <param name="leaving">The VMs that are to leave the host: UUIDs, or names where the UUID is not known.</param>
    public static string For(string nonce, IEnumerable<string> leaving)
    {
        // Only what is a UUID without doubt may stand in a command of virsh's own little language.
        string selection = string.Join('\n', leaving.Select(v =>
            Guid.TryParseExact(v, "D", out Guid id) ? $"known {id:D}" : $"named {ShellText.Quote(v)}"));
        string body = Text.Replace("\nguests\n", $"\n{selection}\nguests\n", StringComparison.Ordinal);
        return HostAnswer.Script(nonce, body);
    }
}
