#!/bin/sh
# Usage: lab-init.sh STATE_DIR NETWORK_FILE
# Process 1 of a lab, in namespaces of its own (process, mount, network, host name, IPC): makes the networks, says "ready", then only
# collects ended processes. When it is killed, the kernel ends every process of the lab and drops its networks and mounts.
# NETWORK_FILE: the lines that network.sh reads. STATE_DIR/etc: the lab's own hosts and resolv.conf.
set -eu

state=$1
network_file=$2
here=$(dirname "$0")

# A file over a file, wherever a link on this machine leads; left alone where the machine has none.
cover() {
  if [ -e "$2" ]; then
    mount --bind "$1" "$(readlink -f "$2")"
  fi
}

cover "$state/etc/hosts" /etc/hosts
cover "$state/etc/resolv.conf" /etc/resolv.conf
# /run is private, so names in /run/netns and sockets never clash with this machine's or another lab's.
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/netns /run/lock
hostname lab

while read -r directory; do
  echo $$ >"$directory/lab/cgroup.procs"
done <"$state/run/cgroups"

ip link set lo up
"$here/network.sh" <"$network_file"

echo ready
exec >/dev/null 2>&1
while :; do
  sleep infinity &
  wait "$!" || true
done
