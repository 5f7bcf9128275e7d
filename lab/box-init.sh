#!/usr/bin/env bash
# The first process of a box: private mounts, the box's services, then reaping until it is killed.
set -euo pipefail
dir=$1 box=$2 address=$3 home=$4
trap 'touch "$dir/failed"' ERR

# Still the machine's /proc: this is our process id as the machine sees it.
read -r pid _ </proc/self/stat
echo "$pid" >"$dir/pid"

mount --make-rprivate /
hostname "$box"
mount -t proc proc /proc
# A fresh /sys shows this network namespace's links only.
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/lock /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt
[ -d "$home/.ssh" ] || mkdir -m 700 "$home/.ssh"
mount --bind "$dir/ssh" "$home/.ssh"
mount --bind "$dir/etc-ssh" /etc/ssh
mount --bind "$dir/etc-libvirt" /etc/libvirt
mount --bind "$dir/var-lib-libvirt" /var/lib/libvirt
mount --bind "$dir/var-log-libvirt" /var/log/libvirt
mount --bind "$dir/var-cache-libvirt" /var/cache/libvirt
mount --bind "$dir/hosts" /etc/hosts
[ -e /etc/machine-id ] && mount --bind "$dir/machine-id" /etc/machine-id
touch "$dir/born"

while [ ! -e "$dir/wired" ]; do sleep 0.02; done

sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.tcp_congestion_control=reno 2>/dev/null || true
ip link set lo up
case $box in
    switch) ip address add "$address/24" dev sw0 ;;
    kvm-*)
        ip link add br0 type bridge forward_delay 0 stp_state 0
        ip link set uplink0 master br0
        ip link set uplink0 up
        ip link set br0 up
        ip address add "$address/24" dev br0
        # A veth claims 10 Gbit/s. What reads the link's speed must see the truth, as with a real NIC.
        mount --bind "$dir/speed" /sys/class/net/uplink0/speed
        libvirtd -d
        ;;
    *)
        ip link set uplink0 up
        ip address add "$address/24" dev uplink0
        ;;
esac
/usr/sbin/sshd
while [[ $box == kvm-* && ! -S /run/libvirt/libvirt-sock ]]; do sleep 0.02; done
touch "$dir/ready"
trap - ERR

# A shell that waits reaps whatever is left to it as the first process.
set +e
while :; do
    sleep 3600 &
    wait $!
done
