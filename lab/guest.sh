# shellcheck shell=bash
# Guests: small Linux machines without disk that boot in seconds.

xml() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e "s/'/\&apos;/g" -e 's/"/\&quot;/g' <<<"$1"; }

# The last octet of a guest's address: given, or from a name such as vm3.
guest_octet() {
    if [ -n "$ip" ]; then say "$ip"; elif [[ $1 =~ ^vm([0-9]+)$ ]]; then say $((100 + BASH_REMATCH[1])); else
        fail "VM '$1' needs --ip OCTET: only vm1, vm2, ... have an address by their name." 2
    fi
}

guest_start() {
    local host=$1 vm=$2 octet type=qemu definition
    octet=$(guest_octet "$vm")
    # Nested KVM is often there and broken, so it is only used on request.
    [ -n "${LAB_KVM:-}" ] && [ -c /dev/kvm ] && type=kvm
    definition=$state/guest-$octet.xml
    cat >"$definition" <<TEXT
<domain type='$type'>
  <name>$(xml "$vm")</name>
  <memory unit='MiB'>$memory</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$state/vmlinuz</kernel>
    <initrd>$state/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=5 lab.address=198.51.100.$octet lab.fill=$fill lab.rate=$dirty_rate lab.set=$working_set</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_crash>destroy</on_crash>
  <devices>
    <interface type='bridge'>
      <mac address='52:54:00:1a:b0:$(printf '%02x' "$octet")'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <serial type='file'>
      <source path='/var/log/libvirt/guest-$octet.log'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
TEXT
    lab_run "$host" virsh -q define "$definition" >/dev/null
    lab_run "$host" virsh -q start --domain "$vm" >/dev/null
    [ -z "$wait" ] || guest_wait "$octet" "$vm"
}

guest_wait() {
    local tries=0
    until lab_run client busybox nc -w 1 "198.51.100.$1" 2323 </dev/null >/dev/null 2>&1; do
        ((++tries < 240)) || fail "VM '$2' did not come up."
        sleep 0.25
    done
}

guest_stop() {
    local vm=$1 box
    for box in $(grep -o 'kvm-[a-h]' "$state/boxes"); do
        lab_run "$box" virsh -q destroy --domain "$vm" >/dev/null 2>&1 || true
        lab_run "$box" virsh -q undefine --domain "$vm" >/dev/null 2>&1 || true
    done
}

# Runs a command inside a guest, through the lab's own way in, and prints what it prints.
guest_exec() {
    local octet=$1; shift
    lab_run client sh -c 'printf "%s\nexit\n" "$2" | busybox nc -w 30 "198.51.100.$1" 2323' sh "$octet" "$*"
}
