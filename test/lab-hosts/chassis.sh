#!/bin/sh
# What ipmi_sim calls when somebody asks the BMC about the chassis:
#   chassis.sh NODE POWER STATE_DIR N get WHAT... | set WHAT VALUE... | check WHAT...
# Faults are files in STATE_DIR/bmc-N: 'lie' (takes the order, does nothing), 'slow' (holds seconds).
node=$1 power=$2 dir=$3 n=$4 op=$5; shift 5
exec 2>> "$dir/bmc-$n/chassis.log"
power() { LIFEBOAT_LAB_HOSTS=$dir "$node" "$power" "$1" "$n"; }
# As powerStatus in power.ts, without the start of a Node: the host's first process, by pid and start time, no zombie.
state() {
  [ -e "$dir/host-$n/init" ] || { echo power:0; return; }
  # No answer is better than a wrong one: 'off' is a proof of death.
  read -r pid start < "$dir/host-$n/init" || exit 1
  read -r stat 2> /dev/null < "/proc/$pid/stat" || { echo power:0; return; }
  set -- ${stat##*) }
  case $1:${20} in Z:* | X:*) echo power:0 ;; *:"$start") echo power:1 ;; *) echo power:0 ;; esac
}
echo "$(date -u +%T.%3N) $op $*" >&2
[ -e "$dir/bmc-$n/slow" ] && sleep "$(cat "$dir/bmc-$n/slow")"
case $op in
get)
  while [ $# -gt 0 ]; do
    case $1 in
    power) state ;;
    boot) echo boot:default ;;
    *) echo "$1:0" ;;
    esac
    shift
  done ;;
set)
  [ -e "$dir/bmc-$n/lie" ] && exit 0
  while [ $# -gt 1 ]; do
    case $1:$2 in
    power:0 | shutdown:*) power off || exit 1 ;;
    power:1) power on > /dev/null || exit 1 ;;
    reset:*) power off && power on > /dev/null || exit 1 ;;
    esac
    shift 2
  done ;;
esac
exit 0
