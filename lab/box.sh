# shellcheck shell=bash
# Making the boxes: what is in each one's private directories, starting them,
# and ending them without a trace.

# prepare_keys: host keys per box, one root key for the lab, and a known_hosts
# with the real host keys, so that nobody has to trust a key unseen.
prepare_keys() {
    local box type bits names kind key
    ssh-keygen -q -t ed25519 -N '' -C "root@lab-$LAB" -f "$STATE/id_ed25519"
    (umask 077; openssl rand -hex 16 >"$STATE/visitor-password")
    for box in $(boxes); do
        for type in ed25519:256 rsa:2048 ecdsa:256; do
            bits=${type#*:} type=${type%:*}
            ssh-keygen -q -t "$type" -b "$bits" -N '' -C "$box" -f "$STATE/$box/etc/ssh/ssh_host_${type}_key" &
        done
    done
    wait
    for box in $(boxes); do
        [ "$box" != control ] || continue # it runs no sshd
        names=$box,$(box_address "$box")
        if [[ $box == kvm-* ]] && has_migration_network; then names+=,$box-mig,$(migration_address "$box"); fi
        for type in ed25519 rsa ecdsa; do
            read -r kind key _ <"$STATE/$box/etc/ssh/ssh_host_${type}_key.pub"
            echo "$names $kind $key"
        done
    done >"$STATE/known_hosts"
}

# One authority a lab, and for each KVM host a certificate with its name: for migrations over TLS.
prepare_certificates() {
    local ca=$STATE/ca box pki
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    openssl req -x509 "${key[@]}" -days 30 -subj "/CN=lab $LAB" -keyout "$ca-key.pem" -out "$ca-cert.pem" 2>/dev/null
    for box in $(boxes); do
        [[ $box == kvm-* ]] || continue
        pki=$STATE/$box/etc/libvirt/pki
        mkdir -p "$pki"
        openssl req -new "${key[@]}" -subj "/CN=$box" -keyout "$pki/server-key.pem" 2>/dev/null |
            openssl x509 -req -CA "$ca-cert.pem" -CAkey "$ca-key.pem" -CAcreateserial -days 30 \
                -extfile <(echo "subjectAltName=DNS:$box") -out "$pki/server-cert.pem" 2>/dev/null
        cp "$ca-cert.pem" "$pki/ca-cert.pem"
        cp "$pki/server-cert.pem" "$pki/client-cert.pem"
        cp "$pki/server-key.pem" "$pki/client-key.pem"
    done
}

prepare_hosts_file() {
    local box i
    echo "127.0.0.1 localhost"
    for box in $(boxes); do echo "$(box_address "$box") $box"; done
    if has_migration_network; then
        for box in $(kvm_boxes); do echo "$(migration_address "$box") $box-mig"; done
    fi
    for ((i = 1; i <= 20; i++)); do echo "$LAB_NET.$((100 + i)) vm$i"; done
}

prepare_box() { # BOX MBIT
    local box=$1 mbit=$2 dir=$STATE/$1 address listen
    address=$(box_address "$box")
    listen=$address
    if has_migration_network; then listen=0.0.0.0; fi
    mkdir -p "$dir"/etc/{ssh,libvirt} "$dir"/var/{lib,cache}/libvirt "$dir/var/log/libvirt/qemu"
    mkdir -p "$dir/home/.ssh"
    chmod 700 "$dir/home" "$dir/home/.ssh"
    printf 'caller_home=%q\ncheckout=%q\n' "$HOME" "$CHECKOUT" >"$dir/environment"
    tr -d - </proc/sys/kernel/random/uuid >"$dir/machine-id"
    echo "$mbit" >"$dir/link-speed"
    echo full >"$dir/link-duplex"
    cat >"$dir/etc/ssh/sshd_config" <<-END
		HostKey /etc/ssh/ssh_host_ed25519_key
		HostKey /etc/ssh/ssh_host_rsa_key
		HostKey /etc/ssh/ssh_host_ecdsa_key
		PermitRootLogin prohibit-password
		AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		UseDNS no
		StrictModes no
		MaxStartups 100
		Subsystem sftp internal-sftp
	END
    # Whoever works in the control box has one connection to the client for all that the lab asks of it.
    if [ "$box" = client ]; then echo "MaxSessions 100" >>"$dir/etc/ssh/sshd_config"; fi
    # Last: what comes after it is for that user only.
    printf 'Match User visitor\n AuthenticationMethods password\n PasswordAuthentication yes\n' >>"$dir/etc/ssh/sshd_config"
    [[ $box == kvm-* ]] || return 0
    # No DBus, udev or polkit here; whoever is root in the box may, and the members of the group libvirt.
    cat >"$dir/etc/libvirt/libvirtd.conf" <<-END
		auth_unix_rw = "none"
		unix_sock_group = "libvirt"
		unix_sock_rw_perms = "0770"
		host_uuid = "$(</proc/sys/kernel/random/uuid)"
	END
    # No confinement: the box is the confinement. stdio_handler=file spares
    # virtlogd. With one network QEMU listens on the box's own address only.
    cat >"$dir/etc/libvirt/qemu.conf" <<-END
		security_driver = "none"
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		cgroup_controllers = []
		namespaces = []
		stdio_handler = "file"
		migrate_tls_x509_cert_dir = "/etc/libvirt/pki"
		migration_address = "$listen"
		migration_host = "$address"
	END
}

distribute_keys() {
    local box ssh
    for box in $(boxes); do
        ssh=$STATE/$box/home/.ssh
        cp "$STATE/hosts" "$STATE/$box/hosts"
        cp "$STATE/id_ed25519.pub" "$ssh/authorized_keys"
        cp "$STATE/id_ed25519.pub" "$STATE/$box/etc/ssh/authorized_keys"
        cp "$STATE/known_hosts" "$ssh/known_hosts"
        if [[ $box == kvm-* || $box == control ]]; then
            cp "$STATE/id_ed25519" "$STATE/id_ed25519.pub" "$ssh/"
        fi
        chmod 600 "$ssh"/*
    done
}

start_box() {
    # An own session, no inherited descriptor: the box outlives `up` and a
    # Ctrl+C, and no pipe of the caller's stays open because of it.
    # Its processes go before a build on the same machine, which would turn the
    # processor into the bottleneck that the link is meant to be.
    TRAFFICMIGRATION_LAB_BOX_OF=$LAB setsid nice -n -10 unshare -n -m -p -u --fork \
        "$LAB_DIR/box-init" "$STATE" "$1" \
        </dev/null >"$STATE/$1/init.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    disown # bash need not tell when it is killed
}

box_has() { # BOX FILE; ends with a message as soon as the box is dead
    if [ -e "$STATE/$1/$2" ]; then return 0; fi
    if [ -s "$STATE/$1/pid" ] && ! mark_alive "$STATE/$1/pid"; then
        sed "s/^/lab: $1: /" "$STATE/$1/init.log" >&2
        die "box '$1' ended while it started"
    fi
    return 1
}

await_boxes() { # FILE SECONDS
    local box
    for box in $(boxes); do
        wait_until "$2" box_has "$box" "$1" ||
            die "box '$box' did not get to '$1' within $2 s: $(tail -n 5 "$STATE/$box/init.log")"
    done
}

# --- ending ---------------------------------------------------------------

state_pids() { # every process whose namespaces are those of a box of STATE
    local inode link
    declare -A ours=()
    while read -r inode; do ours[$inode]=1; done < <(cat "$STATE"/*/namespaces 2>/dev/null)
    [ "${#ours[@]}" -gt 0 ] || return 0
    # One find for all of /proc; processes that end meanwhile are no error.
    while read -r link inode; do
        [ -n "$inode" ] || continue; inode=${inode##*[}
        if [ -n "${ours[${inode%]}]:-}" ]; then link=${link#/proc/}; echo "${link%%/*}"; fi
    done < <(find /proc/[0-9]*/ns -maxdepth 1 \( -name net -o -name mnt -o -name pid -o -name uts \) \
                 -printf '%p %l\n' 2>/dev/null) | sort -un
}

# A box that `up` had forked but that had not yet written its pid: it carries
# the lab's name in its environment.
starting_pids() {
    grep -zlsxF "TRAFFICMIGRATION_LAB_BOX_OF=$LAB" /proc/[0-9]*/environ | cut -d/ -f3 || true
}

nothing_runs() { [ -z "$(state_pids)" ]; }

# stop_boxes: kills each box's PID 1, verifies, removes the state.
stop_boxes() {
    local file pid left
    for pid in $(starting_pids); do kill -KILL "$pid" 2>/dev/null || true; done
    for file in "$STATE"/*/pid; do
        if mark_alive "$file"; then
            read -r pid _ <"$file"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
    if ! wait_until 15 nothing_runs; then
        left=$(state_pids | paste -sd' ')
        say "processes are left in the boxes of '$LAB': $left"
        return 1
    fi
    left=$(grep -F " $STATE/" /proc/self/mountinfo || true)
    if [ -n "$left" ]; then
        say "mounts are left below $STATE:" "$left"
        return 1
    fi
    # A key generator of an `up` that was killed may write one more file.
    rm -rf -- "$STATE" 2>/dev/null || { sleep 2; rm -rf -- "$STATE"; }
    rmdir "$LAB_ROOT" 2>/dev/null || true
}
