# shellcheck shell=bash
# Guests: defining, starting, asking and removing them. All of it works from the
# machine and, through ssh, inside the control box.

xml_escape() {
    local text=$1
    # Quoted, because bash 5.2 takes a bare & for what was matched.
    text=${text//&/'&amp;'}; text=${text//</'&lt;'}; text=${text//>/'&gt;'}
    text=${text//\"/'&quot;'}; text=${text//\'/'&apos;'}
    printf %s "$text"
}

# guest_octet VM: the last number of its address, from its name (vm7 -> 107) or
# from what guest-start was told.
guest_octet() {
    local file
    for file in "$STATE"/guests/*; do
        if [ -e "$file" ] && [ "$(<"$file")" = "$1" ]; then echo "${file##*/}"; return; fi
    done
    if [[ $1 =~ ^vm([1-9][0-9]{0,2})$ ]] && [ "${BASH_REMATCH[1]}" -le 99 ]; then
        echo $((100 + BASH_REMATCH[1])); return
    fi
    return 1
}

guest_address() {
    local octet
    octet=$(guest_octet "$1") || die "no address known for guest '$1'" 6
    echo "$LAB_NET.$octet"
}

nics_xml() { # VM COUNT MACVTAP-LINK
    local i mac nic="<interface type='bridge'><source bridge='br0'/>"
    if [ -n "$3" ]; then nic="<interface type='direct'><source dev='$3' mode='bridge'/>"; fi
    for ((i = 1; i <= $2; i++)); do
        mac=$(printf %s "${1}${i#1}" | sha256sum | sed -E 's/^(..)(..)(..).*/52:54:00:\1:\2:\3/')
        echo "$nic<mac address='$mac'/><model type='virtio'/><driver name='qemu'/></interface>"
    done
}

# A host's own folder for images: each box has another one under the same path, as hosts with local disks do.
IMAGES=/var/lib/libvirt/images

# A disk with data in it, and where wanted on top of a backing file that the other hosts have, too.
make_disk() { # HOST VM MIB FILLED BACKED
    local host=$1 path="$IMAGES/$2.qcow2" box
    if [ "$5" = 1 ]; then
        lab_run "$host" sh -c 'qemu-img create -q -f qcow2 "$1" "$2M" && qemu-io -c "write -q -P 0x5a 0 $(($2 / 4))M" "$1" >/dev/null' _ "$IMAGES/$2-base.qcow2" "$3" </dev/null
        for box in $(kvm_boxes); do
            [ "$box" = "$host" ] || lab_run "$host" cat "$IMAGES/$2-base.qcow2" </dev/null | lab_run "$box" sh -c 'cat >"$1"' _ "$IMAGES/$2-base.qcow2"
            lab_run "$box" touch -d @1700000000 "$IMAGES/$2-base.qcow2" </dev/null
        done
        lab_run "$host" qemu-img create -q -f qcow2 -b "$IMAGES/$2-base.qcow2" -F qcow2 "$path" </dev/null
    else
        lab_run "$host" qemu-img create -q -f qcow2 "$path" "$3M" </dev/null
    fi
    [ "$4" = 0 ] || head -c "$4M" /dev/urandom | lab_run "$host" sh -c '
        cat >"$1.filling" && qemu-io -f qcow2 -c "write -q -s $1.filling 0 $2M" "$1" >/dev/null; r=$?; rm -f "$1.filling"; exit $r' _ "$path" "$4"
}

guest_xml() { # VM OCTET MEMORY FILL DIRTY-KIB WORKING-SET NICS MACVTAP-LINK ZERO DOWNTIME-LIMIT BOOT CONTENT DISK DISK-WRITES SMALL
    local name type=qemu boot arg args='' extra='' disk=''
    name=$(xml_escape "$1")
    # /dev/kvm may exist and still hang ordinary guests: only when asked for.
    if [ "${LAB_KVM:-0}" = 1 ]; then type=kvm; fi
    # libvirt has no element for QEMU's limit, 300 ms.
    if [ -n "${10}" ]; then args+=" -global migration.x-downtime-limit=${10}"; fi
    if [ "${11}" = 1 ]; then
        boot="<kernel>$STATE/image/vmlinuz</kernel><initrd>$STATE/image/initrd</initrd>"
        boot+="<cmdline>console=ttyS0 quiet panic=-1 lab.ip=$LAB_NET.$2 lab.fill=$4 lab.dirty=$5 lab.workingset=$6 lab.zero=$9 lab.content=${12} lab.diskwrites=${14} lab.small=${15}</cmdline>"
    else
        boot="<loader readonly='yes' type='rom'>$STATE/image/halt.rom</loader>"
        args+=" -device loader,file=$(fill_file "${12}" "$4" "$2"),addr=0x1000000,force-raw=on"
    fi
    if [ -n "${13}" ]; then
        disk="<disk type='file'><driver name='qemu' type='qcow2'/><source file='$IMAGES/$name.qcow2'/><target dev='vda' bus='virtio'/></disk>"
    fi
    for arg in $args; do extra+="<qemu:arg value='$arg'/>"; done
    if [ -n "$extra" ]; then extra="<qemu:commandline>$extra</qemu:commandline>"; fi
    # No HPET: Linux leaves it ticking at 250 Hz, which costs an idle guest 4 % of a processor.
    cat <<-END
		<domain type='$type' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		  <name>$name</name>
		  <memory unit='MiB'>$3</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    $boot
		  </os>
		  <features><acpi/></features>
		  <on_crash>destroy</on_crash>
		  <on_reboot>destroy</on_reboot>
		  <clock offset='utc'><timer name='hpet' present='no'/></clock>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    $disk
		    $(nics_xml "$1" "$7" "$8")
		    <serial type='file'><source path='/var/log/libvirt/qemu/$name-serial.log' append='on'/></serial>
		    <memballoon model='virtio'><stats period='2'/></memballoon>
		  </devices>
		  $extra
		</domain>
	END
}

# route_guest OCTET [LINK]: by which of its links the client reaches a guest.
route_guest() {
    has_migration_network || return 0
    if [ "${2:-}" = uplink1 ]; then
        lab_run client ip route replace "$LAB_NET.$1" dev eth1 src "$(box_address client)" </dev/null
    else
        lab_run client ip route delete "$LAB_NET.$1" dev eth1 </dev/null 2>/dev/null || true
    fi
}

# What a guest needs that never boots: a firmware that halts at its first instruction, with interrupts off, so that it
# costs no processor at all (SeaBIOS, which finds nothing to boot, spins); and what lies in its memory.
prepare_halted() { # CONTENT MiB OCTET
    local image=$STATE/image file
    file=$(fill_file "$@")
    [ -e "$image/halt.rom" ] || { head -c 65520 /dev/zero; printf '\372\364\353\375'; head -c 12 /dev/zero; } >"$image/halt.rom"
    [ -e "$file" ] || case $1 in
        text) head -c "$2M" /dev/urandom | tr '\0-\377' "$(six_letters)" >"$file" ;;
        *) head -c "$2M" /dev/urandom >"$file" ;;
    esac
}

