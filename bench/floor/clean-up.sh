#!/bin/sh
# Usage: clean-up.sh
# Takes k3s and tailscale off a host.
set -eu
for script in /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh; do
  [ ! -x "$script" ] || "$script" >/dev/null 2>&1
done
tailscale logout
systemctl stop tailscaled
tailscaled --cleanup 2>/dev/null
rm -rf /usr/local/bin/tailscale /usr/local/sbin/tailscaled /var/lib/tailscale /etc/rancher /etc/hybrid-k3s-floor /etc/systemd/system/tailscaled.service
systemctl daemon-reload
