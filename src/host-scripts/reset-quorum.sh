#!/bin/sh
# Usage: sh -s -- reset-quorum (on the server that is left)
# Makes this server the only member of etcd, with its own data. A copy of that is kept aside.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh
# Needs: NODE_NAME WAIT_SECONDS
# Prints: {"aside":"PATH","address":"100.64.0.2"}
: "${NODE_NAME:?}" "${WAIT_SECONDS:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server

main() {
  take_lock host
  make_scratch
  refuse_without_etcd
  stop_k3s
  cp -a "$SERVER_DATA" "$ASIDE" || fail "$SERVER_DATA cannot be copied to $ASIDE; nothing was changed"
  say "a copy of the data of before is in $ASIDE"
  say "making this server the only member of etcd"
  reset_etcd || fail "k3s does not reset its etcd: $(last_fault); nothing else was changed, and the data is in $ASIDE too"
  start_k3s
  wait_until 120 "the Node $NODE_NAME to be Ready" node_is_ready || fail "k3s serves, but its Node is not Ready; see: journalctl -u $UNIT"
  printf '{"aside":"%s","address":"%s"}\n' "$ASIDE" "$(tailnet_ip)"
}

main "$@" </dev/null
