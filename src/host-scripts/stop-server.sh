#!/bin/sh
# Usage: sh -s -- stop-server (on a server whose cluster goes on without what it holds)
# Stops k3s, and keeps it from coming back with this data at a boot: the server joins again by rejoin-server.sh.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh
# Needs: NODE_NAME
# May have: OPERATION (what this is a part of: see lib-snapshots.sh)
# Prints: {}
: "${NODE_NAME:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server

main() {
  take_lock host
  make_scratch
  printf '%s\n' "${OPERATION:-}" | write_file "$STOPPED_FOR" 0600
  hold_k3s
  echo '{}'
}

main "$@" </dev/null
