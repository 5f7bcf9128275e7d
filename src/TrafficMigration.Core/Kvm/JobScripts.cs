namespace TrafficMigration.Kvm;

/// <summary>The shell scripts of <see cref="MigrationJob"/> and <see cref="HostLease"/>. $1 is always the name of the job or run.</summary>
internal static class JobScripts
{
    // /run is the host's own and empty after a restart, as are migrations. Whoever may not write there uses /tmp.
    // Names in it are made by mkdir and mktemp only, which follow no link that somebody else has laid there, and what
    // one user has made, another one can neither remove nor replace (1777).
    internal const string Place =
        """
        export LC_ALL=C
        place=/run/lock; [ -w "$place" ] || place=/tmp
        place=$place/trafficmigration
        [ -d "$place" ] || mkdir -m 1777 "$place" 2>/dev/null
        [ ! -L "$place" ] || { echo "$place is a link that somebody has laid there" >&2; exit 73; }
        """ + "\n";

    /// <summary>$1 name, $2 the script <see cref="Run"/>, then its arguments. The job goes on in a session of its own.</summary>
    public const string Start = Place +
        """
        command -v virsh >/dev/null || exit 127
        folder=$place/$1 script=$2; shift 2
        mkdir -m 700 "$folder" || { [ -O "$folder" ]; exit; }
        setsid sh -c "$script" trafficmigration "$folder" "$@" </dev/null >/dev/null 2>&1 &
        """;

    // $1 folder, $2 VM, $3 destination's libvirt, $4 destination's QEMU, or nothing to tunnel through libvirt, $5 technique,
    // $6 MiB/s or nothing, $7 whether a pre-copy may be switched, $8 longest downtime in ms or nothing, $9 the name in the
    // destination's certificate or nothing for no TLS, $10 how the disks named in $11 are copied or nothing, $12 virsh's
    // options for compression and connections. A limit is set for both phases: post-copy has one
    // of its own, and none by default. The final figures come from the job-completed event: afterwards the source has no
    // VM left to ask. A VM that is defined stays defined, at the destination; a transient one stays transient.
    // Post-copy from the start: the first migration-iteration event says that memory flows, and only from then on
    // QEMU accepts the switch. Asked a moment too early it refuses, hence the loop.

    /// <summary>What runs on the source as long as the migration does.</summary>
    public const string Run =
        """
        export LC_ALL=C
        v() { virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        cd "$1" || exit
        echo $$ >pid
        flags= flowing= logged=
        [ -n "$6" ] && flags="--bandwidth $6"
        [ -n "$4" ] || flags="$flags --tunnelled"
        v dominfo "$2" >info 2>/dev/null
        grep -q '^Persistent: *yes' info && { flags="$flags --persistent --undefinesource"; : >persistent; }
        grep -q '^Autostart: *enable' info && : >autostart
        # Not by v: what is killed at the end is to be virsh itself and not a shell that waits for it.
        virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" event "$2" --event job-completed >completed 2>/dev/null & figures=$!
        if [ "$5" = PostCopy ] || [ -n "$7" ]; then
          flags="$flags --postcopy${6:+ --postcopy-bandwidth $6}"
        fi
        [ "$5" = Recover ] && flags="$flags --postcopy --postcopy-resume"
        if [ "$5" = PostCopy ]; then
          virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" event "$2" --event migration-iteration >/dev/null 2>&1 & flowing=$!
        fi
        [ -n "$8" ] && v migrate-setmaxdowntime "$2" "$8" >/dev/null 2>&1
        log=/var/log/libvirt/qemu/$(sed -n 's/^Name: *//p' info).log
        [ -r "$log" ] && logged=$(wc -c <"$log")
        date +%s.%N >started
        (
          v migrate --live --p2p $flags ${12} ${9:+--tls --tls-destination "$9"} ${10:+"${10}" --migrate-disks "${11}"} "$2" "$3" ${4:+"$4"} >said 2>&1; echo $? >code
          date +%s.%N >ended
          kill $flowing 2>/dev/null
        ) & job=$!
        if [ "$5" = PostCopy ]; then
          wait $flowing
          while [ ! -e ended ]; do
            v migrate-postcopy "$2" >/dev/null 2>&1 && { date +%s.%N >switched; v domjobinfo "$2" --rawstats >atswitch 2>/dev/null; break; }
            sleep 0.05
          done
        fi
        wait $job
        # Closing its connection to the other libvirt, libvirt may lose why the migration failed: QEMU's log has it, perhaps
        # a moment later. Marked, so that nothing a guest brings into that log passes for a mark of ours.
        if [ -n "$logged" ] && grep -q 'End of file while reading data: : ' said; then
          for i in 1 2 3 4 5 6 7 8 9 10; do
            why=$(tail -c "+$((logged + 1))" "$log" | grep -v ': initiating migration$' | tail -n 3 | cut -c 1-500 | sed 's/^/QEMU: /')
            [ -n "$why" ] && { printf '%s\n' "$why" >>said; break; }
            sleep 0.1
          done
        fi
        [ "$(cat code)" = 0 ] && for i in 1 2 3 4 5 6 7 8 9 10; do [ -s completed ] && break; sleep 0.1; done
        kill $figures 2>/dev/null
        mv code exit
        """;

