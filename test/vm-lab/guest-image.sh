#!/bin/bash
# guest-image.sh OUT: builds OUT/{vmlinux,initrd.gz}, once. A Debian kernel (unpacked, not installed) and busybox.
# The guest: a guest agent in shell on org.qemu.guest_agent.0 that answers sync and ping, powers off on guest-shutdown, writes to
# its disk until that fails on guest-fill, and leaves (closing its channel) on guest-leave. An NMI makes its kernel panic: with a
# pvpanic device the hypervisor hears of it, without one the guest just hangs.
set -eu
OUT=$1
. "$(dirname "$(readlink -f "$0")")/../guest-os/base.sh"
guest_base "$OUT" '' 'printf' \
  'drivers/char/virtio_console drivers/misc/pvpanic/pvpanic drivers/misc/pvpanic/pvpanic-mmio'
cat > "$R/init" <<'I'
#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
for m in $(cat /mod/order); do insmod /mod/$m 2>/dev/null; done
# the host tells the port's name a moment after the driver is there
while [ -z "$PORT" ]; do
  for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name 2>/dev/null)" = org.qemu.guest_agent.0 ] && PORT=/dev/${p##*/}; done
  [ -c "$PORT" ] || { PORT=; sleep 0.2; }
done
fill() { cat /dev/zero > /dev/vda; }
agent() {
  exec 3<>$PORT
  while :; do
    # Nobody is at the other end yet. The port stays open: libvirt comes when it hears that it is.
    read -r line <&3 || { sleep 0.2; continue; }
    case $line in
      *guest-sync-delimited*) id=${line##*\"id\":}; printf '\377{"return":%s}\n' "${id%%\}*}" >&3 ;;
      *guest-sync*) id=${line##*\"id\":}; echo "{\"return\":${id%%\}*}}" >&3 ;;
      *guest-shutdown*) poweroff -f ;;
      *guest-fill*) echo '{"return":{}}' >&3; fill 3>&- & ;;
      *guest-leave*) echo '{"return":{}}' >&3; exit 42 ;;
      *) echo '{"return":{}}' >&3 ;;
    esac
  done
}
# Each life of the agent is a process of its own: the port opens for one at a time, and a shell that cannot open what it redirects ends.
until (agent); [ $? = 42 ]; do sleep 1; done
while :; do sleep 1000; done
I
guest_initrd "$OUT"
guest_whole "$OUT"