# What a guest that never boots has in its memory: the same for all that have as much, or its own.
fill_file() { # CONTENT MiB OCTET
    if [ "$1" = random ]; then echo "$STATE/image/fill-$2"; else echo "$STATE/image/fill-$2-$1-$3"; fi
}

# Random bytes written in so many letters are 2.6 of 8 bits each.
six_letters() { # -> 256 letters, as guest-init has them, too
    local letter
    for letter in a b c d e f; do printf "%.s$letter" {1..43}; done | head -c 256
}

guest_start() { # [option...] HOST VM
    local memory=256 fill=128 dirty=0 set=0 zero=0 limit='' octet='' wait=1 boot=1 nics=1 macvtap='' content=random args=() kib
    local disk='' filled=0 backed=0 disk_writes=0 small=0
    while [ $# -gt 0 ]; do
        case $1 in
            --memory) memory=$2; shift 2 ;;
            --fill) fill=$2; shift 2 ;;
            --content) content=$2; shift 2 ;;
            --dirty-rate) dirty=$2; shift 2 ;;
            --working-set) set=$2; shift 2 ;;
            --small-writes) small=1; shift ;;
            --zero-free) zero=1; shift ;;
            --downtime-limit) limit=$2; shift 2 ;;
            --ip) octet=${2##*.}; shift 2 ;;
            --nics) nics=$2; shift 2 ;;
            --macvtap) macvtap=$2; shift 2 ;;
            --disk) disk=${2%%:*}; case $2 in *:*) filled=${2#*:} ;; esac; shift 2 ;;
            --backing-file) backed=1; shift ;;
            --disk-writes) disk_writes=$2; shift 2 ;;
            --no-wait) wait=0; shift ;;
            --no-boot) boot=0 wait=0; shift ;;
            --) shift; args+=("$@"); break ;;
            --*) die "guest-start knows no option $1" 2 ;;
            *) args+=("$1"); shift ;;
        esac
    done
    [ "${#args[@]}" = 2 ] || die "usage: guest-start [options] HOST VM" 2
    local host=${args[0]} vm=${args[1]}
    need_box "$host"; [[ $host == kvm-* ]] || die "'$host' is no KVM host" 2
    [[ -n $vm && $vm != */* && $vm != *$'\n'* ]] || die "not a name for a guest: '$vm'" 2
    need_number --memory "$memory" 128 65536
    need_number --fill "$fill" 0 65536
    need_number --working-set "$set" 0 65536
    # The kernel, the unpacked initramfs and some air.
    [ $((fill + set + 8 * small + 88)) -le "$memory" ] || die "$memory MiB do not hold $fill + $set MiB and the guest itself" 2
    [[ $dirty =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "--dirty-rate must be MiB/s, not '$dirty'" 2
    kib=$(awk -v r="$dirty" 'BEGIN { printf "%d", r * 1024 }')
    if [ "$kib" -gt 0 ] && [ "$set" = 0 ]; then die "--dirty-rate needs a --working-set" 2; fi
    if [ "$small" = 1 ] && [ "$kib" = 0 ]; then die "--small-writes says how --dirty-rate writes" 2; fi
    [ -z "$limit" ] || need_number --downtime-limit "$limit" 1 60000
    [ -n "$octet" ] || octet=$(guest_octet "$vm") || die "'$vm' is not vm1 to vm99: say --ip" 2
    [ "$boot" = 1 ] || need_number --fill "$fill" 1 65536
    need_number --ip "$octet" 20 191 # above are the migration network's
    need_number --nics "$nics" 0 8
    case $content in random | unique | text) ;; *) die "--content is random, unique or text, not '$content'" 2 ;; esac
    if [ -n "$disk" ]; then
        need_number --disk "$disk" 4 65536
        need_number --disk "$filled" 0 "$disk"
    fi
    need_number --disk-writes "$disk_writes" 0 1024
    if [ "$disk_writes" -gt 0 ] && [ -z "$disk" ]; then die "--disk-writes needs a --disk" 2; fi
    case $macvtap in
        '' | br0) ;;
        uplink1) has_migration_network || die "there is no uplink1 (up --migration-network)" 2 ;;
        # The kernel gives what arrives at a link to one taker.
        *) die "--macvtap is br0 or uplink1: uplink0 is br0's already" 2 ;;
    esac
    if [ -e "$STATE/guests/$octet" ] && [ "$(<"$STATE/guests/$octet")" != "$vm" ]; then
        die "$LAB_NET.$octet belongs to guest '$(<"$STATE/guests/$octet")'" 2
    fi

    if [ "$boot" = 0 ]; then prepare_halted "$content" "$fill" "$octet"; fi
    if [ -n "$disk" ]; then make_disk "$host" "$vm" "$disk" "$filled" "$backed"; fi
    route_guest "$octet" "$macvtap"
    guest_xml "$vm" "$octet" "$memory" "$fill" "$kib" "$set" "$nics" "$macvtap" "$zero" "$limit" "$boot" "$content" "$disk" "$disk_writes" "$small" |
        lab_run "$host" sh -c 'f=$(mktemp) && cat >"$f" && virsh -q define "$f"; r=$?; rm -f "$f"; exit $r'
    if ! lab_run "$host" virsh -q start --domain "$vm" </dev/null; then
        lab_run "$host" virsh -q undefine --domain "$vm" </dev/null || true
        die "guest '$vm' did not start on $host"
    fi
    printf %s "$vm" >"$STATE/guests/$octet"
    # Without a NIC there is nobody to ask.
    [ "$wait" = 1 ] && [ "$nics" -gt 0 ] || return 0
    # The command channel opens last, when the memory is filled.
    guest_wait "$vm" 120 || die "guest '$vm' runs on $host but does not answer within 120 s"
}

guest_wait() { # VM SECONDS; one call into the client, so that ssh is paid once
    local address
    address=$(guest_address "$1") || return
    lab_run client timeout "$2" bash -c '
        until (exec 3<>"/dev/tcp/$1/2323") 2>/dev/null; do sleep 0.2; done' _ "$address" </dev/null
}

guest_exec() { # VM [--] CMD...; output and exit code of CMD, run by the guest's shell
    local vm=${1:-} address; shift || true
    if [ "${1:-}" = -- ]; then shift; fi
    [ $# -gt 0 ] || die "usage: guest-exec VM -- CMD" 2
    address=$(guest_address "$vm") || exit
    lab_run client timeout "${LAB_GUEST_TIMEOUT:-60}" bash -c '
        exec 3<>"/dev/tcp/$1/2323" || exit 255
        # The last line is the exit code; nc in the guest passes no other.
        printf "%s\n" "exec 2>&1; ( $2" ") </dev/null; code=\$?; echo; echo lab-exit \$code; exit" >&3
        previous= have=0 code=255
        while IFS= read -r line <&3; do
            case $line in
                "lab-exit "*) code=${line#lab-exit }; break ;;
            esac
            if [ "$have" = 1 ]; then printf "%s\n" "$previous"; fi
            previous=$line have=1
        done
        if [ -n "$previous" ]; then printf "%s\n" "$previous"; fi
        exit "$code"' _ "$address" "$*" </dev/null
}

# Not grep -q: it ends at the first match, virsh then fails to write the rest, and pipefail takes that for "no".
has_guest() { # HOST VM
    lab_run "$1" virsh -q list --all --name </dev/null | grep -xF -- "$2" >/dev/null
}

guest_stop() { # VM
    local vm=$1 host octet found=0
    (traffic_stop "$vm") 2>/dev/null || true # an iperf3 without its guest would spin
    for host in $(kvm_boxes); do
        has_guest "$host" "$vm" || continue
        found=1
        lab_run "$host" virsh -q destroy --domain "$vm" </dev/null >/dev/null 2>&1 || true
        # A transient domain, as a move without --persistent leaves it, is gone by now.
        lab_run "$host" virsh -q undefine --domain "$vm" </dev/null >/dev/null 2>&1 || true
        if has_guest "$host" "$vm"; then
            die "guest '$vm' is still on $host"
        fi
    done
    # The images stay where a VM has been: on every host there may be one.
    for host in $(kvm_boxes); do lab_run "$host" rm -f "$IMAGES/$vm.qcow2" "$IMAGES/$vm-base.qcow2" </dev/null; done
    rm -f "$STATE/counter-$vm" # the next of this name is another
    if octet=$(guest_octet "$vm"); then rm -f "$STATE/guests/$octet" "$STATE/image"/fill-*-"$octet"; route_guest "$octet"; fi
    [ "$found" = 1 ] || die "no host has a guest '$vm'" 6
}
