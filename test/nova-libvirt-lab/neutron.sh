#!/bin/bash
# neutron.sh bridge EXTRA_CONF | restore: the OpenStack lab's network service as a real neutron-server with the driver in ml2/,
# or as it was (the lab's stub, or its neutron-server).
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
OPENSTACK=$HERE/../openstack-lab
. "$OPENSTACK/lab-common.sh"
case $1 in
bridge)
  if alive neutron-stub; then echo stub > "$RUN/neutron.was"; elif [ ! -e "$RUN/neutron.was" ]; then echo real > "$RUN/neutron.was"; fi
  if [ ! -e "$LAB/.done/ne_db" ]; then
    neutron-db-manage --config-file "$CFG/neutron.conf" upgrade head >> "$LOG/ne_db.log" 2>&1
    touch "$LAB/.done/ne_db"
  fi
  stop neutron-stub 3; stop neutron 5
  start neutron env PYTHONPATH="$HERE/ml2" neutron-server --config-file "$CFG/neutron.conf" --config-file "$2" ;;
restore)
  [ -e "$RUN/neutron.was" ] || exit 0
  stop neutron 5
  if [ "$(cat "$RUN/neutron.was")" = stub ]; then start neutron-stub /usr/bin/python3 "$OPENSTACK/neutron-stub.py" 9696
  else start neutron neutron-server --config-file "$CFG/neutron.conf"; fi
  rm -f "$RUN/neutron.was" ;;
esac
wait_port 9696 60
