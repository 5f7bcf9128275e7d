# shellcheck shell=bash
# The network of a lab: a bridge in the switch's box, a veth to every other box,
# and the shaper that makes a KVM host's link as narrow and as fair as a real one.

# in_net BOX CMD...: the box's network, the machine's everything else, so that
# pids named here are the machine's.
in_net() {
    local pid; pid=$(box_pid "$1"); shift
    nsenter -t "$pid" -n "$@"
}

# shape BOX DEV RATE QUEUE: what leaves by DEV; up to QUEUE KiB of a leaf wait.
#
# A plain rate limit with one FIFO starves the migration: the guests' flows fill
# the queue, and the host's own TCP, which the kernel limits to small queues,
# gets 3 of 100 Mbit/s. Real NICs share evenly between flows. Kernels without
# fq_codel or sfq can do that too: 32 equal leaves, each of which may use the
# whole link, and TCP flows spread over them by the low bits of the source port.
shape() {
    local box=$1 dev=$2 rate=$3 limit=$(($4 * 1024)) bps i leaf
    bps=$(rate_bps "$rate")
    {
        echo "qdisc add dev $dev root handle 1: htb default 1ff"
        echo "class add dev $dev parent 1: classid 1:1 htb rate ${bps}bit ceil ${bps}bit quantum 40000"
        echo "class add dev $dev parent 1:1 classid 1:1ff htb rate $((bps / 32))bit ceil ${bps}bit quantum 40000"
        echo "qdisc add dev $dev parent 1:1ff bfifo limit $limit"
        echo "filter add dev $dev parent 1: prio 5 protocol ip handle 2: u32 divisor 32"
        for ((i = 0; i < 32; i++)); do
            printf -v leaf '%x' $((256 + i))
            echo "class add dev $dev parent 1:1 classid 1:$leaf htb rate $((bps / 32))bit ceil ${bps}bit quantum 40000"
            echo "qdisc add dev $dev parent 1:$leaf bfifo limit $limit"
            printf 'filter add dev %s parent 1: prio 5 protocol ip u32 ht 2:%x: match u32 0 0 classid 1:%s\n' \
                "$dev" "$i" "$leaf"
        done
        # TCP without IP options: the source port is the word at 20.
        echo "filter add dev $dev parent 1: prio 5 protocol ip u32 ht 800::" \
             "match ip protocol 6 0xff match u8 5 0xf at 0 hashkey mask 0x001f0000 at 20 link 2:"
    } | in_net "$box" tc -batch -
}

rate_bps() { # 100mbit, 1gbit, 500kbit -> bit/s
    local number unit
    [[ $1 =~ ^([0-9]{1,6})(kbit|mbit|gbit)$ ]] || die "not a link rate: '$1' (100mbit, 1gbit ...)" 2
    number=${BASH_REMATCH[1]} unit=${BASH_REMATCH[2]}
    case $unit in
        kbit) echo $((10#$number * 1000)) ;;
        mbit) echo $((10#$number * 1000000)) ;;
        gbit) echo $((10#$number * 1000000000)) ;;
    esac
}

# The lines below are for `ip -batch`, one call a box.

bridge_lines() { # NAME MAC [ADDRESS]; without a MAC of its own it takes, and changes, a port's
    echo "link add $1 address $2 type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    if [ -n "${3:-}" ]; then echo "address add $3/24 dev $1"; fi
    echo "link set $1 up"
}

# A veth pair is made inside the switch and its peer put straight into the
# other box: the machine's own network never sees an interface.
cable_lines() { # PORT BOX LINK SWITCH-BRIDGE
    echo "link add $1 type veth peer name $3 netns $(box_pid "$2")"
    echo "link set $1 master $4 up"
}

switch_lines() {
    local box
    bridge_lines sw0 02:00:5e:00:53:01 "$(box_address switch)"
    if has_migration_network; then bridge_lines sw1 02:00:5e:00:53:02; fi
    for box in $(boxes); do
        case $box in
            switch) ;;
            kvm-*)
                cable_lines "p-$box" "$box" uplink0 sw0
                if has_migration_network; then cable_lines "m-$box" "$box" uplink1 sw1; fi ;;
            *) cable_lines "p-$box" "$box" eth0 sw0 ;;
        esac
    done
    # Guests whose NIC is on uplink1 (guest-start --macvtap) have to be reached too.
    if has_migration_network; then cable_lines m-client client eth1 sw1; fi
}

box_lines() { # BOX
    local address
    address=$(box_address "$1")
    if [[ $1 == kvm-* ]]; then
        bridge_lines br0 "$(printf '02:00:5e:00:53:%02x' "${address##*.}")" "$address"
        echo "link set uplink0 master br0 up"
        if has_migration_network; then
            echo "address add $(migration_address "$1")/27 dev uplink1"
            echo "link set uplink1 up"
        fi
    else
        echo "address add $address/24 dev eth0"
        echo "link set eth0 up"
        if [ "$1" = client ] && has_migration_network; then echo "link set eth1 up"; fi
    fi
}

wire_lab() { # RATE QUEUE
    local box
    switch_lines | in_net switch ip -batch -
    for box in $(boxes); do
        [ "$box" != switch ] || continue
        box_lines "$box" | in_net "$box" ip -batch -
        [[ $box == kvm-* ]] || continue
        shape "$box" uplink0 "$1" "$2"
        shape switch "p-$box" "$1" "$2"
        has_migration_network || continue
        shape "$box" uplink1 "$1" "$2"
        shape switch "m-$box" "$1" "$2"
        # Each network answers for its own addresses only.
        in_net "$box" sysctl -qw net.ipv4.conf.all.arp_ignore=1
    done
}