    /// <summary>$1 name. Prints each mark after a line with its name; nothing if there never was such a job.</summary>
    public const string Read = Place +
        """
        cd "$place/$1" 2>/dev/null || exit 0
        echo @begun
        # A mark may be missing because the script was killed, or its disk is full: then nobody will leave one any more.
        kill -0 "$(cat pid 2>/dev/null)" 2>/dev/null || { [ -e pid ] && echo @dead; }
        for mark in started switched atswitch persistent autostart ended completed said exit; do
          [ -e "$mark" ] && { echo "@$mark"; cat "$mark"; }
        done
        true
        """;

    /// <summary>$1 name, $2 VM.</summary>
    public const string MarkSwitched = Place +
        """
        cd "$place/$1" || exit
        date +%s.%N >switched; timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" domjobinfo "$2" --rawstats >atswitch 2>/dev/null
        true
        """;

    /// <summary>$1 name.</summary>
    public const string Forget = Place +
        """
        rm -rf -- "${place:?}/${1:?}"
        """;

    // $1 run, $2 who it is, $3 which life of the run. A lock of the kernel on the folder: it ends with this process,
    // whatever becomes of us. The process ends when its input does, and 30 s after the last sign of life: a connection
    // that hangs must not block a host. A run that comes again waits for its own former lease; one that knows the host
    // by two names holds it already.

    /// <summary>Prints "held", or "busy" and who holds the host; then stays as long as signs of life come.</summary>
    public const string Lease = Place +
        """
        stay() { while timeout 30 sh -c 'read -r line'; do :; done; }
        exec 9<"$place" || exit 73
        tries=0
        until flock -n 9; do
          run= life= owner=
          { read -r run life; read -r owner; } 2>/dev/null <"$place/holder"
          [ "$run $life" = "$1 $3" ] && { echo held; stay; exit; }
          tries=$((tries + 1))
          # The lease of a run that has just ended takes a moment to go, too.
          [ $tries -lt 4 ] || { [ "$run" = "$1" ] && [ $tries -lt 35 ]; } || { echo "busy $run $owner"; exit 75; }
          sleep 1
        done
        for folder in "$place"/*-*; do
          case $folder in "$place/$1"-*) continue ;; esac
          if [ -e "$folder/pid" ] && [ ! -e "$folder/exit" ] && kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
            folder=${folder##*/}
            echo "left ${folder%%-*}"; exit 75
          fi
        done
        note=$(mktemp "$place/XXXXXX") && printf '%s %s\n%s\n' "$1" "$3" "$2" >"$note" && { mv -f "$note" "$place/holder" || rm -f "$note"; }
        echo held
        stay
        rm -f "$place/holder"
        """;
}
