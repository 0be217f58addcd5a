#!/bin/sh
# Usage: start-server.sh
# Starts the server; systemd says that it has started once its API is up, and its network policies follow. Prints the token.
set -eu
systemctl start k3s
setsid sh -c "until journalctl -q -o cat -u k3s | grep -q 'Starting network policy controller'; do sh /run/floor/beat.sh; sleep 0.5; done" \
  >/dev/null 2>&1 </dev/null &
cat /var/lib/rancher/k3s/server/token
