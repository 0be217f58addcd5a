#!/bin/sh
# Usage: remove-node.sh (on the server)
# Needs: NODE_NAME
set -eu
k3s kubectl drain "${NODE_NAME:?}" --ignore-daemonsets --delete-emptydir-data --force --timeout=120s >&2
k3s kubectl delete node "$NODE_NAME" >&2
