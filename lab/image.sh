# shellcheck shell=bash
# The guests' kernel and initramfs, made once and kept in out/lab of the checkout.

image=$checkout/out/lab

image_ensure() {
    local key
    key=$(cat "$here/image.sh" "$here/guest-init" "$(command -v iperf3)" | sha256sum | cut -c1-16)
    if [ "$(cat "$image/key" 2>/dev/null)" != "$key" ]; then
        say "Lab: making the guests' kernel and initramfs ..."
        mkdir -p "$image"
        image_kernel
        image_initrd
        say "$key" >"$image/key"
    fi
}

# Unpacked, not installed: installing a kernel package would touch the machine's boot loader.
image_kernel() {
    local package
    [ -e "$image/kernel/vmlinuz" ] && return
    rm -rf "$image/kernel" && mkdir -p "$image/kernel"
    [ -n "$(apt-cache show linux-image-cloud-amd64 2>/dev/null)" ] || apt-get update >/dev/null
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -1)
    (cd "$image/kernel" && apt-get download "$package" >/dev/null 2>&1 && dpkg-deb -x ./*.deb root && rm ./*.deb) \
        || fail "the guests' kernel ($package) could not be downloaded."
    cp "$image"/kernel/root/boot/vmlinuz-* "$image/kernel/vmlinuz"
}

image_initrd() {
    local root=$image/initrd-root program module file
    program=$(command -v iperf3)
    rm -rf "$root" && mkdir -p "$root"/{bin,dev,proc,sys,mem,tmp,modules}
    cp "$(command -v busybox)" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    cp "$program" "$root/bin/iperf3"
    for file in $(ldd "$program" | grep -oE '/[^ ]+'); do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
    for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
        file=$(find "$image/kernel/root" -name "$module.ko*" | head -1)
        [ -z "$file" ] && continue
        case $file in
            *.xz) xz -dc "$file" >"$root/modules/$module.ko" ;;
            *) cp "$file" "$root/modules/$module.ko" ;;
        esac
    done
    install -m 755 "$here/guest-init" "$root/init"
    cp "$image/kernel/vmlinuz" "$image/vmlinuz"
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$image/initrd"
    rm -rf "$root"
}
