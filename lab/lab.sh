#!/bin/bash
# Real KVM hosts on one machine: the front door. See README.md.
set -euo pipefail

# shellcheck source=common.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
for part in packages image box wire guest traffic queries fault check; do
    # shellcheck source=/dev/null
    source "$LAB_DIR/$part.sh"
done

usage() {
    cat <<'END'
usage: lab/lab.sh COMMAND [--name NAME] ...

  packages [--image]                      install what is missing; make the guests' image
  up [--hosts N] [--link-rate RATE] [--queue KiB] [--migration-network] [--with redis]
                                          2 to 8 hosts (2), links of RATE (100mbit), and
                                          how much a flow may have waiting there (96)
  down [--all]
  status
  exec BOX -- CMD...                      boxes: kvm-a kvm-b ... client control switch
  guest-start [--memory MiB] [--fill MiB] [--zero-free]
              [--dirty-rate MiB/s --working-set MiB [--small-writes]]
              [--downtime-limit MS] [--ip LAST-NUMBER] [--nics N]
              [--macvtap br0|uplink1] [--content random|unique|text]
              [--disk MiB[:FILLED] [--backing-file] [--disk-writes MiB/s]]
              [--no-wait | --no-boot] HOST VM
  guest-stop VM
  guest-exec VM -- CMD
  traffic-start [--rate 50M] [--udp] [--seconds S] [--port P] [--label L] VM FLOW
  traffic-stop VM [FLOW]                  FLOW: out | in | to OTHER-VM
  traffic-mean [--label L] [--sent] VM FLOW FROM-EPOCH TO-EPOCH   bit/s
  redis-start VM                          a filled server in the guest
  queries-start [--connections N] [--rate BITS/S] [--seconds S] VM SERVER-VM
  queries-stop VM SERVER-VM
  queries-mean VM SERVER-VM FROM-EPOCH TO-EPOCH              answers a second
  fault KIND ...                          breaks something for a while; alone it lists the kinds
  check VM...                             does each run exactly once, with its memory whole?

NAME is 'default' unless LAB_NAME says otherwise. Exit codes: 1 failed, 2 usage,
3 packages or root missing, 4 exists already, 5 no such lab, 6 no such guest or traffic.
END
}

lab_alive() {
    local mark
    for mark in "$STATE/up.pid" "$STATE"/*/pid; do
        if [ -e "$mark" ] && mark_alive "$mark"; then return 0; fi
    done
    return 1
}

claim_state() {
    if [ -e "$STATE" ]; then
        if lab_alive; then die "lab '$LAB' is up already (lab/lab.sh down --name $LAB)" 4; fi
        say "cleaning up what a dead lab '$LAB' left"
        stop_boxes || die "cannot clean up lab '$LAB'"
    fi
    # A plain mkdir decides between two that start at once. The parent goes
    # when the last lab goes, perhaps just now.
    mkdir -p "$LAB_ROOT"
    mkdir "$STATE" 2>/dev/null || { mkdir -p "$LAB_ROOT" && mkdir "$STATE"; } ||
        die "lab '$LAB' is being started by somebody else" 4
    process_mark $$ >"$STATE/up.pid"
}

up_ended() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    if [ ! -e "$STATE/ready" ]; then
        say "lab '$LAB' did not come up; taking it down"
        wait # for key generators; the boxes are no jobs of ours
        stop_boxes || code=1
    fi
    exit "$code"
}

cmd_packages() {
    local image
    ensure_packages
    if [ "${1:-}" = --image ]; then image=$(build_image) && say "the guests' image is ${image##*/}"; fi
}

cmd_up() {
    local hosts=2 rate=100mbit queue=96 migration=0 with='' packages='' programs='' image box mbit
    while [ $# -gt 0 ]; do
        case $1 in
            --hosts) hosts=$2; shift 2 ;;
            --link-rate) rate=$2; shift 2 ;;
            --queue) queue=$2; shift 2 ;;
            --migration-network) migration=1; shift ;;
            --with) with=$2; shift 2 ;;
            *) die "up knows no '$1'" 2 ;;
        esac
    done
    need_number --hosts "$hosts" 2 8
    need_number --queue "$queue" 16 4096
    mbit=$(($(rate_bps "$rate") / 1000000))
    case $with in
        '') ;;
        redis) packages=$REDIS_PACKAGES programs=$REDIS_PROGRAMS ;;
        *) die "up knows only --with redis" 2 ;;
    esac
    need_root
    # shellcheck disable=SC2086
    ensure_packages $packages
    # shellcheck disable=SC2086
    image=$(build_image $programs)

    claim_state
    trap up_ended EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    { host_names "$hosts"; printf '%s\n' client control switch; } >"$STATE/boxes"
    mkdir "$STATE/guests" "$STATE/traffic"
    if [ "$migration" = 1 ]; then touch "$STATE/migration-network"; fi
    if [ "$with" = redis ]; then touch "$STATE/with-redis"; fi
    # A copy, so that guests can be started whatever becomes of the checkout.
    cp -r "$image" "$STATE/image"
    for box in $(boxes); do prepare_box "$box" "$mbit"; done
    prepare_hosts_file >"$STATE/hosts"
    prepare_keys
    prepare_certificates
    distribute_keys
    for box in $(boxes); do start_box "$box"; done
    await_boxes mounted 20
    wire_lab "$rate" "$queue"
    for box in $(boxes); do touch "$STATE/$box/wired"; done
    await_boxes up 40
    rm "$STATE/up.pid"
    touch "$STATE/ready"
    say "lab '$LAB' is up: $(boxes | paste -sd' ')"
}

