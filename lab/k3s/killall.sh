#!/bin/sh
# Ends k3s and every pod of this host, with their mounts, networks and rules. tailscale stays up but offers no routes any more.
[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$@"

for service in /etc/systemd/system/k3s*.service; do
  [ ! -s "$service" ] || systemctl stop "$(basename "$service")"
done

descendants() {
  for process in "$@"; do
    echo "$process"
    # shellcheck disable=SC2046 # one word a process
    descendants $(ps -o pid= --ppid "$process")
  done
}

# By the socket of k3s's containerd, which the shims of other containerds do not have.
# shellcheck disable=SC2046 # one word a process
shims=$(descendants $(pgrep -f 'containerd-shim.* -address /run/k3s/containerd/'))
# shellcheck disable=SC2086
[ -z "$shims" ] || kill -9 $shims 2>/dev/null

unmount_below() {
  awk '{ print $2 }' /proc/self/mounts | grep "^$1" | sort -r | while read -r mounted; do
    umount -f "$mounted" && rm -rf "$mounted"
  done
}

unmount_below /run/k3s
unmount_below /var/lib/kubelet/pods
unmount_below /var/lib/kubelet/plugins
unmount_below /run/netns/cni-

ip netns show 2>/dev/null | awk '/^cni-/ { print $1 }' | while read -r name; do
  ip netns delete "$name"
done

ip -o link show master cni0 2>/dev/null | awk -F ': ' '{ sub(/@.*/, "", $2); print $2 }' | while read -r link; do
  ip link delete "$link"
done
for link in cni0 flannel.1 flannel-v6.1 kube-ipvs0 flannel-wg flannel-wg-v6; do
  ip link delete "$link" 2>/dev/null
done

if command -v tailscale >/dev/null; then
  tailscale set --advertise-routes=
fi

rm -rf /var/lib/cni/
for family in iptables ip6tables; do
  $family-save | grep -v KUBE- | grep -v CNI- | grep -iv flannel | $family-restore
done
