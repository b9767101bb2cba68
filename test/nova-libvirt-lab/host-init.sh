#!/bin/bash
# The first process of a host of the true lab. It has its own network, mounts, processes, host name and boot id; what a real
# host loses with its power (processes, /run) is gone with it, what is on its disks stays in $DIR/root.
# Given: DIR, NAME, N; from $DIR/settings: STORAGE, SHARED, CLIENT_VOL, NOVA_CONF, NODE, REPOSITORY.
read -r stat < /proc/self/stat
set -- ${stat##*) }
echo "${stat%% *} ${20}" > "$DIR/init.new" && mv "$DIR/init.new" "$DIR/init"
export PATH=$PATH:/usr/sbin:/sbin
. "$DIR/settings"
hostname "$NAME"
mount -t proc proc /proc
umount -l /sys; mount -t sysfs sys /sys # that of this network namespace: libvirt looks for the bridge in it
mount --bind "$DIR/boot_id" /proc/sys/kernel/random/boot_id
mount -t tmpfs -o mode=755 run /run
# where the agent's unit file expects the program; /opt stays as it is for the machine
mkdir -p /run/opt/lifeboat /run/sshd /run/lock /run/libvirt /run/dbus
mount --bind "$REPOSITORY" /run/opt/lifeboat && mount --rbind /run/opt /opt
for d in etc/libvirt var/lib/libvirt var/log var/cache/libvirt var/lib/nova; do
  mkdir -p "$DIR/root/$d" "/$d" && mount --bind "$DIR/root/$d" "/$d"
done
mkdir -p /var/log/libvirt/qemu /var/lib/libvirt/qemu /var/lib/libvirt/images /var/lib/nova/instances /var/lib/nova/lock
/usr/sbin/sshd -f "$DIR/sshd_config" -E /var/log/sshd.log
case $STORAGE in
gluster*) glusterfs -f "$CLIENT_VOL" -l /var/log/gluster.log --attribute-timeout=0 --entry-timeout=0 /var/lib/nova/instances ;;
# "of the kind that libvirt takes for shared": without that word Nova would still evacuate, but not migrate
bindfs) bindfs --multithreaded --forward-odirect=4096 -o subtype=glusterfs "$SHARED" /var/lib/nova/instances ;;
esac || echo "the shared storage could not be mounted"
/usr/sbin/libvirtd --listen --daemon --pid-file /run/libvirtd.pid
echo "$NAME has power; $(grep ' /var/lib/nova/instances ' /proc/mounts)"
echo 'ready 1' > "$DIR/ready"

# The agent as its unit file starts it (ExecStart of deploy/systemd), and started again, as systemd would.
agent() {
  while :; do
    if [ -s "$DIR/agent.env" ] && [ -s "$DIR/agent.exec" ]; then
      (set -a; . "$DIR/agent.env"; set +a; cd /opt/lifeboat && PATH=$(dirname "$NODE"):$PATH exec $(cat "$DIR/agent.exec")) >> /var/log/agent.log 2>&1 &
      echo $! > /run/lifeboat-agent.pid
      wait $!
    fi
    sleep 1
  done
}
agent &
unset PYTHONPATH PYTHONDONTWRITEBYTECODE ${!OS_@} http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PYTHONWARNINGS=ignore PYTHONUNBUFFERED=1
nova_compute() {
  while :; do
    /usr/bin/python3 -c 'import sys; sys.argv[0]="nova-compute"
from nova.cmd.compute import main; sys.exit(main())' --config-file "$NOVA_CONF"
    sleep 2
  done
}
nova_compute > /var/log/nova-compute.out 2>&1 < /dev/null &
while :; do wait -n 2> /dev/null; sleep 0.5; done
