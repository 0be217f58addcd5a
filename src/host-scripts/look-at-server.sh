#!/bin/sh
# Usage: sh -s -- look-at-server (on a server)
# Tells whether this server's API answers and whether it has data of etcd. Changes nothing.
# Libraries: lib-snapshots.sh
# Needs: NODE_NAME
# Prints: {"api":"answers","hasData":true}; api: answers, or silent
: "${NODE_NAME:?}"

main() {
  api=silent
  ! timeout 15 k3s kubectl --request-timeout=12s get --raw /readyz >/dev/null 2>&1 || api=answers
  has_data=false
  ! runs_etcd || has_data=true
  printf '{"api":"%s","hasData":%s}\n' "$api" "$has_data"
}

main "$@" </dev/null
