namespace TrafficMigration.Kvm.Offline;

/// <summary>What is asked of both ends before VMs are moved while they stand still. Leaves nothing.</summary>
internal static class InventoryScripts
{
    // $1 the nearest folder that is there.
    private const string Room =
        """
        room() { at=$1; while [ ! -d "$at" ]; do at=${at%/*}; [ -n "$at" ] || at=/; done; df -P -k -- "$at" | awk 'NR == 2 { printf "%.0f %s\n", $4 * 1024, $6 }'; }
        """ + "\n";

    /// <summary>
    /// At the source. $1 where folders of runs are, $2 destination, $3 its address or nothing, then the files. Prints what is
    /// wrong with the tools, the room for images, whether libvirt takes a format, the way to the destination, then for each
    /// file its sizes and a new file beside it, by which the destination shows whether both see the same file system.
    /// </summary>
    public const string Source = OfflineScripts.Common + Room +
        """
        base=$1 name=$2 address=$3; shift 3
        [ "$(id -u)" = 0 ] || echo "problem the login user is not root"
        for tool in awk cmp dd ssh split sha256sum truncate; do command -v "$tool" >/dev/null || echo "problem there is no '$tool'"; done
        virsh help save 2>/dev/null | grep -q -e --image-format && echo formats
        echo "room $(room "$base")"
        said=$(ssh -o BatchMode=yes -o ConnectTimeout=10 ${address:+-o "HostName=$address" -o "HostKeyAlias=$name"} "$name" true 2>&1 </dev/null) ||
          echo "problem ssh from here to '$name' does not work without a prompt: $(printf '%s' "$said" | tail -n 1)"
        for file; do
          [ -f "$file" ] || { echo "file - - -"; continue; }
          echo "file $(stat -L -c '%s %b' -- "$file") $(mktemp -- "${file%/*}/.trafficmigration.XXXXXX" 2>/dev/null || echo -)"
        done
        """;

    /// <summary>At the destination. $1 where folders of runs are, then for each file its path, and the name of the new file beside it or -.</summary>
    public const string Destination = OfflineScripts.Common + Room +
        """
        base=$1; shift
        [ "$(id -u)" = 0 ] || echo "problem the login user is not root"
        for tool in awk cmp dd split sha256sum truncate; do command -v "$tool" >/dev/null || echo "problem there is no '$tool'"; done
        virsh help restore 2>/dev/null | grep -q -e --parallel-channels && echo formats
        echo "room $(room "$base")"
        while [ $# -gt 0 ]; do
          shared=; there=
          [ "$2" != - ] && [ -e "$2" ] && shared=shared
          [ -e "$1" ] && there=there
          echo "file ${shared:--} ${there:--} $(room "${1%/*}")"
          shift 2
        done
        """;

    /// <summary>Removes the new files. $1.. their names.</summary>
    public const string Clear =
        """
        for file; do case $file in */.trafficmigration.*) rm -f -- "$file" ;; esac; done
        """;
}
