#!/bin/bash
# guest-image.sh OUT: builds OUT/{vmlinux,initrd.gz,disk.raw}, once. A Debian kernel (unpacked, not installed) and busybox.
# The guest: address from its MAC (52:54:00:b4:b5:b6 is 10.b4.b5.b6/16), ext4 on /dev/vda with a log of its boots and a marker,
# a heartbeat block behind the file system that shows a second writer, its state by HTTP on port 80, commands on port 9.
set -eu
OUT=$1
. "$(dirname "$(readlink -f "$0")")/../guest-os/base.sh"
guest_base "$OUT" 'sbin tmp run www data' 'umount ip httpd nc reboot mkdir ln ls head tail cut tr dd sync wc od' \
  'net/core/failover drivers/net/net_failover drivers/net/virtio_net lib/crc16 crypto/crc32c_generic fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4'
cat > "$R/init" <<'I'
#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
for m in $(cat /mod/order); do insmod /mod/$m 2>/dev/null; done
ip link set lo up
UUID=$(cat /sys/class/dmi/id/product_uuid); BOOT=$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' ')
set -- $(tr ':' ' ' < /sys/class/net/eth0/address); IP=10.$((0x$4)).$((0x$5)).$((0x$6))
ip addr add $IP/16 dev eth0; ip link set eth0 up
mount -t ext4 -o data=ordered,commit=1 /dev/vda /data && DATA=ok || DATA=failed
BOOTS=$(($(cat /data/boots.log 2>/dev/null | wc -l) + 1)); SPLIT=0 IOERR=0
echo "boot $BOOTS id $BOOT" >> /data/boots.log; sync
page() { echo "uuid=$UUID ip=$IP data=$DATA boots=$BOOTS bootid=$BOOT seq=$1 split=$SPLIT ioerr=$IOERR marker=$(cat /data/marker 2>/dev/null)" > /www/index.html; }
page 0; httpd -p 80 -h /www
( while :; do c=$(nc -l -p 9 2>/dev/null); case "$c" in marker*) echo "${c#marker }" > /data/marker; sync;; esac; done ) &
echo "READY $UUID $IP boots=$BOOTS id=$BOOT" > /dev/console
# the block at 32 MiB: "<bootid> <seq>"; somebody else's id in it after our first write is a second running copy of us
s=0; while :; do
  echo 1 > /proc/sys/vm/drop_caches
  set -- $(dd if=/dev/vda bs=4096 skip=8192 count=1 2>/dev/null | tr -d '\0')
  [ $s -eq 0 ] || [ -n "$1" ] || IOERR=$((IOERR+1))
  [ $s -gt 0 ] && [ -n "$1" ] && [ "$1" != "$BOOT" ] && { SPLIT=$((SPLIT+1)); echo "SPLIT-BRAIN block written by $1, I am $BOOT" > /dev/console; }
  s=$((s+1)); printf '%s %s\n' $BOOT $s | dd of=/dev/vda bs=4096 seek=8192 conv=sync,notrunc,fsync 2>/dev/null
  page $s; sleep 1
done
I
guest_initrd "$OUT"
rm -f "$OUT/disk.raw"
truncate -s 33M "$OUT/disk.raw"
mkfs.ext4 -q -F -O ^metadata_csum,^64bit -b 4096 "$OUT/disk.raw" 8192
guest_whole "$OUT"
