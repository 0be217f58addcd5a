#!/bin/sh
# Usage: start-server.sh
# Starts a server; systemd says that it has started once its API is up, and its network policies follow. Prints the token.
# Needs: SETTINGS (further lines of config.yaml; none for an only server) SERVER_IP (a living server of several that it joins; empty for the first)
set -eu
[ -z "${SETTINGS?}" ] || printf '%s\n' "$SETTINGS" >>/etc/rancher/k3s/config.yaml
[ -z "${SERVER_IP?}" ] || until timeout 5 tailscale ping --tsmp -c 1 --timeout 1s "$SERVER_IP" >&2; do sleep 0.1; done
systemctl start k3s
setsid sh -c "until journalctl -q -o cat -u k3s | grep -q 'Starting network policy controller'; do sh /run/floor/beat.sh; sleep 0.5; done" \
  >/dev/null 2>&1 </dev/null &
cat /var/lib/rancher/k3s/server/token
