# shellcheck shell=bash
# iperf3 flows between the outside client and guests, or from guest to guest,
# and what they reached.
#
# The client box runs iperf3's client for both directions and logs one line a
# second, stamped with the epoch second at which the interval ended. Of a flow
# between guests the receiver runs iperf3's client and the client box logs.
# "out" (-R) is accurate as it is: the client receives. For "in" the client is
# the sender, whose figures run ahead of the guest by what sits in its socket
# buffer; with -w 512K that is at most 0.04 s of a 100 Mbit/s link, and 512 KiB
# is still several times what the link and its queues can hold.

# Functions that also have to work in the client box travel with the command.
in_client() { # SCRIPT ARG...
    local script=$1; shift
    lab_run client bash -c "$(declare -f process_mark mark_alive); $script" _ "$@" </dev/null
}

# parse_flow ARG...: VM out|in, or VM to PEER; what is behind goes into `rest`.
parse_flow() {
    vm=${1:-} way=${2:-} peer='' rest=()
    case $way in
        out | in) rest=("${@:3}") ;;
        to) peer=${3:-} rest=("${@:4}")
            if [[ -z $peer || $peer == "$vm" ]]; then die "'$vm' to which other guest?" 2; fi ;;
        *) die "a flow is out (the guest sends), in, or to OTHER-VM, not '$way'" 2 ;;
    esac
}

