#!/bin/bash
# What a run costs beside the same migrations typed by hand: three VMs at once
# by pre-copy between two lab hosts, in turns by Start-TrafficSensitiveMigration
# (adaptive, pre-flight and all) and by three `virsh migrate` in the background.
#
#   benchmarks/run-cost.sh PWSH [--rounds 5]
#
# Compared are the medians of the total migration time: from the first VM's
# start to the last VM's end, by the source's clock. What watching costs a host
# is the processor time of all its processes but QEMU, by a cpuacct cgroup, in
# the middle of migrations that are slow on purpose, over the same by hand.
set -euo pipefail

pwsh=$1; shift
rounds=5
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        *) echo "run-cost knows no option $1" >&2; exit 2 ;;
    esac
done
root=$(dirname "$(readlink -f "$0")")/..
name=run-$$
groups=/sys/fs/cgroup/cpuacct/trafficmigration-$name
lab() { bash "$root/lab/lab.sh" "$@" --name "$name"; }
control() { bash "$root/lab/lab.sh" exec --name "$name" control -- "$@"; }

cleanup() {
    lab down
    rmdir "$groups"/* "$groups" 2>/dev/null || true
    rm -f "/tmp/$name-hand" "/tmp/$name-run"
}
trap cleanup EXIT

[ -d /sys/fs/cgroup/cpuacct ] || { echo "run-cost needs the cpuacct cgroup at /sys/fs/cgroup/cpuacct" >&2; exit 3; }
lab up --hosts 2
for vm in vm1 vm2; do lab guest-start --memory 192 --fill 96 --no-wait kvm-a $vm; done
lab guest-start --memory 192 --fill 96 kvm-a vm3

# The processes of a box go into a group of its own, QEMU stays outside. One
# that is started later by one of them is inside, also a QEMU that receives.
gather() { # BOX
    local box space process
    mkdir -p "$groups/$1"
    box=$(lab status | awk -v box="$1" '$1 == box && $3 == "pid" {print $4}')
    space=$(readlink "/proc/$box/ns/pid_for_children")
    for process in /proc/[0-9]*; do
        if [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$space" ]; then
            case $(cat "$process/comm" 2>/dev/null) in
                qemu-system*) echo "${process#/proc/}" >/sys/fs/cgroup/cpuacct/cgroup.procs || true ;;
                *) echo "${process#/proc/}" >"$groups/$1/cgroup.procs" || true ;;
            esac
        fi
    done
}
used() { cat "$groups/$1/cpuacct.usage"; }

# shellcheck disable=SC2016
by_hand() { # FROM TO; prints the seconds that all took
    control ssh "$1" 'begin=$(date +%s%N)
        for vm in vm1 vm2 vm3; do
            virsh -q migrate --live --p2p --persistent --undefinesource $vm qemu+ssh://'"$2"'/system tcp://'"$2"' & jobs="$jobs $!"
        done
        for job in $jobs; do wait $job || exit; done
        awk -v a="$begin" -v b="$(date +%s%N)" "BEGIN { print (b - a) / 1e9 }"'
}
# shellcheck disable=SC2016
by_run() { # FROM TO
    control "$pwsh" -NoProfile -NonInteractive -Command '& {
        Import-Module "$($args[0])/out/TrafficMigration"
        $results = Get-VMTrafficRate $args[1] -SampleCount 2 | Get-MigrationPlan -Destination $args[2] -Strategy PreCopy |
            Start-TrafficSensitiveMigration -Confirm:$false -InformationAction Ignore -JournalPath /tmp/journals
        if ($results.Outcome -ne "Completed" -or $results.TechniqueUsed -ne "PreCopy") { $results | Out-Host; exit 1 }
        $end = ($results | ForEach-Object { $_.StartTime + $_.TotalTime } | Measure-Object -Maximum).Maximum
        ($end - ($results.StartTime | Measure-Object -Minimum).Minimum).TotalSeconds.ToString([cultureinfo]::InvariantCulture)
    }' "$root" "$1" "$2"
}

from=kvm-a to=kvm-b
for round in $(seq "$rounds"); do
    for way in hand run; do
        # Where the VMs are now, their QEMUs are to be outside.
        gather "$from"
        before=$(used "$from")
        seconds=$("by_$way" "$from" "$to" | tail -n 1)
        spent=$((($(used "$from") - before) / 1000))
        echo "round $round of $rounds, by $way: $seconds s" >&2
        echo "$seconds $spent" >>"/tmp/$name-$way"
        read -r from to <<<"$to $from"
    done
done

# Nothing but watching happens in the middle of a slow migration.
watch() { # WAY; prints the processor time a second of source and destination, microseconds
    local way=$1 job a b clock
    gather "$from"; gather "$to"
    if [ "$way" = run ]; then
        control timeout 90 "$pwsh" -NoProfile -NonInteractive -Command '& {
            Import-Module "$($args[0])/out/TrafficMigration"
            Get-VMTrafficRate $args[1] -SampleCount 1 | Get-MigrationPlan -Destination $args[2] -Strategy PreCopy |
                Start-TrafficSensitiveMigration -Confirm:$false -InformationAction Ignore -JournalPath /tmp/journals -BandwidthLimit 8388608
        }' "$root" "$from" "$to" >/dev/null 2>&1 & job=$!
    else
        # shellcheck disable=SC2016
        control ssh "$from" 'for vm in vm1 vm2 vm3; do
            timeout 90 virsh -q migrate --live --p2p --persistent --undefinesource --bandwidth 1 $vm qemu+ssh://'"$to"'/system tcp://'"$to"' & done; wait' >/dev/null 2>&1 & job=$!
    fi
    sleep 20
    # The QEMUs that receive were started inside.
    gather "$to"
    a=$(used "$from") b=$(used "$to") clock=$(date +%s%N)
    sleep 30
    clock=$((($(date +%s%N) - clock) / 1000))
    a=$((($(used "$from") - a) * 1000 / clock)) b=$((($(used "$to") - b) * 1000 / clock))
    # shellcheck disable=SC2016
    control ssh "$from" 'for vm in vm1 vm2 vm3; do virsh -q domjobabort $vm; done' >/dev/null 2>&1 || true
    wait "$job" || true
    echo "$a $b"
}
watched_hand=$(watch hand) watched_run=$(watch run)

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
hand=$(cut -d' ' -f1 "/tmp/$name-hand" | median) run=$(cut -d' ' -f1 "/tmp/$name-run" | median)
hand_cpu=$(cut -d' ' -f2 "/tmp/$name-hand" | median) run_cpu=$(cut -d' ' -f2 "/tmp/$name-run" | median)
read -r hand_a hand_b <<<"$watched_hand"
read -r run_a run_b <<<"$watched_run"
awk -v rounds="$rounds" -v hand="$hand" -v run="$run" -v cpu_hand="$hand_cpu" -v cpu_run="$run_cpu" \
    -v ha="$hand_a" -v hb="$hand_b" -v ra="$run_a" -v rb="$run_b" 'BEGIN {
    printf "three VMs by pre-copy, total migration time, medians of %d: by hand %.2f s, by a run %.2f s, ratio %.3f\n", rounds, hand, run, run / hand
    printf "processor time of the source beside QEMU for the whole: by hand %.0f ms, by a run %.0f ms (measuring, pre-flight, watching, sampling)\n", cpu_hand / 1000, cpu_run / 1000
    printf "watching three VMs, beside QEMU, of a core: source %.2f %% (by hand %.2f %%), destination %.2f %% (%.2f %%)\n", ra / 1e4, ha / 1e4, rb / 1e4, hb / 1e4
    printf "{\"handSeconds\":%.2f,\"runSeconds\":%.2f,\"ratio\":%.3f,\"watchingSourcePercent\":%.2f,\"watchingDestinationPercent\":%.2f}\n", hand, run, run / hand, (ra - ha) / 1e4, (rb - hb) / 1e4
}'
