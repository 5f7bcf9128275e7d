#!/bin/bash
# What a sample costs the host that is sampled, beside a bare `virsh domstats`
# and beside the usual script, one `virsh domifstat` a VM.
#
#   benchmarks/host-cost.sh BENCHMARKS-PROGRAM [--vms 50] [--rounds 3]
#
# A lab host with real VMs; each is a QEMU that found nothing to boot, so that
# what the host spends is spent on the questions. Everything of the box is in
# one cpuacct cgroup: the processor time of sshd, shell, virsh, libvirtd and
# QEMU counts, to the nanosecond, children included; what the idle box uses
# meanwhile is measured beside it and taken off. All questions come over SSH
# from the control box, take turns, and the medians are compared.
set -euo pipefail

program=$1; shift
vms=50 rounds=3
while [ $# -gt 0 ]; do
    case $1 in
        --vms) vms=$2; shift 2 ;;
        --rounds) rounds=$2; shift 2 ;;
        *) echo "host-cost knows no option $1" >&2; exit 2 ;;
    esac
done
root=$(dirname "$(readlink -f "$0")")/..
name=cost-$$
group=/sys/fs/cgroup/cpuacct/trafficmigration-$name
lab() { bash "$root/lab/lab.sh" "$@"; }
# -T: what is asked needs no terminal; one connection that the questions share.
ask() { lab exec --name $name control -- ssh -T -o ControlMaster=auto -o ControlPath=/run/ask -o ControlPersist=600 kvm-a "$1"; }

cleanup() {
    lab down --name $name
    rmdir "$group" 2>/dev/null || true
}
trap cleanup EXIT

[ -d /sys/fs/cgroup/cpuacct ] || { echo "host-cost needs the cpuacct cgroup at /sys/fs/cgroup/cpuacct" >&2; exit 3; }
lab up --name $name --hosts 2

# shellcheck disable=SC2016
ask 'for i in $(seq '"$vms"'); do
        cat >/tmp/vm.xml <<END
<domain type="qemu"><name>vm$i</name><memory unit="MiB">32</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="q35">hvm</type></os>
<devices><interface type="bridge"><source bridge="br0"/><model type="virtio"/><rom enabled="no"/></interface><memballoon model="virtio"/></devices></domain>
END
        virsh -q -c qemu:///system create /tmp/vm.xml || exit
    done'

mkdir "$group"
box=$(lab status --name $name | awk '$1 == "kvm-a" && $3 == "pid" {print $4}')
space=$(readlink "/proc/$box/ns/pid_for_children")
for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$space" ]; then echo "${process#/proc/}" >"$group/cgroup.procs" || true; fi
done

used() { cat "$group/cpuacct.usage"; }
clock() { date +%s%N; }

# cost COMMAND TIMES: processor time of the box for one time, less what it uses idle; microseconds
cost() {
    local used0 used1 clock0 clock1
    used0=$(used) clock0=$(clock)
    "$1" >/dev/null
    used1=$(used) clock1=$(clock)
    echo $(((used1 - used0 - idle * (clock1 - clock0) / 1000) / $2 / 1000))
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

sampler=$("$program" sampler 0.2)
samples=40 facts=5
domstats() { ask 'for i in 1 2 3 4 5; do virsh -c qemu:///system domstats >/dev/null; done'; }
# The usual script knows its VMs' links.
# shellcheck disable=SC2016
ask 'for i in $(virsh -q -c qemu:///system list --name); do echo "$i $(virsh -q -c qemu:///system domiflist "$i" | cut -d" " -f2)"; done >/tmp/'$name'-links'
# shellcheck disable=SC2016
domifstat() { ask 'while read -r vm link; do virsh -q -c qemu:///system domifstat "$vm" "$link" || exit; done </tmp/'$name'-links'; }
# Facts and as many samples as fit; then facts again and again.
sampling() { sleep $((samples / 4)) | ask "$sampler"; }
asking() { { for _ in $(seq $facts); do echo facts; sleep 0.7; done; } | ask "${sampler/timeout 0.2/timeout 60}"; }

ask true
sleep 5
used0=$(used) clock0=$(clock); sleep 10
idle=$((($(used) - used0) * 1000 / ($(clock) - clock0))) # nanoseconds a microsecond
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    cost domstats 5 >>"/tmp/$name-domstats"
    cost domifstat 1 >>"/tmp/$name-domifstat"
    cost asking $((facts + 1)) >>"/tmp/$name-facts"
    used0=$(used) clock0=$(clock)
    n=$(sampling | grep -c '^@counted')
    spent=$((($(used) - used0 - idle * ($(clock) - clock0) / 1000) / 1000))
    echo "$n $spent" >>"/tmp/$name-sampling"
done
bare=$(median <"/tmp/$name-domstats") script=$(median <"/tmp/$name-domifstat") facts_cost=$(median <"/tmp/$name-facts")
sample=$(awk -v facts="$facts_cost" '{print int(($2 - facts) / $1)}' "/tmp/$name-sampling" | median)
rm -f /tmp/"$name"-{domstats,domifstat,facts,sampling,links}

awk -v vms="$vms" -v idle="$idle" -v bare="$bare" -v script="$script" -v facts="$facts_cost" -v sample="$sample" 'BEGIN {
    window = (2 * facts + 6 * sample) / 6
    printf "processor time on a host with %d VMs, milliseconds (idle: %.1f %% of a core)\n", vms, idle / 10
    printf "  %-44s %8.1f\n", "bare virsh domstats", bare / 1000
    printf "  %-44s %8.1f\n", "one virsh domifstat a VM, the usual script", script / 1000
    printf "  %-44s %8.1f\n", "our sample", sample / 1000
    printf "  %-44s %8.1f\n", "our facts, at both ends of a window", facts / 1000
    printf "  %-44s %8.1f\n", "a sample, facts of a window of 5 s included", window / 1000
    printf "ratio to bare domstats: sample %.3f, with facts %.2f; the script costs %.0f and %.1f times as much\n", sample / bare, window / bare, script / sample, script / window
    printf "{\"vms\":%d,\"domstatsMicroseconds\":%d,\"scriptMicroseconds\":%d,\"sampleMicroseconds\":%d,\"factsMicroseconds\":%d,\"sampleRatio\":%.3f,\"sampleWithFactsRatio\":%.3f}\n", vms, bare, script, sample, facts, sample / bare, window / bare
}'
