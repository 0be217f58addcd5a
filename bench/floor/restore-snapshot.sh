#!/bin/sh
# Usage: restore-snapshot.sh (on a server whose k3s is stopped, as all are)
# Puts etcd back to a snapshot, with this server as its only member, and starts it. Needs: SNAPSHOT (its name's beginning)
set -eu
file=$(find /var/lib/rancher/k3s/server/db/snapshots -name "${SNAPSHOT:?}*" -type f | head -n 1)
k3s server --cluster-reset --cluster-reset-restore-path="$file" >&2
systemctl start k3s
