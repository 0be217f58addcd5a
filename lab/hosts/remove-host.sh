#!/bin/sh
# Usage: remove-host.sh STATE_DIR NAME
# Takes away what a host that is off leaves in the lab: network namespace, root file system, control groups, files. Does nothing where it
# was done. Runs inside the lab's namespaces.
set -eu

state=$1
name=$2
host=$state/hosts/$name

# Until the kernel has let go of what the host's last process held.
try_for_a_while() {
  for _ in $(seq 100); do
    "$@" 2>/dev/null && return 0
    sleep 0.1
  done
  "$@"
}

unmount() {
  ! mountpoint -q "$host/root" || umount "$host/root"
}

remove_group() {
  [ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} +
}

ip netns delete "$name" 2>/dev/null || true
try_for_a_while unmount
while read -r group; do
  try_for_a_while remove_group "$group/$name"
done <"$state/run/cgroups"
rm -rf "$host"
