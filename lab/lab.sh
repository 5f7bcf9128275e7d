#!/usr/bin/env bash
# Real KVM hosts on one machine: each host a box of network, mount, PID and UTS namespaces. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(dirname "$here")
labs=/var/lib/trafficmigration-lab

# shellcheck source=lab/packages.sh
. "$here/packages.sh"
# shellcheck source=lab/box.sh
. "$here/box.sh"
# shellcheck source=lab/wire.sh
. "$here/wire.sh"
# shellcheck source=lab/image.sh
. "$here/image.sh"
# shellcheck source=lab/guest.sh
. "$here/guest.sh"
# shellcheck source=lab/traffic.sh
. "$here/traffic.sh"

say() { printf '%s\n' "$*"; }
fail() { printf 'lab: %s\n' "$1" >&2; exit "${2:-1}"; }

usage() {
    cat <<'TEXT'
lab.sh packages                                   install what the machine lacks
lab.sh up     [--name N] [--hosts 2..8] [--link-rate 100mbit]
lab.sh down   [--name N | --all]
lab.sh status [--name N]
lab.sh exec   [--name N] BOX -- COMMAND...        BOX: kvm-a ... kvm-h, client, switch, control
lab.sh guest-start   [--name N] HOST VM [--ip OCTET] [--memory MiB] [--fill MiB] [--dirty-rate MiB/s] [--working-set MiB] [--no-wait]
lab.sh guest-stop    [--name N] VM
lab.sh guest-exec    [--name N] OCTET -- COMMAND
lab.sh traffic-start [--name N] VM out|in [--rate 0|50M] [--seconds 600] [--port 5201]
lab.sh traffic-stop  [--name N] VM out|in
lab.sh traffic-mean  [--name N] VM out|in FROM TO  mean bit/s between two epoch times
TEXT
}

up() {
    if [ -d "$state" ]; then
        [ -z "$(box_pids)" ] || fail "a lab '$name' is up already; take it down first, or use --name." 4
        rm -rf -- "$state"
    fi
    [ "$(id -u)" = 0 ] || fail "namespaces need root." 3
    packages_ensure
    image_ensure
    # Whatever ends this early, nothing is left behind.
    trap 'down >/dev/null 2>&1; exit 130' INT TERM HUP
    trap 'code=$?; trap - EXIT; down >/dev/null 2>&1; exit $code' EXIT
    local started=${EPOCHREALTIME/./} box letters=abcdefgh i
    local boxes=(switch client control)
    for ((i = 0; i < hosts; i++)); do boxes+=("kvm-${letters:i:1}"); done
    box_prepare "${boxes[@]}"
    for box in "${boxes[@]}"; do box_start "$box"; done
    for box in "${boxes[@]}"; do box_wait "$box" born; done
    wire_up "${boxes[@]}"
    for box in "${boxes[@]}"; do touch "$state/$box/wired"; done
    for box in "${boxes[@]}"; do box_wait "$box" ready; done
    trap - EXIT INT TERM HUP
    say "Lab '$name' is up after $(((${EPOCHREALTIME/./} - started) / 100000))e-1 s: ${boxes[*]}, links $rate." | sed -E 's/([0-9]*)([0-9])e-1 s/\1.\2 s/; s/after \./after 0./'
}

# Killing a box's first process ends every process in it, and with the last of them its namespaces, mounts and links.
down() {
    local pids pid tries=0
    pids=$(box_pids)
    for pid in $pids; do kill -9 "$pid" 2>/dev/null || true; done
    while [ -n "$(box_pids)" ]; do
        ((++tries < 100)) || fail "these processes do not end: $(box_pids)"
        sleep 0.1
    done
    rm -rf -- "$state"
    say "Lab '$name' is down."
}

status() {
    local pids box
    pids=$(box_pids)
    [ -n "$pids" ] || { say "Lab '$name' is not up."; return; }
    say "Lab '$name': links $(cat "$state/rate")."
    for box in $(cat "$state/boxes"); do
        say "$box  $(box_address "$box")  pid $(box_pid "$box")"
        case $box in
            kvm-*) lab_run "$box" virsh -q list --all | sed 's/^/    /' ;;
            client) lab_run client pgrep -a iperf3 | sed 's/^/    /' || true ;;
        esac
    done
}

[ $# -gt 0 ] || { usage; exit 2; }
command=$1; shift
name=${LAB_INSIDE:-default} hosts=2 rate=100mbit all=
memory=256 fill=128 dirty_rate=0 working_set=0 ip='' wait=yes
flow_rate=0 seconds=600 port=5201
words=()
while [ $# -gt 0 ]; do
    case $1 in
        --name) name=$2; shift ;;
        --hosts) hosts=$2; shift ;;
        --link-rate) rate=$2; shift ;;
        --all) all=yes ;;
        --memory) memory=$2; shift ;;
        --fill) fill=$2; shift ;;
        --dirty-rate) dirty_rate=$2; shift ;;
        --working-set) working_set=$2; shift ;;
        --ip) ip=$2; shift ;;
        --no-wait) wait= ;;
        --rate) flow_rate=$2; shift ;;
        --seconds) seconds=$2; shift ;;
        --port) port=$2; shift ;;
        --) shift; break ;;
        --*) fail "unknown option $1" 2 ;;
        *) words+=("$1") ;;
    esac
    shift
done
[[ $name =~ ^[A-Za-z0-9_.-]+$ ]] || fail "a lab's name has letters, digits, '.', '_' and '-' only" 2
[[ $hosts =~ ^[2-8]$ ]] || fail "--hosts takes 2 to 8" 2
[[ $rate =~ ^[0-9]+mbit$ ]] || fail "--link-rate takes a figure with 'mbit', such as 100mbit" 2
state=$labs/$name

case $command in
    packages) packages_ensure; image_ensure ;;
    up) up ;;
    down)
        if [ -n "$all" ]; then
            for state in "$labs"/*; do [ -d "$state" ] && name=${state##*/} && down; done
        else
            down
        fi
        ;;
    status) status ;;
    exec) box_exec "${words[0]}" "$@" ;;
    guest-start) guest_start "${words[@]}" ;;
    guest-stop) guest_stop "${words[@]}" ;;
    guest-exec) guest_exec "${words[0]}" "$@" ;;
    traffic-start) traffic_start "${words[@]}" ;;
    traffic-stop) traffic_stop "${words[@]}" ;;
    traffic-mean) traffic_mean "${words[@]}" ;;
    *) usage; exit 2 ;;
esac
