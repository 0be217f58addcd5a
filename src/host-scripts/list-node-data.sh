#!/bin/sh
# Usage: sh -s -- list-node-data (on a server)
# Lists the volumes with data that no other node than these can use. Changes nothing.
# Libraries: lib-servers.sh lib-node-removal.sh
# Needs: NODE_NAMES (one a line)
# Prints: lines `NODE VOLUME CLAIM [POD...]`
: "${NODE_NAMES:?}"

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

main() {
  make_scratch
  pass_on_where_silent
  printf '%s\n' "$NODE_NAMES" >"$SCRATCH/names"
  list_volumes "$SCRATCH/names" "$SCRATCH/volumes" || fail "the API server does not tell of volumes"
  cat "$SCRATCH/volumes"
}

main "$@" </dev/null
