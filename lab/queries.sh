# shellcheck shell=bash
# Redis in guests, asked by redis-benchmark in other guests, and how many
# answers a second the askers got. Needs a lab that is up --with redis.
#
# An asker keeps some connections that read and some that write, each with one
# question at a time, over a range of keys that the server knows nearly all of:
# a write is mostly an update and sometimes an insert. The mix is what both
# reach; writes are a quarter of the connections.

REDIS_PACKAGES="redis-server redis-tools"
REDIS_PROGRAMS="redis-server redis-benchmark"
QUERY_KEYS=500 QUERY_BYTES=16384

# Starts the server and fills it; ends when it is filled.
redis_start() { # VM
    [ -e "$STATE/with-redis" ] || die "the guests of this lab have no redis (up --with redis)" 2
    guest_exec "${1:?VM}" -- "redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --daemonize yes >/dev/null &&
        n=0; until redis-benchmark -q -t set -c 4 -n $((QUERY_KEYS * 3)) -r $QUERY_KEYS -d $QUERY_BYTES >/dev/null 2>&1; do
            n=\$((n+1)); [ \$n -lt 50 ] || exit 1; usleep 200000; done"
}

query_key() { echo "$STATE/traffic/$1-queries-$2-$3"; } # ASKER SERVER get|set

# Lines end with a carriage return, as on a screen. The client's clock stamps
# them: the guest's own stands still while the guest does.
# shellcheck disable=SC2016
IN_ASKER='
    exec 3<>"/dev/tcp/$1/2323" || exit
    printf "%s\n" "exec 3<&0; (read -r _ <&3; kill \$\$) & exec $2 2>&1" >&3
    while IFS= read -r -d "$(printf "\r")" line <&3; do echo "$EPOCHREALTIME $line"; done'

queries_start() { # [--connections N] [--seconds S] ASKER SERVER
    local connections=4 seconds=600 kind count key asker server command
    while [ $# -gt 2 ]; do
        case $1 in
            --connections) connections=$2; shift 2 ;;
            --seconds) seconds=$2; shift 2 ;;
            *) die "queries-start knows no option $1" 2 ;;
        esac
    done
    [ $# = 2 ] || die "usage: queries-start [options] ASKER SERVER" 2
    need_number --connections "$connections" 2 64
    need_number --seconds "$seconds" 1 3600
    asker=$(guest_address "$1") server=$(guest_address "$2")
    for kind in get set; do
        count=$(((connections + 3) / 4))
        if [ "$kind" = get ]; then count=$((connections - count)); fi
        key=$(query_key "$1" "$2" "$kind")
        command="timeout $seconds redis-benchmark -h $server -t $kind -c $count -n 1000000000 -r $QUERY_KEYS -d $QUERY_BYTES"
        in_client '
            log=$1.log pid=$1.pid; shift
            rm -f "$pid"
            setsid bash -c "$(declare -f process_mark); process_mark \$\$ >\"\$1\"; shift; exec \"\$@\"" \
                _ "$pid" "$@" </dev/null >"$log" 2>&1 &
            for ((i = 0; i < 100; i++)); do
                if grep -q "rps=[1-9]" "$log" 2>/dev/null; then exit 0; fi
                sleep 0.1
            done
            cat "$log" >&2; exit 1' "$key" bash -c "$IN_ASKER" _ "$asker" "$command" ||
            die "'$1' gets no answers from '$2'"
    done
}

queries_stop() { # ASKER SERVER
    local kind
    for kind in get set; do
        in_client '
            mark_alive "$1" || exit 0
            read -r pid _ <"$1"
            kill -TERM "$pid"' "$(query_key "$1" "$2" "$kind").pid"
    done
}

# queries_mean ASKER SERVER FROM TO (epoch seconds): answers a second, of both kinds.
# A line holds for the time since the one before it, but no longer than two of
# its quarter seconds: where lines are missing, the asker stood still.
queries_mean() {
    local kind
    [ $# = 4 ] || die "usage: queries-mean ASKER SERVER FROM_EPOCH TO_EPOCH" 2
    for kind in get set; do
        awk -v from="$3" -v to="$4" '
            match($0, /rps=[0-9.]+/) {
                span = $1 - before; before = $1
                if ($1 <= from || $1 > to) next
                answers += substr($0, RSTART + 4, RLENGTH - 4) * (span < 0.5 ? span : 0.5)
            }
            END { printf "%.3f\n", answers / (to - from) }' "$(query_key "$1" "$2" "$kind").log" ||
            die "no queries of '$1' to '$2'" 6
    done | awk '{ sum += $1 } END { printf "%.1f\n", sum }'
}
