#!/bin/sh
# Usage: sh -s -- start-server (on a server that stop-server.sh stopped, where what it was stopped for came to nothing)
# Has k3s go on with the data that it has. It is not waited for: etcd needs the others too.
# Libraries: lib-snapshots.sh
# Needs: NODE_NAME
# Prints: {}
: "${NODE_NAME:?}"
UNIT=k3s.service

main() {
  take_lock host
  make_scratch
  systemctl -q enable "$UNIT"
  timeout 30 systemctl start --no-block "$UNIT" || fail "$UNIT does not start; see: systemctl status $UNIT"
  rm -f "$STOPPED_FOR"
  echo '{}'
}

main "$@" </dev/null
