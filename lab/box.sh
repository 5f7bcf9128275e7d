# shellcheck shell=bash
# Boxes: what a host, the switch, the outside client and the control machine are made of.

box_address() {
    case $1 in
        switch) say 198.51.100.1 ;;
        client) say 198.51.100.2 ;;
        control) say 198.51.100.3 ;;
        kvm-*) printf '198.51.100.%d\n' $((11 + $(printf '%d' "'${1#kvm-}") - 97)) ;;
    esac
}

# The first processes of this lab's boxes, as the machine numbers them: found by what they run, so that a start that
# was killed before it could note anything is found as well.
box_pids() {
    pgrep -f "^bash $here/box-init.sh $state/" || pgrep -f "box-init.sh $state/" || true
}

box_pid() { cat "$state/$1/pid" 2>/dev/null || fail "lab '$name' has no box '$1', or is not up."; }

box_prepare() {
    local box key
    mkdir -p "$state"
    chmod 700 "$state"
    say "$*" >"$state/boxes"
    say "$rate" >"$state/rate"
    cp "$image/vmlinuz" "$image/initrd" "$state/"
    ssh-keygen -q -t ed25519 -N '' -C lab -f "$state/user-key"
    for box in "$@"; do
        mkdir -p "$state/$box"/{etc-ssh,ssh,etc-libvirt,var-lib-libvirt,var-log-libvirt,var-cache-libvirt}
        for key in ed25519 ecdsa; do
            ssh-keygen -q -t "$key" -N '' -C "$box" -f "$state/$box/etc-ssh/ssh_host_${key}_key"
            say "$box,$(box_address "$box") $(cut -d' ' -f1,2 "$state/$box/etc-ssh/ssh_host_${key}_key.pub")" >>"$state/known_hosts"
        done
        say "$(box_address "$box") $box" >>"$state/hosts"
        # Its own identity: libvirt refuses to migrate from a host to itself.
        tr -d - </proc/sys/kernel/random/uuid >"$state/$box/machine-id"
    done
    for ((i = 1; i <= 20; i++)); do say "198.51.100.$((100 + i)) vm$i" >>"$state/hosts"; done
    say '127.0.0.1 localhost' >>"$state/hosts"
    for box in "$@"; do box_configure "$box"; done
}

box_configure() {
    local box=$1 dir=$state/$1 address
    address=$(box_address "$box")
    install -m 600 "$state/user-key" "$dir/ssh/id_ed25519"
    install -m 600 "$state/user-key.pub" "$dir/ssh/authorized_keys"
    cp "$state/known_hosts" "$dir/ssh/known_hosts"
    cp "$state/hosts" "$dir/hosts"
    chmod 700 "$dir/ssh"
    cat >"$dir/etc-ssh/sshd_config" <<TEXT
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_ecdsa_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
PidFile /run/sshd.pid
TEXT
    cp -r /etc/libvirt/. "$dir/etc-libvirt/" 2>/dev/null || true
    # No storage pools, networks or guests of the machine's own.
    rm -rf "$dir/etc-libvirt/qemu" "$dir/etc-libvirt/storage"
    cat >"$dir/etc-libvirt/libvirtd.conf" <<TEXT
auth_unix_rw = "none"
unix_sock_group = "root"
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
TEXT
    cat >"$dir/etc-libvirt/qemu.conf" <<TEXT
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_address = "$address"
migration_host = "$address"
TEXT
}

box_start() {
    local box=$1
    setsid unshare -n -m -p -u --fork bash "$here/box-init.sh" "$state/$box" "$box" "$(box_address "$box")" "$HOME" \
        </dev/null >"$state/$box/init.log" 2>&1 &
}

# Waits for a mark that the box leaves in its folder.
box_wait() {
    local tries=0
    while [ ! -e "$state/$1/$2" ]; do
        ((++tries < 300)) || { cat "$state/$1/init.log" >&2; fail "box '$1' did not get $2."; }
        [ ! -e "$state/$1/failed" ] || { cat "$state/$1/init.log" >&2; fail "box '$1' could not start."; }
        sleep 0.05
    done
}

# Runs a command in a box, with the box's own environment; what the SDK, the tools and CI need is passed on.
box_enter() {
    local pid keep=()
    pid=$(box_pid "$1"); shift
    while IFS= read -r variable; do keep+=("$variable"); done < <(env | grep -E '^(DOTNET|NUGET|SSL_CERT|CI=|TERM=)' || true)
    local tools="$checkout/out/tools"
    nsenter -t "$pid" -n -m -p -u --wd="$PWD" -- \
        env -i "${keep[@]}" LAB_INSIDE="$name" HOME="$HOME" LANG=C.UTF-8 \
        PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$tools" "$@"
}

box_exec() { box_enter "$@"; }

# Runs a command in a box from the machine (by its namespaces) or from the control box (by SSH, as a site would).
lab_run() {
    local box=$1; shift
    if [ -n "${LAB_INSIDE:-}" ]; then
        # shellcheck disable=SC2029 # quoted here, on purpose, for the other side
        ssh -n -o BatchMode=yes "$box" "$(printf '%q ' "$@")"
    else
        box_enter "$box" "$@" </dev/null
    fi
}