take_down() {
    local pid
    if mark_alive "$STATE/up.pid"; then
        # It takes down itself what it has made so far.
        read -r pid _ <"$STATE/up.pid"
        kill -TERM "$pid"
        wait_until 20 not mark_alive "$STATE/up.pid" || kill -KILL "$pid"
    fi
    if [ ! -e "$STATE" ]; then say "no lab '$LAB'"; return 0; fi
    stop_boxes
}

not() { ! "$@"; }

cmd_down() {
    local dir code=0
    need_root
    if [ "${1:-}" = --all ]; then
        for dir in "$LAB_ROOT"/*/; do
            if [ -d "$dir" ]; then use_lab "$(basename "$dir")"; take_down || code=1; fi
        done
        return "$code"
    fi
    [ $# = 0 ] || die "down knows no '$1'" 2
    take_down
}

cmd_status() {
    local box
    require_lab
    for box in $(boxes); do
        if [ "${LAB_INSIDE:-}" = 1 ] || mark_alive "$STATE/$box/pid"; then
            printf '%-8s %-14s pid %s\n' "$box" "$(box_address "$box")" "$(cut -d' ' -f1 "$STATE/$box/pid")"
        else
            printf '%-8s %-14s DEAD\n' "$box" "$(box_address "$box")"
        fi
    done
    for box in $(kvm_boxes); do
        lab_run "$box" virsh -q list --all </dev/null | sed "s/^/$box guest:/"
    done
    traffic_list | sed 's/^/traffic: /'
}

cmd_exec() {
    local box=${1:-} pid name kept=()
    require_lab
    need_box "$box"; shift
    if [ "${1:-}" = -- ]; then shift; fi
    [ $# -gt 0 ] || die "usage: exec BOX -- CMD..." 2
    for name in $(compgen -e); do
        case $name in
            DOTNET_* | NUGET_* | SSL_CERT_* | CI) kept+=("$name=${!name}") ;;
        esac
    done
    if [ "$box" = control ]; then kept+=(LAB_INSIDE=1); fi
    pid=$(box_pid "$box")
    # The new root forgets where we were.
    exec nsenter -t "$pid" -n -m -p -u env -i "${kept[@]}" HOME="$ROOT_HOME" LAB_NAME="$LAB" \
        TERM="${TERM:-dumb}" LANG=C.UTF-8 USER=root \
        PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$ROOT_HOME/.dotnet:$ROOT_HOME/.dotnet/tools" \
        bash -c 'cd -- "$1" 2>/dev/null || cd; shift; exec "$@"' lab "$PWD" "$@"
}

main() {
    local command=${1:-} name=${LAB_NAME:-default} rest=()
    case $command in '' | -h | --help | help) usage; exit 0 ;; esac
    shift
    # --name may stand anywhere before a `--`; what is behind that is not ours.
    while [ $# -gt 0 ]; do
        case $1 in
            --name) [ $# -ge 2 ] || die "--name of what?" 2; name=$2; shift 2 ;;
            --) rest+=("$@"); break ;;
            *) rest+=("$1"); shift ;;
        esac
    done
    set -- "${rest[@]}"
    use_lab "$name"
    case $command in
        packages) cmd_packages "$@" ;;
        up | down | status | exec) "cmd_$command" "$@" ;;
        guest-start | guest-stop | guest-exec | traffic-start | traffic-stop | traffic-mean | fault | check | \
            redis-start | queries-start | queries-stop | queries-mean)
            require_lab
            "${command//-/_}" "$@" ;;
        *) usage >&2; die "no command '$command'" 2 ;;
    esac
}

main "$@"
