namespace TrafficMigration.Kvm.Offline;

/// <summary>What hosts run for VMs that are moved as a group while they stand still; <see cref="BlockScripts"/> has how files cross.</summary>
/// <remarks>
/// Each may be run again after it was cut off: it looks at what is there, and does what is missing. $2 is the folder of the
/// run: VM.was, VM.xml, VM.persistent, VM.autostart, VM.memory and VM.saved for each VM, by its number in the run.
/// </remarks>
internal static class OfflineScripts
{
    /// <summary>Where the folder of a run is, at either end: on a disk, so that a restart of the host leaves it.</summary>
    public const string Folder = "/var/lib/libvirt/trafficmigration";

    /// <summary>The beginning of each script here.</summary>
    public const string Common =
        """
        export LC_ALL=C
        umask 077
        v() { virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        is_off() { case $(v domstate "$1" 2>/dev/null) in ''|'shut off') true ;; *) false ;; esac; }
        """ + "\n";

    // The frame of a job (JobScripts.Start): its marks are in $1. A session of its own, so that one signal ends all of it.
    internal const string Job =
        """

        cd "$1" || exit
        echo $$ >pid
        date +%s.%N >started
        (work "$@") >said 2>&1
        echo $? >code
        date +%s.%N >ended
        mv code exit
        """;

    /// <summary>A job at the source. $3 number of the VM, $4 its UUID, $5 Save or Shutdown, $6 seconds that a shutdown may take, $7 format of the image or nothing.</summary>
    public const string Save = Common +
        """
        keep() {
          [ -e "$3.was" ] && return
          v domstate "$4" >"$3.state" || return
          if v dominfo "$4" | grep '^Persistent: *yes' >/dev/null; then
            v dumpxml --inactive --security-info "$4" >"$3.xml" || return
            : >"$3.persistent"
            v dominfo "$4" | grep '^Autostart: *enable' >/dev/null && : >"$3.autostart"
          else
            v dumpxml --migratable --security-info "$4" >"$3.xml" || return
          fi
          mv "$3.state" "$3.was"
        }
        # A host that restarts while the group is on its way must not start it.
        disarm() { [ ! -e "$3.autostart" ] || v autostart --disable "$4" >/dev/null; }
        work() {
          mkdir -p "$2" && cd "$2" && keep "$@" && disarm "$@" || return
          [ -e "$3.saved" ] && return
          if [ "$5" = Save ] && is_off "$4"; then
            # Cut off after libvirt had saved and before our mark: the image is whole, or virsh says so here.
            v save-image-dumpxml "$2/$3.memory" >/dev/null || return
          elif [ "$5" = Save ]; then
            rm -f "$3.memory"
            v save "$4" "$2/$3.memory" ${7:+--image-format "$7"} || return
          elif ! is_off "$4"; then
            v shutdown "$4" || return
            end=$(($(date +%s) + $6))
            until is_off "$4"; do
              [ "$(date +%s)" -lt "$end" ] || { echo "it did not shut down within $6 s" >&2; return 1; }
              sleep 0.5
            done
          fi
          : >"$3.saved"
        }
        """ + Job;

    /// <summary>A job at the destination: the VM comes to be there, and stands still. $3 number of the VM, $4 its UUID, $5 Save or Shutdown.</summary>
    public const string Load = Common +
        """
        work() {
          cd "$2" || return
          case $(v domstate "$4" 2>/dev/null) in
            paused) return ;;
            ''|'shut off') ;;
            *) echo "it is active there already" >&2; return 1 ;;
          esac
          if [ "$5" = Save ]; then v restore "$2/$3.memory" --paused; else v create "$3.xml" --paused; fi
        }
        """ + Job;

    /// <summary>A job at the source: the VM is what it was before. $3 number of the VM, $4 its UUID, $5 Save or Shutdown.</summary>
    public const string Back = Common +
        """
        work() {
          cd "$2" 2>/dev/null && [ -e "$3.was" ] || return 0
          if is_off "$4"; then
            how=; grep -q '^paused' "$3.was" && how=--paused
            if [ "$5" = Save ]; then v restore "$2/$3.memory" "${how:---running}"
            elif [ -e "$3.persistent" ]; then v start "$4" $how
            else v create "$3.xml" $how
            fi || return
          fi
          [ ! -e "$3.autostart" ] || v autostart "$4" >/dev/null || return
          rm -f "$3.memory" "$3.saved" "$3.was"
        }
        """ + Job;

    /// <summary>At the destination: throws away a VM that was loaded and never ran. $1 UUID. Prints its state and ends with 3 where that is not so.</summary>
    public const string Discard = Common +
        """
        case $(v domstate "$1" 2>/dev/null) in
          paused) v destroy "$1" >/dev/null ;;
          ''|'shut off') ;;
          *) v domstate "$1" --reason >&2; exit 3 ;;
        esac
        """;

    /// <summary>At the destination, once all are there: gives a VM its definition and its start with the host. $2 folder, $3 number, $4 UUID.</summary>
    public const string Define = Common +
        """
        cd "$1" 2>/dev/null || exit 0
        [ -e "$2.persistent" ] || exit 0
        v define "$2.xml" >/dev/null || exit
        [ ! -e "$2.autostart" ] || v autostart "$3" >/dev/null
        """;

    /// <summary>Removes a run's folder, and the marks of its steps. $1 folder, $2 run.</summary>
    public const string Forget = JobScripts.Place +
        """
        rm -rf -- "${place:?}/${2:?}"-*
        case $1 in /*/trafficmigration/*) rm -rf -- "$1"; rmdir -- "${1%/*}" 2>/dev/null ;; esac
        true
        """;

    /// <summary>Keeps a job from being started that has not been: an order to start it may still be on its way. $1 name.</summary>
    public const string Bar = JobScripts.Place +
        """
        mkdir -m 700 "$place/$1" 2>/dev/null && { echo 'it was not begun' >"$place/$1/said"; echo 1 >"$place/$1/exit"; }
        true
        """;

    /// <summary>Ends a job. $1 name. A job that saves is not ended so: libvirt would go on.</summary>
    public const string Kill = JobScripts.Place +
        """
        cd "$place/$1" 2>/dev/null || exit 0
        # One that has just been started has not said yet who it is.
        for i in 1 2 3 4 5 6 7 8 9 10; do [ ! -e pid ] && [ ! -e exit ] || break; sleep 0.1; done
        [ -e exit ] || { pid=$(cat pid 2>/dev/null) && kill -TERM -- "-$pid" 2>/dev/null; }
        for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
          kill -0 -- "-$pid" 2>/dev/null || break
          sleep 0.1
        done
        true
        """;

    /// <summary>$1 name. As <see cref="JobScripts.Read"/>, with what a copy has sent: item, size, blocks with content, blocks sent, bytes sent.</summary>
    public const string Read = JobScripts.Place +
        """
        cd "$place/$1" 2>/dev/null || exit 0
        echo @begun
        kill -0 "$(cat pid 2>/dev/null)" 2>/dev/null || { [ -e pid ] && echo @dead; }
        for mark in started ended sent said exit; do
          [ -e "$mark" ] && { echo "@$mark"; cat "$mark"; }
        done
        true
        """;
}
