# shellcheck shell=bash
# Faults, made on purpose: each is bounded in time and undoes itself on the host
# on which it was made, also when whoever made it dies.

fault_usage() {
    cat >&2 <<'END'
usage: fault KIND ...
  cut HOST SECONDS [migration|control|all]  drop the memory streams (default), ssh from the control box, or all
  reset HOST                                end the memory streams with a TCP reset
  drop-control HOST                         end the control box' ssh sessions
  restart-libvirtd HOST [SECONDS]           end libvirtd, start it again after SECONDS (0)
  kill-qemu HOST VM
  out-of-memory HOST SECONDS                QEMU started meanwhile gets no memory for a guest
  shutdown VM                               its owner shuts it down from inside
END
    exit 2
}

# on_host HOST SCRIPT ARG...: goes on there by itself.
on_host() {
    local host=$1 script=$2; shift 2
    lab_run "$host" setsid bash -c "($script) </dev/null >/dev/null 2>&1 &" fault "$@" </dev/null
}

# shellcheck disable=SC2016 # the scripts are for the host's shell
fault() {
    local kind=${1:-}; shift || true
    case $kind in
        cut)
            [ $# -ge 2 ] || fault_usage
            need_number SECONDS "$2" 1 600
            case ${3:-migration} in
                migration) fault_drop "$1" "$2" 'tcp dport 49152-49215 drop' 'tcp sport 49152-49215 drop' 'tcp dport 49152-49215 drop' ;;
                control) fault_drop "$1" "$2" "ip saddr $(box_address control) drop" "ip daddr $(box_address control) drop" '' ;;
                all) on_host "$1" 'ip link set uplink0 down; sleep "$1"; ip link set uplink0 up' "$2" ;;
                *) fault_usage ;;
            esac ;;
        reset)
            [ $# = 1 ] || fault_usage
            fault_drop "$1" 1 'tcp dport 49152-49215 reject with tcp reset' 'tcp sport 49152-49215 reject with tcp reset' '' ;;
        drop-control)
            [ $# = 1 ] || fault_usage
            # Those of the other hosts, which carry libvirt, stay.
            on_host "$1" 'sleep 0.2; ss -tnpH state established "( sport = :22 )" dst "$1" | grep -o "pid=[0-9]*" | cut -d= -f2 | sort -u | xargs -r kill -KILL' "$(box_address control)" ;;
        restart-libvirtd)
            [ $# -ge 1 ] || fault_usage
            on_host "$1" 'kill -TERM $(cat /run/libvirtd.pid); while kill -0 $(cat /run/libvirtd.pid 2>/dev/null) 2>/dev/null; do sleep 0.1; done; sleep "$1"; libvirtd -d' "${2:-0}" ;;
        kill-qemu)
            [ $# = 2 ] || fault_usage
            lab_run "$1" bash -c 'kill -KILL $(cat "/run/libvirt/qemu/$1.pid")' fault "$2" </dev/null ;;
        out-of-memory)
            [ $# = 2 ] || fault_usage
            # The emulator of this box alone is another one for a while. It sets the limit and is then the real one.
            on_host "$1" '
                real=/run/real-qemu; cp /usr/bin/qemu-system-x86_64 "$real"
                printf "#!/bin/sh\ncase \"\$*\" in *guest=*) ulimit -v 400000 ;; esac\nexec %s \"\$@\"\n" "$real" >/run/poor-qemu; chmod +x /run/poor-qemu
                touch -r /usr/bin/qemu-system-x86_64 /run/poor-qemu
                nsenter -t 1 -m mount --bind /run/poor-qemu /usr/bin/qemu-system-x86_64
                sleep "$1"; nsenter -t 1 -m umount /usr/bin/qemu-system-x86_64' "$2" ;;
        shutdown)
            [ $# = 1 ] || fault_usage
            # Nobody is left to end the conversation.
            (LAB_GUEST_TIMEOUT=5 guest_exec "$1" 'poweroff -f') >/dev/null 2>&1 || true ;;
        *) fault_usage ;;
    esac
}

# fault_drop HOST SECONDS INPUT OUTPUT FORWARDED: rules that stand for a while.
# shellcheck disable=SC2016
fault_drop() {
    on_host "$1" '
        table=fault$$
        printf "table inet %s {\n chain i { type filter hook input priority 0; policy accept;\n %s\n }\n chain o { type filter hook output priority 0; policy accept;\n %s\n %s\n }\n}\n" "$table" "$2" "$3" "$4" | nft -f -
        sleep "$1"; nft delete table inet "$table"' "$2" "$3" "$4" "$5"
}
