#!/bin/sh
# Takes k3s off this host, but for /etc/rancher/node/password. It is called k3s-uninstall.sh or k3s-agent-uninstall.sh, after its unit.
[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=K3S_DATA_DIR "$0" "$@"
SYSTEM_NAME=$(basename "$0" -uninstall.sh)
BIN_DIR=$(dirname "$0")
trap 'rm -f "$0"' EXIT
K3S_DATA_DIR=${K3S_DATA_DIR:-/var/lib/rancher/k3s}

"$BIN_DIR/k3s-killall.sh"
systemctl disable "$SYSTEM_NAME"
systemctl reset-failed "$SYSTEM_NAME"
systemctl daemon-reload
rm -f "/etc/systemd/system/$SYSTEM_NAME.service" "/etc/systemd/system/$SYSTEM_NAME.service.env"

if ls /etc/systemd/system/k3s*.service >/dev/null 2>&1; then
  echo 'Additional k3s services installed, skipping uninstall of k3s'
  exit
fi

for name in kubectl crictl ctr; do
  [ ! -L "$BIN_DIR/$name" ] || rm -f "$BIN_DIR/$name"
done

# What is mounted inside stays.
clean() {
  if ! grep -q " $1" /proc/mounts; then
    rm -rf "$1"
    return
  fi
  for inside in "$1"/*; do
    if [ -d "$inside" ]; then clean "$inside"; else rm -f "$inside"; fi
  done
}

rm -rf /etc/rancher/k3s /run/k3s /run/flannel
clean "$K3S_DATA_DIR"
rm -rf /var/lib/kubelet
rm -f "$BIN_DIR/k3s" "$BIN_DIR/k3s-killall.sh"
