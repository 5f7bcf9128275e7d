# shellcheck shell=bash
# What every part of the lab shares: where its state lives, which box is which,
# how a command reaches a box, and how a process is known to be still ours.

LAB_ROOT=/run/trafficmigration-lab
LAB_NET=198.51.100
LAB_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck disable=SC2034 # for those who source this
CHECKOUT=$(dirname "$LAB_DIR")
# sshd knows root's home from the password database, whatever HOME says (sudo).
ROOT_HOME=$(getent passwd root | cut -d: -f6)

die() { printf 'lab: %s\n' "$1" >&2; exit "${2:-1}"; }
say() { printf 'lab: %s\n' "$*" >&2; }

need_root() { [ "$(id -u)" = 0 ] || die "this needs root (namespaces and mounts)" 3; }

check_lab_name() {
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$ ]] || die "not a lab name: '$1'" 2
}

# use_lab NAME: every function below works on this lab.
use_lab() {
    check_lab_name "$1"
    LAB=$1
    STATE=$LAB_ROOT/$1
}

require_lab() { [ -e "$STATE/ready" ] || die "no lab '$LAB' is up (lab/lab.sh up --name $LAB)" 5; }

is_number() { [[ $1 =~ ^[0-9]{1,9}$ ]]; }

# need_number WHAT VALUE MIN MAX
need_number() {
    { is_number "$2" && [ "$((10#$2))" -ge "$3" ] && [ "$((10#$2))" -le "$4" ]; } ||
        die "$1 must be a whole number from $3 to $4, not '$2'" 2
}

host_names() { # N -> kvm-a kvm-b ...
    local letters=abcdefgh i
    for ((i = 0; i < $1; i++)); do printf 'kvm-%s\n' "${letters:i:1}"; done
}

box_address() {
    local letters=abcdefgh rest
    case $1 in
        switch)  echo $LAB_NET.1 ;;
        client)  echo $LAB_NET.2 ;;
        control) echo $LAB_NET.3 ;;
        kvm-[a-h]) rest=${letters%%"${1#kvm-}"*}; echo "$LAB_NET.$((11 + ${#rest}))" ;;
        *) die "no such box: $1" 2 ;;
    esac
}

# With a migration network each KVM host has a second address, KVM-HOST-mig,
# in a part of the lab's net (/27) to which the hosts have a route of its own.
has_migration_network() { [ -e "$STATE/migration-network" ]; }

migration_address() { # KVM-HOST
    local address
    address=$(box_address "$1")
    echo "$LAB_NET.$((192 + ${address##*.}))"
}

boxes()     { cat "$STATE/boxes"; }
kvm_boxes() { grep '^kvm-' "$STATE/boxes"; }
is_box()    { grep -qxF -- "$1" "$STATE/boxes"; }
need_box()  { is_box "$1" || die "no box '$1' in lab '$LAB'; there are: $(boxes | paste -sd' ')" 2; }

# A pid alone may have been given to somebody else since: the start time says.
process_mark() { # PID -> "PID STARTTIME", nothing when it is gone
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    # The command name, in brackets, may hold blanks.
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- "$1" $stat
    # Field 1 here is the pid, 2 the state (a zombie is gone), 21 the start time.
    [ "$2" = Z ] || echo "$1 ${21}"
}

mark_alive() { # FILE holding a mark
    local pid start
    read -r pid start 2>/dev/null <"$1" || return 1
    [ -n "$start" ] && [ "$(process_mark "$pid")" = "$pid $start" ]
}

box_pid() {
    local pid
    mark_alive "$STATE/$1/pid" || die "box '$1' of lab '$LAB' is not running" 5
    read -r pid _ <"$STATE/$1/pid"
    echo "$pid"
}

# From the control box the client is asked hundreds of times, often by several
# at once: one connection for all, for a login costs more than most questions.
# It ends with the box. KVM hosts are no such case: faults befall them.
client_connection() { # prints ssh's options
    local socket=$ROOT_HOME/.ssh/lab-client
    if [ ! -S "$socket" ]; then
        (
            flock 9
            [ -S "$socket" ] || ssh -o BatchMode=yes -o ConnectTimeout=10 -M -N -f -S "$socket" client </dev/null >/dev/null 2>&1 9>&-
        ) 9>"$socket.lock" || true
    fi
    echo "-S $socket"
}

# lab_run BOX CMD ARG...: stdin, stdout, stderr and the exit code are the
# command's. From the machine it enters the namespaces; inside the control box
# (LAB_INSIDE=1) there is no way into another box but ssh, as for any user.
lab_run() {
    local box=$1 pid shared=''; shift
    if [ "${LAB_INSIDE:-}" != 1 ]; then
        pid=$(box_pid "$box")
        nsenter -t "$pid" -n -m -p -u env -i HOME="$ROOT_HOME" LANG=C.UTF-8 TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    elif [ "$box" = "$(uname -n)" ]; then
        "$@"
    else
        if [ "$box" = client ]; then shared=$(client_connection); fi
        # shellcheck disable=SC2086
        ssh -o BatchMode=yes -o ConnectTimeout=10 -o LogLevel=ERROR $shared "$box" "$(printf '%q ' "$@")"
    fi
}

# wait_until SECONDS CMD...: true as soon as CMD is.
wait_until() {
    local end=$((SECONDS + $1)); shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}
