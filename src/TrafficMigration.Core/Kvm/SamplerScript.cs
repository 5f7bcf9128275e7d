using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>The shell script that samples a host for as long as its channel is open. <see cref="SamplerReader"/> reads it.</summary>
/// <remarks>
/// <para>
/// A <em>sample</em> is the kernel's counters of all network links (<c>/proc/net/dev</c>) between two readings of the
/// host's clocks, and of its processors (<c>/proc/stat</c>): no question to libvirt, so that its price does not depend on
/// the number of VMs. <em>Facts</em> say which link belongs to which VM and to which uplink; they change rarely, and are
/// told at the start and on demand.
/// </para>
/// <para>
/// A line on standard input asks at once for more: <c>facts</c>, or <c>pairs</c> to count from now on which link of
/// a bridge sends how much to which other. That needs an nftables table; it drops nothing, and it belongs to the
/// nft process at the end of the pipe (flag <c>owner</c>, nft(8)), so the kernel removes it when that ends. The wait
/// between two samples is a wait for that input: when the channel is closed, or the client dies, the script ends.
/// </para>
/// <para>Needs a POSIX shell, coreutils, iproute2, virsh; nft for <c>pairs</c>; ovs-vsctl where Open vSwitch is.</para>
/// </remarks>
internal static class SamplerScript
{
    /// <summary>Asks for facts.</summary>
    public const string Facts = "facts";

    /// <summary>Asks for the traffic between the ports of each bridge to be counted from now on.</summary>
    public const string Pairs = "pairs";

