#!/bin/sh
# Usage: wait-for-nodes.sh (on the server)
# Ends when every node is Ready and its pods' addresses are a route here. Needs: NODE_NAMES (with blanks between)
set -eu
for node in ${NODE_NAMES:?}; do
  until k3s kubectl wait --for=condition=Ready "node/$node" --timeout=240s >/dev/null 2>&1; do sleep 0.2; done
  pods=$(k3s kubectl get node "$node" -o 'jsonpath={.spec.podCIDR}')
  until [ -n "$(ip -4 route show table 52 "$pods" 2>/dev/null)" ] || [ "$node" = "$(uname -n)" ]; do
    sleep 0.1
  done
done
