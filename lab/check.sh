# shellcheck shell=bash
# The independent judge: knows nothing of the product. Each VM runs on exactly
# one host, its memory is whole, and it is the one that ran before.

# check VM...: a line a VM; false if anything is wrong with one of them.
check() {
    local vm pid pids=() bad=0
    for vm in "$@"; do
        # In a condition, so that a question which fails ends no judgement.
        (check_vm "$vm" || exit 1) & pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
    return "$bad"
}

check_vm() { # VM
    local vm=$1 host state places=() processes=0 problems=() before now count
    for host in $(kvm_boxes); do
        # By QEMU itself, and not only by libvirt's word. The bracket keeps the question from finding itself.
        processes=$((processes + $(lab_run "$host" pgrep -cf -- "-name [g]uest=$vm," </dev/null || true)))
        state=$(lab_run "$host" virsh -q domstate --domain "$vm" </dev/null 2>/dev/null | head -n 1)
        case $state in
            running) places+=("$host") ;;
            '') ;;
            'shut off') problems+=("$host has an old definition") ;;
            *) problems+=("it is $state on $host") ;;
        esac
    done
    [ "${#places[@]}" = 1 ] || problems+=("it runs on ${#places[@]} hosts")
    [ "$processes" = 1 ] || problems+=("it has $processes QEMUs")
    if [ "${#places[@]}" = 1 ]; then
        [ "$(lab_run "${places[0]}" virsh -q dominfo --domain "$vm" </dev/null | awk '/^Persistent/ { print $2 }')" = yes ] ||
            problems+=("it is not defined on ${places[0]}")
        if count=$(LAB_GUEST_TIMEOUT=60 guest_exec "$vm" 'cat /tmp/counter; check-memory 2>&1'); then
            read -r now <<<"$count"
            before=$(cat "$STATE/counter-$vm" 2>/dev/null || echo 0)
            if is_number "$now" && [ "$now" -ge "$before" ]; then echo "$now" >"$STATE/counter-$vm"; else problems+=("its counter went from $before to '$now'"); fi
        else
            problems+=("its memory or its answer is damaged: $(tr '\n' ' ' <<<"$count")")
        fi
    fi
    if [ "${#problems[@]}" = 0 ]; then echo "$vm ok ${places[0]} $now"; return 0; fi
    local IFS=';'
    echo "$vm BAD ${problems[*]}"
    return 1
}
