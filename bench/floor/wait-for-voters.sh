#!/bin/sh
# Usage: wait-for-voters.sh (on a server)
# Ends when every server is Ready and votes in etcd. Needs: NODE_NAMES (with blanks between)
set -eu
for node in ${NODE_NAMES:?}; do
  for condition in Ready EtcdIsVoter; do
    until k3s kubectl wait --for="condition=$condition" "node/$node" --timeout=240s >/dev/null 2>&1; do sleep 0.2; done
  done
done
