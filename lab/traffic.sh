# shellcheck shell=bash
# Traffic between the outside client and a guest. Every flow is bounded in time.

flow_log() { say "$state/client/flow-$1-$2.log"; }

# out: the guest sends, and the figures are the receiver's, here. in: the guest receives; the figures are the sender's,
# which differ from the receiver's only by what lies in socket buffers when the flow starts.
traffic_start() {
    local vm=$1 direction=$2 reverse='' octet log
    octet=$(guest_octet "$vm")
    [ "$direction" = out ] && reverse=-R
    ((seconds <= 3600)) || fail "a flow lasts at most 3600 s." 2
    log=$(flow_log "$vm" "$direction")
    # shellcheck disable=SC2016 # expanded in the box
    lab_run client sh -c '
        : >"$1"
        setsid iperf3 -c "198.51.100.$2" -p "$3" -b "$4" -t "$5" $6 -i 1 -f k --forceflush --timestamps="%s " >"$1" 2>&1 </dev/null &
        echo $! >"$1.pid"' sh "$log" "$octet" "$port" "$flow_rate" "$seconds" "$reverse"
}

traffic_stop() {
    local log
    log=$(flow_log "$1" "$2")
    # shellcheck disable=SC2016
    lab_run client sh -c 'kill "$(cat "$1.pid")" 2>/dev/null; rm -f "$1.pid"' sh "$log" || true
}

# A line such as "1790000000 [  5]   3.00-4.00   sec  11.4 MBytes  95600 Kbits/sec" is stamped at its interval's end.
traffic_mean() {
    awk -v from="$3" -v to="$4" '
        $1 > from && $1 <= to && / sec / && !/sender|receiver/ {
            for (i = 2; i <= NF; i++) if ($i ~ /^Kbits\/sec/) { sum += $(i - 1); n++ }
        }
        END { if (n == 0) exit 1; printf "%d\n", sum / n * 1000 }' "$(flow_log "$1" "$2")"
}