flow_key() { # LABEL; of what parse_flow found
    [[ $1 != */* ]] || die "not a label: '$1'" 2
    echo "${1:-$vm-$way${peer:+-$peer}}"
}

# A server serves one flow at a time, and the shaper spreads flows over its 32
# leaves by the last five bits of the source port: two flows in one leaf would
# get one share. So a guest has four ports of its own, one per kind of flow,
# and eight guests with numbers in a row fill the leaves. The sender's port
# counts: the server's for out and to, the client's (--cport) for in.
flow_port() { # of what parse_flow found
    local octet kind
    octet=$(guest_octet "$vm") || die "no address known for guest '$vm'" 6
    case $way in
        out) kind=0 ;;
        in)  kind=1 ;;
        to)  kind=$((2 + $(guest_octet "$peer") % 2)) || exit ;;
    esac
    echo $((5201 + (octet + 3) % 8 * 4 + kind))
}

# In the client: a guest runs the command, and each line is stamped with the
# client's clock, as the guest's may be off. When we end, so does the command.
# shellcheck disable=SC2016
IN_GUEST='
    exec 3<>"/dev/tcp/$1/2323" || exit
    printf "%s\n" "exec 3<&0; (read -r _ <&3; kill \$\$) & exec $2 2>&1" >&3
    while IFS= read -r line <&3; do
        printf "%(%s)T %s\n" -1 "$line"
        case $line in "iperf Done."* | iperf3:*) break ;; esac
    done'

is_slow() { # RATE: below 10 Mbit/s, and not 0, which is as fast as it goes
    case $1 in
        0* | *[MG]) [[ $1 =~ ^[1-9]M$ ]] ;;
        *K) [ "${1%K}" -lt 10000 ] ;;
        *)  [ "$1" -lt 10000000 ] ;;
    esac
}

traffic_start() { # [option...] VM out|in | VM to PEER
    local rate=0 seconds=600 port='' label='' udp=() args=() vm way peer rest key command address
    while [ $# -gt 0 ]; do
        case $1 in
            --rate) rate=$2; shift 2 ;;
            --udp) udp=(-u); shift ;;
            --seconds) seconds=$2; shift 2 ;;
            --port) port=$2; shift 2 ;;
            --label) label=$2; shift 2 ;;
            --) shift; args+=("$@"); break ;;
            --*) die "traffic-start knows no option $1" 2 ;;
            *) args+=("$1"); shift ;;
        esac
    done
    parse_flow "${args[@]}"
    [ "${#rest[@]}" = 0 ] || die "traffic-start knows no '${rest[0]}'" 2
    key=$(flow_key "$label")
    address=$(guest_address "$vm")
    # Its iperf3 listens by then: a guest may have been started without waiting for it.
    guest_wait "$vm" 120 || die "guest '$vm' does not answer within 120 s"
    [ -n "$port" ] || port=$(flow_port)
    need_number --port "$port" 5201 5232
    need_number --seconds "$seconds" 1 3600
    [[ $rate =~ ^[0-9]+[KMG]?$ ]] || die "--rate must be like 0 or 50M, not '$rate'" 2
    [ "${#udp[@]}" = 0 ] || [ "${rate%[KMG]}" -gt 0 ] || die "--udp needs a --rate" 2
    if in_client 'mark_alive "$1"' "$STATE/traffic/$key.pid"; then die "'$key' is running already" 4; fi

    # A client's port with the same last bits, hardly ever one used before, and
    # below those that the kernel gives out.
    # iperf3 does not end, and uses a whole core, if the other end is gone: timeout.
    # Its usual 128 KiB at a time would be all of a second for a slow flow; and
    # its timer of 1 ms costs an emulated guest a sixth of a processor.
    command=(iperf3 -c "$address" -p "$port" --cport $(((313 + RANDOM % 700) * 32 + port % 32))
        -t "$seconds" -b "$rate" -i 1 -f k --forceflush "${udp[@]}")
    if [ "${#udp[@]}" = 0 ]; then command+=(--pacing-timer 10000); fi
    if [ "${#udp[@]}" = 0 ] && is_slow "$rate"; then command+=(-l 16K); fi
    case $way in
        out) command=(timeout -k 5 $((seconds + 20)) "${command[@]}" -R --timestamps='%s ') ;;
        in)  command=(timeout -k 5 $((seconds + 20)) "${command[@]}" -w 512K --timestamps='%s ') ;;
        to)  command=(bash -c "$IN_GUEST" _ "$(guest_address "$peer")" "${command[*]} -R") ;;
    esac

    printf '%s\n' "$vm" "$way" "$peer" >"$STATE/traffic/$key.flow"
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
        cat "$log" >&2; exit 1' "$STATE/traffic/$key" "${command[@]}" ||
        die "no traffic '$key' came about"
}

traffic_stop() { # VM [out|in | to PEER]; without the latter, all that it began
    local vm=${1:?VM} way='' peer='' rest flow key known found=0
    if [ $# -gt 1 ]; then parse_flow "$@"; fi
    for flow in "$STATE"/traffic/*.flow; do
        if [ ! -e "$flow" ]; then continue; fi
        mapfile -t known <"$flow"
        if [ "${known[0]}" != "$vm" ]; then continue; fi
        if [ -n "$way" ] && [ "${known[*]:1:2}" != "$way $peer" ]; then continue; fi
        found=1 key=${flow%.flow}
        in_client '
            mark_alive "$1" || exit 0
            read -r pid _ <"$1"
            kill -TERM "$pid"
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

# traffic_mean [--label L] [--sent] VM out|in FROM TO, VM to PEER FROM TO (epoch
# seconds): bit/s of payload. --sent counts also what an "in" flow's sender
# sent again: of that, the guest received the part that no queue dropped.
traffic_mean() {
    local label='' sent=0 vm way peer rest key
    while :; do
        case ${1:-} in
            --label) label=$2; shift 2 ;;
            --sent) sent=1; shift ;;
            *) break ;;
        esac
    done
    parse_flow "$@"
    [ "${#rest[@]}" = 2 ] || die "usage: traffic-mean [--label L] [--sent] VM out|in|to OTHER-VM FROM_EPOCH TO_EPOCH" 2
    key=$(flow_key "$label")
    [ -e "$STATE/traffic/$key.log" ] || die "no log of traffic '$key'" 6
    # The lines at the end that say sender or receiver are sums of the whole.
    # A TCP sender's lines end with segments sent again and the window; with time stamps a segment holds 1448 bytes.
    awk -v from="${rest[0]}" -v to="${rest[1]}" -v sent="$sent" '
        $1 > from && $1 <= to && /bits\/sec/ && !/sender|receiver/ {
            for (i = 2; i <= NF; i++) {
                if ($i == "sec") split($(i - 1), ends, "-")
                if ($i == "Kbits/sec") { rate = $(i - 1); again = sent && NF > i + 2 ? $(i + 1) * 1448 * 8 / 1000 : 0 }
            }
            span = ends[2] - ends[1]
            kbits += rate * span + again; seconds += span
        }
        END { if (seconds == 0) exit 1; printf "%.0f\n", kbits * 1000 / seconds }' \
        "$STATE/traffic/$key.log" || die "traffic '$key' has no line between ${rest[0]} and ${rest[1]}" 6
}
