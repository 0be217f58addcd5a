#!/bin/sh
# Usage: join.sh
# Brings a prepared host into the tailnet. Needs: NODE_NAME. Prints its tailnet IPv4 address.
set -eu
systemctl start tailscaled
tailscale up --auth-key=file:/run/floor/auth-key --hostname="${NODE_NAME:?}" --accept-dns=false --accept-routes \
  --snat-subnet-routes=false --timeout=60s >&2
tailscale ip -4
