# shellcheck shell=bash
# The wire: a switch with a cable to each box, made inside the boxes' own network namespaces.

in_net() { local pid; pid=$(box_pid "$1"); shift; nsenter -t "$pid" -n -- "$@"; }

wire_up() {
    local box port
    in_net switch ip link add sw0 type bridge forward_delay 0 stp_state 0
    in_net switch ip link set sw0 up
    for box in "$@"; do
        [ "$box" = switch ] && continue
        port=p-$box
        # Both ends come into being inside the lab: the machine's own network never sees them.
        in_net switch ip link add "$port" type veth peer name uplink0 netns "$(box_pid "$box")"
        in_net switch ip link set "$port" master sw0 up
        case $box in
            kvm-*)
                say "${rate%mbit}" >"$state/$box/speed"
                wire_shape "$box" uplink0
                wire_shape switch "$port"
                ;;
        esac
    done
}

# One direction of a link at its rate, shared evenly by flows as a real NIC with fair queueing does. With a single FIFO
# the guests' flows fill the queue and a migration starves. This kernel has no fair qdisc, so: 32 equal leaves, TCP
# flows spread over them by a hash of the source port.
wire_shape() {
    local box=$1 dev=$2 leaf i share=$((${rate%mbit} * 1000 / 32))
    {
        say "qdisc add dev $dev root handle 1: htb default 10"
        say "class add dev $dev parent 1: classid 1:1 htb rate $rate ceil $rate"
        for ((i = 0; i < 32; i++)); do
            leaf=$(printf '%x' $((16 + i)))
            say "class add dev $dev parent 1:1 classid 1:$leaf htb rate ${share}kbit ceil $rate"
            say "qdisc add dev $dev parent 1:$leaf bfifo limit 98304"
        done
        say "filter add dev $dev parent 1: protocol ip prio 1 handle 2: u32 divisor 32"
        for ((i = 0; i < 32; i++)); do
            say "filter add dev $dev parent 1: protocol ip prio 1 u32 ht 2:$(printf '%x' "$i"): match ip protocol 6 0xff flowid 1:$(printf '%x' $((16 + i)))"
        done
        say "filter add dev $dev parent 1: protocol ip prio 1 u32 ht 800:: match ip protocol 6 0xff hashkey mask 0x001f0000 at 20 link 2:"
    } | in_net "$box" tc -batch -
}
