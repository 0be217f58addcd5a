#!/bin/sh
# Usage: start-server.sh
# Starts the server; systemd says that it has started once its API is up. Prints the token.
set -eu
systemctl start k3s
cat /var/lib/rancher/k3s/server/token
