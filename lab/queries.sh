# shellcheck shell=bash
# Redis in guests, asked by redis-cli in other guests, and how many answers a
# second it gave. Needs a lab that is up --with redis.
#
# An asker keeps some connections that read and some that write: a question, its
# answer, a pause, and again, so that a slower network shows as fewer answers
# (guest-init's `ask`). Without pauses emulated guests would be limited by their
# processors. Keys are asked for in turn, some of which a server does not know
# at first: a write is mostly an update and sometimes an insert. One more
# connection reads the server's count of questions once a second.

# shellcheck disable=SC2034 # lab.sh asks for them
REDIS_PACKAGES="redis-server redis-tools"
# shellcheck disable=SC2034
REDIS_PROGRAMS="redis-server redis-cli"

QUERY_BITS=$((65536 * 8)) # of an answer, or of a question that writes (guest-init's `ask`)

# Starts the server and fills it; ends when it is filled.
redis_start() { # VM
    [ -e "$STATE/with-redis" ] || die "the guests of this lab have no redis (up --with redis)" 2
    guest_exec "${1:?VM}" -- "redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --hz 1 --daemonize yes >/dev/null &&
        n=0; until redis-cli ping; do n=\$((n+1)); [ \$n -lt 50 ] || exit 1; usleep 200000; done >/dev/null
        ask fill" || die "the Redis of guest '$1' did not start"
}

query_key() { echo "$STATE/traffic/$1-queries-$2-$3"; } # ASKER SERVER NUMBER
query_keys() { compgen -G "$(query_key "$1" "$2" '[0-9]*').pid" | sed 's/\.pid$//'; } # ASKER SERVER; of those started

# The client's clock stamps the lines: the guest's own stands still while the
# guest does.
# shellcheck disable=SC2016
IN_ASKER='
    exec 3<>"/dev/tcp/$1/2323" || exit
    printf "%s\n" "exec 3<&0; (read -r _ <&3; kill \$\$) & exec $2 2>&1" >&3
    while IFS= read -r line <&3; do echo "$EPOCHREALTIME $line"; done'

queries_start() { # [--connections N] [--rate BITS/S, of all together at most] [--seconds S] ASKER SERVER
    local connections=3 rate=6000000 seconds=600 pause kind number asker server
    while [ $# -gt 2 ]; do
        case $1 in
            --connections) connections=$2; shift 2 ;;
            --rate) rate=$2; shift 2 ;;
            --seconds) seconds=$2; shift 2 ;;
            *) die "queries-start knows no option $1" 2 ;;
        esac
    done
    [ $# = 2 ] || die "usage: queries-start [options] ASKER SERVER" 2
    need_number --connections "$connections" 2 64
    need_number --rate "$rate" 100000 1000000000
    need_number --seconds "$seconds" 1 3600
    pause=$(awk -v bits=$((QUERY_BITS * connections)) -v rate="$rate" 'BEGIN { printf "%.3f", bits / rate }')
    asker=$(guest_address "$1") server=$(guest_address "$2")
    for ((number = 0; number <= connections; number++)); do
        kind='read'
        if [ "$number" = 0 ]; then kind=count; elif [ $((number % 4)) = 1 ]; then kind='write'; fi
        in_client '
            log=$1.log pid=$1.pid; shift
            rm -f "$pid"
            setsid bash -c "$(declare -f process_mark); process_mark \$\$ >\"\$1\"; shift; exec \"\$@\"" \
                _ "$pid" "$@" </dev/null >"$log" 2>&1 &' \
            "$(query_key "$1" "$2" "$number")" bash -c "$IN_ASKER" _ "$asker" "timeout $seconds ask $kind $server $pause"
    done
    in_client '
        for ((i = 0; i < 100; i++)); do
            if awk -v some="$2" "NR == 1 { first = \$2 } \$2 > first + some { grown = 1 } END { exit !grown }" "$1" 2>/dev/null; then exit 0; fi
            sleep 0.1
        done
        cat "$1" >&2; exit 1' "$(query_key "$1" "$2" 0).log" "$connections" || die "'$1' gets no answers from '$2'"
}

queries_stop() { # ASKER SERVER
    local key
    for key in $(query_keys "$1" "$2"); do
        in_client '
            mark_alive "$1" || exit 0
            read -r pid _ <"$1"
            kill -TERM "$pid"' "$key.pid"
    done
}

# queries_mean ASKER SERVER FROM TO (epoch seconds): answers a second, of both kinds.
queries_mean() {
    local log
    [ $# = 4 ] || die "usage: queries-mean ASKER SERVER FROM_EPOCH TO_EPOCH" 2
    log=$(query_key "$1" "$2" 0).log
    [ -e "$log" ] || die "no queries of '$1' to '$2'" 6
    # The last count before each end. In between there may be seconds without one.
    awk -v from="$3" -v to="$4" '
        $2 !~ /^[0-9]+$/ { next }
        begin == "" || $1 <= from { begin = $1; first = $2 }
        $1 <= to { end = $1; last = $2 }
        END { if (end <= begin) exit 1; printf "%.1f\n", (last - first) / (end - begin) }' "$log" ||
        die "no two counts of '$1' at '$2' between $3 and $4" 1
}
