# shellcheck shell=bash
# What the machine must have. One announced step with root; without, exactly what to install.

# Debian 12's own QEMU 7.2 loses dirty pages without KVM, so QEMU and libvirt come from backports where the release's are older.
qemu_packages=(qemu-system-x86 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients)
plain_packages=(openssh-server openssh-client iperf3 busybox-static cpio iproute2 procps)

packages_missing() {
    local package version
    for package in "${qemu_packages[@]}" "${plain_packages[@]}"; do
        version=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$package" 2>/dev/null) || version=
        case $version in
            'installed '*)
                if [ "$package" = qemu-system-x86 ] && dpkg --compare-versions "${version#installed }" lt 1:8; then
                    say "$package"
                fi
                ;;
            *) say "$package" ;;
        esac
    done
}

packages_ensure() {
    local missing
    missing=$(packages_missing | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        fail "this machine lacks: $missing-- install them as root (QEMU 8 or newer; on Debian 12: apt-get install -t bookworm-backports ...)." 3
    fi
    say "Lab: installing $missing(Debian packages; their services are not started) ..."
    packages_install "$missing"
}

packages_install() {
    local log release options=() own_policy=
    log=$(mktemp)
    # The packages' own services must not run on the machine itself: the lab starts its own, inside its boxes.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        own_policy=yes
    fi
    apt-get update >"$log" 2>&1 || true
    release=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    if [ "$release" = bookworm ]; then
        packages_add_backports >>"$log" 2>&1
        options=(-t bookworm-backports)
    fi
    # shellcheck disable=SC2086 # a list of words
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${options[@]}" $1 >>"$log" 2>&1; then
        [ -z "$own_policy" ] || rm -f /usr/sbin/policy-rc.d
        tail -20 "$log" >&2
        fail "the packages could not be installed; the whole log is in $log"
    fi
    [ -z "$own_policy" ] || rm -f /usr/sbin/policy-rc.d
    rm -f "$log"
}

# From wherever the machine gets its release, it gets the backports too.
packages_add_backports() {
    local uri
    [ -z "$(apt-get indextargets --format '$(SUITE)' 'Codename: bookworm-backports')" ] || return 0
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -1)
    printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
        "$uri" >/etc/apt/sources.list.d/bookworm-backports.sources
    apt-get update
}
