# shellcheck shell=bash
# What the lab needs installed, and installing it.

# QEMU before 8 loses dirty pages under TCG: guests that receive traffic crash
# after a pre-copy. Debian 12 has newer ones in its backports.
VIRT_PACKAGES="qemu-system-x86 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-utils"
PLAIN_PACKAGES="openssh-server openssh-client iperf3 busybox-static cpio iproute2 procps nftables sudo"
# The Prometheus source of rates is tried against the real thing.
PLAIN_PACKAGES+=" prometheus prometheus-libvirt-exporter"
# A report is looked at in a real browser.
PLAIN_PACKAGES+=" chromium"

new_enough() { # PACKAGE VERSION; nothing is asked of other packages than these
    case $1 in
        qemu-*)    dpkg --compare-versions "$2" ge 1:8 ;;
        libvirt-*) dpkg --compare-versions "$2" ge 9 ;;
    esac
}

missing_packages() { # PACKAGE... -> those not installed, or too old
    local package status version installed=' '
    while read -r package status version; do
        if [ "$status" = installed ] && new_enough "$package" "$version"; then installed+="$package "; fi
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' "$@" 2>/dev/null)
    for package in "$@"; do
        if [[ $installed != *" $package "* ]]; then echo "$package"; fi
    done
}

candidate() { LC_ALL=C apt-cache policy "$1" | sed -n 's/^ *Candidate: *//p' | grep -v '(none)'; }

codename() { (source /etc/os-release && echo "$VERSION_CODENAME"); }

knows_release() {
    [ -n "$(apt-get indextargets --format '$(REPO_URI)' "Codename: $1" 'Created-By: Packages')" ]
}

# The archive that serves this release serves its backports too.
add_backports() {
    local release uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    release=$(codename)
    knows_release "$release-backports" && return
    uri=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $release" 'Created-By: Packages' | head -n 1)
    [ -n "$uri" ] || die "apt has no source for $release: cannot tell where its backports are"
    say "adding $release-backports to apt's sources (trafficmigration-lab.sources)"
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$uri" "$release"
        if [ -e "$keyring" ]; then echo "Signed-By: $keyring"; fi
    } >/etc/apt/sources.list.d/trafficmigration-lab.sources
    apt-get -q update
}

# Installing libvirt or sshd must not start them on the machine itself.
with_services_denied() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@"
)

install_packages() { # VIRT... -- PLAIN...
    local virt=() plain=() target=() package
    while [ "$1" != -- ]; do virt+=("$1"); shift; done; shift; plain=("$@")
    export DEBIAN_FRONTEND=noninteractive
    if [ -z "$(candidate cpio)" ]; then apt-get -q update; fi
    if [ "${#virt[@]}" -gt 0 ]; then
        for package in "${virt[@]}"; do
            if ! new_enough "$package" "$(candidate "$package")"; then
                add_backports
                target=(-t "$(codename)-backports")
            fi
        done
        apt-get -q install -y --no-install-recommends "${target[@]}" "${virt[@]}"
    fi
    if [ "${#plain[@]}" -gt 0 ]; then
        apt-get -q install -y --no-install-recommends "${plain[@]}"
    fi
}

ensure_packages() { # [PACKAGE...] more than every lab needs
    local virt plain
    command -v dpkg-query >/dev/null || die "the lab knows only Debian and its relatives" 3
    # shellcheck disable=SC2086
    mapfile -t virt < <(missing_packages $VIRT_PACKAGES)
    # shellcheck disable=SC2086
    mapfile -t plain < <(missing_packages $PLAIN_PACKAGES "$@")
    [ $((${#virt[@]} + ${#plain[@]})) -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        die "not installed, or too old (QEMU below 8, libvirt below 9): ${virt[*]} ${plain[*]}
lab: as root: apt-get install --no-install-recommends ${virt[*]} ${plain[*]}
lab: (on Debian 12 the first of them with -t bookworm-backports)" 3
    fi
    say "installing ${virt[*]} ${plain[*]}"
    with_services_denied install_packages "${virt[@]}" -- "${plain[@]}" >&2 || die "the installation failed"
    mapfile -t virt < <(missing_packages "${virt[@]}" "${plain[@]}")
    [ "${#virt[@]}" = 0 ] || die "still missing or too old: ${virt[*]}"
}
