namespace TrafficMigration.Kvm;

/// <summary>The one remote command that takes a <see cref="HostSample"/>, whatever the number of VMs.</summary>
/// <remarks>
/// Both clocks are read before and after the counters, on the host, so that SSH's latency does not enter a rate.
/// <c>domstats</c> and <c>list</c> run in one virsh, over one connection to libvirtd. The address in
/// <c>SSH_CONNECTION</c> is the one by which the host is known, so migrations to and from it use that link.
/// </remarks>
internal static class HostSampleCommand
{
    public const string Text =
        """
        export LC_ALL=C
        clock() { printf '@clock '; date +%s.%N | tr '\n' ' '; cut -d' ' -f1 /proc/uptime; }
        clock
        printf '@domains\n'
        timeout 15 virsh -q -c qemu:///system 'list --uuid --name; domstats --list-running --state --balloon --interface --raw' || exit
        printf '@links\n'
        cat /proc/net/dev
        clock
        cd /sys/class/net
        for link in *; do
          master=-; [ -e "$link/master" ] && master=$(basename "$(readlink "$link/master")")
          tap=0; [ -e "$link/tun_flags" ] && tap=1
          speed=$(cat "$link/speed" 2>/dev/null) || speed=-
          printf '@link %s %s %s %s\n' "$link" "$master" "$tap" "${speed:--}"
        done
        set -- $SSH_CONNECTION
        printf '@address %s\n' "$(ip -o addr show to "${3:-127.0.0.1}" 2>/dev/null | awk '{print $2; exit}')"
        awk '/^MemAvailable:/ {print "@memory " $2}' /proc/meminfo
        """;
}
