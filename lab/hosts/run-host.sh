#!/bin/sh
# Usage: run-host.sh STATE_DIR NAME
# Boots the host NAME of the lab and keeps it: a reboot from inside boots it again on fresh network links, as a machine's would be;
# a power-off from inside, or its end by a signal, ends this script too. Runs inside the lab's namespaces.
# hosts/NAME/powered-off stands there from a power-off from inside until the host has power again.
# Files: hosts/NAME/links (lines for network.sh), hosts/NAME/root (mounted by mount-host.sh), hosts/NAME/var-lib.
set -eu

state=$1
name=$2
host=$state/hosts/$name
here=$(dirname "$0")
# What systemd-nspawn ends with when the host asked to be booted again and nobody above it does so (--keep-unit).
rebooted=133

# The fresh links take the place of those that went with the last boot's network namespace.
make_links() {
  ip netns delete "$name" 2>/dev/null || true
  {
    echo "netns $name"
    cat "$host/links"
  } | "$here/network.sh"
}

# A group of the host's own in every hierarchy, so that a kubelet sees only its own tree; cpuset's must be filled before use. What an
# earlier boot left below it goes first: a machine that starts has none.
enter_cgroups() {
  while read -r directory; do
    [ ! -d "$directory/$name" ] || find "$directory/$name" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
    mkdir -p "$directory/$name"
    # By these numbers a recorder of the lab tells the host's programs, also when the host is gone by then.
    stat --format "%i $name $directory" "$directory/$name" >>"$state/run/group-ids"
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$directory/$name/$file" ] || cat "$directory/$file" >"$directory/$name/$file"
    done
    echo 0 >"$directory/$name/cgroup.procs"
  done <"$state/run/cgroups"
}

# In the host's network before systemd-nspawn goes there: it mounts /sys first, and that shows the interfaces of its mounter's network.
boot() (
  enter_cgroups
  exec nsenter --net="/run/netns/$name" systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$host/root" --machine="$name" --hostname="$name" \
    --network-namespace-path="/run/netns/$name" --capability=all --console=pipe --link-journal=no --resolv-conf=off --timezone=off \
    --bind=/dev/net/tun --bind=/dev/kmsg --bind="$host/var-lib:/var/lib" --system-call-filter="@keyring bpf add_key keyctl"
)

rm -f "$host/powered-off"
while :; do
  make_links
  status=0
  boot </dev/null >>"$host/console.log" 2>&1 || status=$?
  [ "$status" -ne 0 ] || : >"$host/powered-off"
  [ "$status" -eq "$rebooted" ] || exit "$status"
done