    private const string Text =
        """
        export LC_ALL=C
        v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        clock() { read -r up _ </proc/uptime; printf '@%s %s %s\n' "$1" "$(date +%s.%N)" "$up"; }
        count() {
          clock sample
          cat /proc/net/dev
          clock counted
          read -r _ user nice system idle iowait irq softirq steal _ </proc/stat
          printf '@cpu %s %s\n' $((idle + iowait)) $((user + nice + system + idle + iowait + irq + softirq + steal))
          [ -z "$counting" ] || { nft list table bridge trafficmigration 2>&1; clock paired; }
        }
        # Printed at once: each write is a packet, and each packet wakes the one who reads hundreds of hosts.
        sample() { printf '%s\n@end\n' "$(count)"; }
        # Of every line of virsh a blank comes first: a VM's description may hold a line that looks like one of ours.
        domains() {
          answer=$(v 'list --uuid --state-running; domstats --list-running --state --balloon WAIT --raw' 2>&1) ||
            { status=$?; silent=1; printf '@failed %s\n%s\n' "$status" "$answer"; return; }
          silent=
          ids=$(printf '%s\n' "$answer" | sed -n '/^Domain: /q;/^[-0-9a-f]\{36\}$/p')
          # Of a VM that comes in by post-copy libvirt says nothing for which it asks QEMU, the definition included.
          # virsh's echo ends no line.
          incoming=
          case $answer in *state.reason=1[01]*)
            commands=; for id in $ids; do commands="$commands echo $id; domstate --reason $id;"; done
            incoming=$(v "$commands" 2>/dev/null | sed -n 's/^\([-0-9a-f]\{36\}\)running (post-copy.*/\1/p') ;;
          esac
          commands=
          for id in $ids; do
            case $incoming in
              *$id*) commands="$commands echo $id; domstats --interface --vcpu --nowait --raw $id;" ;;
              *) commands="$commands dumpxml $id;" ;;
            esac
          done
          [ -z "$ids" ] || { printf '%s\n' "$answer" | sed -n '/^Domain: /,$p'; v "$commands" 2>&1; printf 'status %s\n' $?; } | sed 's/^/ /'
        }
        links() {
          cd /sys/class/net || return
          for link in *; do
            [ -e "$link/ifindex" ] || continue # bonding_masters is a file
            speed=- duplex=- device=0
            { read -r speed <"$link/speed"; read -r duplex <"$link/duplex"; } 2>/dev/null
            [ -e "$link/device" ] && device=1
            printf '%s %s %s %s\n' "$link" "${speed:--}" "${duplex:--}" "$device"
          done
        }
        switches() {
          for table in Bridge Port Interface; do ovs-vsctl --timeout=5 -f json list "$table" | tr -d '\n'; echo; done
        }
        postcopy() {
          allowed=; { read -r allowed </proc/sys/vm/unprivileged_userfaultfd; } 2>/dev/null
          printf '%s\n' "$allowed"
          [ -n "$silent" ] || v capabilities 2>/dev/null | sed -n "/<model>dac</,/<\/secmodel>/s/.*<baselabel type='kvm'>+\([0-9]*\):.*/\1/p"
        }
        # libvirt asks QEMU to compress on several connections from its version 9.4 on, QEMU has zstd where it was built with it.
        compression() {
          virsh --version 2>/dev/null || echo
          for emulator in "/usr/bin/qemu-system-$(uname -m)" /usr/libexec/qemu-kvm /usr/bin/kvm; do
            [ -e "$emulator" ] || continue
            grep -q 'libzstd\.so' "$emulator" && echo zstd
            break
          done
        }
        facts() {
          printf '@facts\n'
          clock asked; printf '@domains\n'; domains; clock answered
          printf '@addresses\n'; ip -d -j addr show
          printf '@links\n'; links
          printf '@route\n'; route
          printf '@defaultroute\n'; ip -j route show default
          command -v ovs-vsctl >/dev/null && { printf '@switches\n'; switches 2>/dev/null; }
          printf '@memory\n'; grep ^MemAvailable: /proc/meminfo
          printf '@cpus\n'; nproc
          printf '@postcopy\n'; postcopy
          printf '@compression\n'; compression
          printf '@end\n'
        }
        pairs() {
          counting=1
          printf '%s\n' 'add table bridge trafficmigration { flags owner; }' \
            'add set bridge trafficmigration pairs { type ifname . ifname; size 65535; flags dynamic; counter; }' \
            'add set bridge trafficmigration tohost { type ifname; size 65535; flags dynamic; counter; }' \
            'add set bridge trafficmigration fromhost { type ifname; size 65535; flags dynamic; counter; }' \
            'add chain bridge trafficmigration forward { type filter hook forward priority 300; policy accept; }' \
            'add chain bridge trafficmigration input { type filter hook input priority 300; policy accept; }' \
            'add chain bridge trafficmigration output { type filter hook output priority 300; policy accept; }' \
            'add rule bridge trafficmigration forward update @pairs { iifname . oifname }' \
            'add rule bridge trafficmigration input update @tohost { iifname }' \
            'add rule bridge trafficmigration output update @fromhost { oifname }' >&4
        }
        run() {
          facts; sample
          while :; do
            # read takes one line and leaves the next, should two requests come at once.
            ask=$(timeout INTERVAL sh -c 'read -r ask && echo "$ask"')
            case $?$ask in
              124*) ;;
              0facts) facts ;;
              0pairs) pairs ;;
              *) break ;;
            esac
            sample
          done
        }
        if command -v nft >/dev/null; then holder='nft -i'; else holder=cat; fi
        exec 3>&1 5<&0
        { run 4>&1 >&3 <&5 5<&-; } | $holder >/dev/null 2>&1
        """;

    /// <summary>The script for a host.</summary>
    /// <param name="interval">Time between two samples.</param>
    /// <param name="destination">
    /// Name or address of the host that migrations go to: the route to it is told. <see langword="null"/> tells the
    /// route to whoever opened the SSH connection, whose far end is the address by which the host is known.
    /// </param>
    /// <param name="withDirtyRate">Whether facts hold the last measured dirty rates.</param>
    /// <param name="withDisks">Whether facts hold what VMs have written to their disks.</param>
    public static string For(TimeSpan interval, string? destination, bool withDirtyRate, bool withDisks = false)
    {
        // The link that holds the address by which we reached the host, or the one by which the destination is reached.
        string route = destination is null
            ? """route() { set -- $SSH_CONNECTION; ip -j addr show to "${3:-127.0.0.1}"; }"""
            : $$"""route() { set -- $(getent ahosts {{ShellText.Quote(destination)}}); [ -z "$1" ] || ip -j route get "$1"; }""";
        return route + "\n" + Text
            .Replace("INTERVAL", interval.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            // A VM that is on its way in, or asked by somebody else just now, holds up nobody. A dirty rate wants QEMU asked.
            .Replace("WAIT", (withDisks ? "--block " : "") + (withDirtyRate ? "--dirtyrate" : "--nowait"), StringComparison.Ordinal);
    }
}
