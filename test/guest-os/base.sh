# Sourced by a guest-image.sh: what all guests of the labs have in common, a Debian kernel (unpacked, not installed) and busybox.
# guest_base OUT "DIRECTORIES" "APPLETS" "MODULES": OUT/vmlinux; $R, the guest's root, wants an init; then guest_initrd OUT, and
# guest_whole OUT last. Ends the script where OUT was made whole by these very scripts. Leaves it in $WORK, which goes away at the end.
guest_makers=$(cat "$0" "${BASH_SOURCE[0]}" | sha256sum)

guest_base() {
  local out=$1 modules m a
  [ "$(cat "$out/made-by" 2>/dev/null)" != "$guest_makers" ] || exit 0
  WORK=$(mktemp -d); trap 'rm -rf "$WORK"' EXIT
  R=$WORK/root
  mkdir -p "$out" "$WORK/kernel" "$R"
  rm -f "$out/made-by"
  cd "$WORK"
  [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit)" ] || apt-get -qq update
  apt-get -qq download "$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/{print $2}')"
  dpkg-deb -x linux-image-*.deb kernel
  # the kernel without its compression starts twice as fast where every instruction is emulated
  python3 - "$(echo kernel/boot/vmlinuz-*)" "$out/vmlinux" <<'P'
import lzma, sys
image = open(sys.argv[1], 'rb').read()
open(sys.argv[2], 'wb').write(lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(image[image.find(b'\xfd7zXZ\0'):]))
P
  modules=$(echo kernel/lib/modules/*/kernel)
  for a in bin dev proc sys mod $2; do mkdir -p "$R/$a"; done
  cp /bin/busybox "$R/bin/busybox"
  for a in sh mount insmod poweroff sleep cat echo $3; do ln -sf busybox "$R/bin/$a"; done
  for m in drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci_legacy_dev \
           drivers/virtio/virtio_pci drivers/block/virtio_blk $4; do
    [ -f "$modules/$m.ko" ] || continue
    cp "$modules/$m.ko" "$R/mod/"; basename "$m.ko" >> "$R/mod/order"
  done
}

guest_initrd() {
  chmod +x "$R/init"
  (cd "$R" && find . | cpio -o -H newc --quiet | gzip -9) > "$1/initrd.gz"
}

guest_whole() {
  chmod 644 "$1"/*
  echo "$guest_makers" > "$1/made-by"
}
