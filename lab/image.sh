# shellcheck shell=bash
# The guest's kernel and initramfs, built once and kept in out/lab of the
# checkout. The name of the directory is a digest of what went in.

kernel_package() {
    apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

# The kernel is unpacked, never installed: a kernel's install scripts would
# touch the machine's boot files.
fetch_kernel() { # -> directory with the unpacked package
    local package dir work
    # Any will do: an unpacked one spares asking apt.
    for dir in "$CHECKOUT"/out/lab/kernel-*/; do
        if [ -d "$dir" ]; then echo "${dir%/}"; return; fi
    done
    package=$(kernel_package)
    if [ -z "$package" ]; then # a fresh container has no package lists
        apt-get -q update >&2
        package=$(kernel_package)
    fi
    [ -n "$package" ] || die "apt knows no linux-image-cloud-amd64"
    dir=$CHECKOUT/out/lab/kernel-$package
    if [ ! -d "$dir" ]; then
        work=$(mktemp -d "$CHECKOUT/out/lab/tmp.XXXXXX")
        say "fetching the guests' kernel, $package"
        (cd "$work" && apt-get -q download "$package" >log 2>&1 || { cat log >&2; exit 1; }) ||
            die "cannot download $package"
        mkdir "$work/root"
        dpkg-deb -x "$work"/*.deb "$work/root"
        mv -T "$work/root" "$dir" 2>/dev/null || [ -d "$dir" ] # another lab was faster
        rm -rf "$work"
    fi
    echo "$dir"
}

copy_with_libraries() { # BINARY ROOT
    local file
    install -D "$1" "$2$1"
    ldd "$1" | grep -o '/[^ ]*' | while read -r file; do install -D "$file" "$2$file"; done
}

# In the order in which they load; what is built into a kernel is not there.
GUEST_MODULES="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
    failover net_failover virtio_net virtio_balloon virtio_blk button evdev"

fill_initramfs() { # KERNEL-DIR ROOT [PROGRAM...]
    local kernel=$1 root=$2 name file; shift 2
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules,fill}
    install "$LAB_DIR/guest-init" "$root/init"
    install "$(command -v busybox)" "$root/bin/busybox"
    for file in "$(command -v iperf3)" "$@"; do copy_with_libraries "$file" "$root"; done
    for name in $GUEST_MODULES; do
        file=$(find "$kernel/lib/modules" "$kernel/usr/lib/modules" -name "$name.ko*" 2>/dev/null | head -n 1)
        case $file in
            *.ko)  cp "$file" "$root/modules/" ;;
            *.xz)  xz -dc "$file" >"$root/modules/$name.ko" ;;
            *.zst) zstd -qdc "$file" >"$root/modules/$name.ko" ;;
        esac
        if [ -n "$file" ]; then echo "$name" >>"$root/modules/order"; fi
    done
    # What guests fill their memory with: a guest under TCG would take long to
    # make random bytes itself.
    head -c 8M /dev/urandom >"$root/block"
}

# build_image [PROGRAM...]: prints the directory that holds vmlinuz and initrd.
build_image() {
    local kernel key dir work program more=()
    for program in "$@"; do more+=("$(command -v "$program")"); done
    mkdir -p "$CHECKOUT/out/lab"
    kernel=$(fetch_kernel)
    key=$({ basename "$kernel"; cat "$LAB_DIR/guest-init" "$LAB_DIR/image.sh" \
            "$(command -v busybox)" "$(command -v iperf3)" "${more[@]}"; } | sha256sum | cut -c 1-16)
    dir=$CHECKOUT/out/lab/image-$key
    if [ ! -d "$dir" ]; then
        say "building the guests' initramfs"
        work=$(mktemp -d "$CHECKOUT/out/lab/tmp.XXXXXX")
        mkdir "$work/root" "$work/image"
        fill_initramfs "$kernel" "$work/root" "${more[@]}"
        # Not compressed: unpacking under TCG would cost more than reading.
        (cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/image/initrd"
        cp "$kernel"/boot/vmlinuz-* "$work/image/vmlinuz"
        mv -T "$work/image" "$dir" 2>/dev/null || [ -d "$dir" ]
        rm -rf "$work"
    fi
    echo "$dir"
}
