# shellcheck shell=bash
# iperf3 flows between the outside client and guests, and what they reached.
#
# The client box runs iperf3's client for both directions and logs one line a
# second, stamped with the epoch second at which the interval ended.
# "out" (-R) is accurate as it is: the client receives. For "in" the client is
# the sender, whose figures run ahead of the guest by what sits in its socket
# buffer; with -w 512K that is at most 0.04 s of a 100 Mbit/s link, and 512 KiB
# is still several times what the link and its queues can hold.

# Functions that also have to work in the client box travel with the command.
in_client() { # SCRIPT ARG...
    local script=$1; shift
    lab_run client bash -c "$(declare -f process_mark mark_alive); $script" _ "$@" </dev/null
}

traffic_key() { # VM DIRECTION LABEL
    [[ $2 == out || $2 == in ]] || die "the direction is out (the guest sends) or in, not '$2'" 2
    [[ $3 != */* ]] || die "not a label: '$3'" 2
    echo "${3:-$1-$2}"
}

# Replies leave the guest from the server's port, and the shaper spreads flows
# by source port: guests next to each other use different ports, or two senders
# would share one leaf and get one share.
default_port() { # ADDRESS
    echo $((5201 + (${1##*.} - 101 + 1000) % 4))
}

traffic_start() { # --rate R --seconds S --port P --label L VM out|in
    local rate=0 seconds=600 port='' label='' args=() key options=()
    while [ $# -gt 0 ]; do
        case $1 in
            --rate) rate=$2; shift 2 ;;
            --seconds) seconds=$2; shift 2 ;;
            --port) port=$2; shift 2 ;;
            --label) label=$2; shift 2 ;;
            --) shift; args+=("$@"); break ;;
            --*) die "traffic-start knows no option $1" 2 ;;
            *) args+=("$1"); shift ;;
        esac
    done
    [ "${#args[@]}" = 2 ] || die "usage: traffic-start [options] VM out|in" 2
    local vm=${args[0]} way=${args[1]} address
    key=$(traffic_key "$vm" "$way" "$label")
    address=$(guest_address "$vm")
    [ -n "$port" ] || port=$(default_port "$address")
    need_number --port "$port" 5201 5204
    need_number --seconds "$seconds" 1 3600
    [[ $rate =~ ^[0-9]+[KMG]?$ ]] || die "--rate must be like 0 or 50M, not '$rate'" 2
    if in_client 'mark_alive "$1"' "$STATE/traffic/$key.pid"; then die "'$key' is running already" 4; fi
    if [ "$way" = out ]; then options=(-R); else options=(-w 512K); fi

    printf '%s\n' "$vm" "$way" >"$STATE/traffic/$key.flow"
    in_client '
        log=$1.log pid=$1.pid; shift
        rm -f "$pid" # of a flow that ended by itself: this one would seem dead
        setsid bash -c "$(declare -f process_mark); process_mark \$\$ >\"\$1\"; shift; exec \"\$@\"" \
            _ "$pid" "$@" </dev/null >"$log" 2>&1 &
        for ((i = 0; i < 100; i++)); do
            if grep -q "bits/sec" "$log" 2>/dev/null; then exit 0; fi
            if [ -s "$pid" ] && ! mark_alive "$pid"; then break; fi
            sleep 0.1
        done
        cat "$log" >&2; exit 1' "$STATE/traffic/$key" \
        iperf3 -c "$address" -p "$port" -t "$seconds" -b "$rate" -i 1 -f k \
        --forceflush --timestamps='%s ' "${options[@]}" ||
        die "no traffic '$key' came about"
}

traffic_stop() { # VM [out|in]
    local vm=${1:?VM} way=${2:-} flow key found=0
    for flow in "$STATE"/traffic/*.flow; do
        [ -e "$flow" ] && [ "$(head -n 1 "$flow")" = "$vm" ] || continue
        [ -z "$way" ] || [ "$(tail -n 1 "$flow")" = "$way" ] || continue
        found=1 key=${flow%.flow}
        in_client '
            mark_alive "$1" || exit 0
            read -r pid _ <"$1"
            kill -INT "$pid"
            for ((i = 0; i < 30; i++)); do mark_alive "$1" || exit 0; sleep 0.1; done
            kill -KILL "$pid"' "$key.pid"
        rm -f "$flow" "$key.pid" # the log stays: traffic-mean reads it
    done
    [ "$found" = 1 ] || die "no traffic of '$vm' ${way:+($way) }is running" 6
}

traffic_list() {
    local flow key
    for flow in "$STATE"/traffic/*.flow; do
        [ -e "$flow" ] || continue
        key=${flow%.flow}
        if in_client 'mark_alive "$1"' "$key.pid"; then
            printf '%s\n' "${key##*/}: $(grep 'bits/sec' "$key.log" | tail -n 1)"
        fi
    done
}

traffic_mean() { # [--label L] VM out|in FROM TO (epoch seconds): bit/s
    local label='' key
    if [ "${1:-}" = --label ]; then label=$2; shift 2; fi
    [ $# = 4 ] || die "usage: traffic-mean [--label L] VM out|in FROM_EPOCH TO_EPOCH" 2
    key=$(traffic_key "$1" "$2" "$label")
    [ -e "$STATE/traffic/$key.log" ] || die "no log of traffic '$key'" 6
    # The lines at the end that say sender or receiver are sums of the whole.
    awk -v from="$3" -v to="$4" '
        $1 > from && $1 <= to && /bits\/sec/ && !/sender|receiver/ {
            for (i = 2; i <= NF; i++) {
                if ($i == "sec") split($(i - 1), ends, "-")
                if ($i == "Kbits/sec") rate = $(i - 1)
            }
            span = ends[2] - ends[1]
            kbits += rate * span; seconds += span
        }
        END { if (seconds == 0) exit 1; printf "%.0f\n", kbits * 1000 / seconds }' \
        "$STATE/traffic/$key.log" || die "traffic '$key' has no line between $3 and $4" 6
}
