#!/bin/sh
# Usage: sh -s -- stop-k3s (on a server that has left etcd)
# Stops k3s on a server, now and at the next boot: left running it would join again. Its pods' processes go on until the host is cleaned.
# Libraries: lib-marker.sh
# Needs: NODE_NAME CLUSTER_NAME OWNER
: "${NODE_NAME:?}" "${CLUSTER_NAME:?}" "${OWNER:?}"

main() {
  if ! marker_is_ours || [ "$(marker_value node)" != "$NODE_NAME" ]; then
    say "$NODE_NAME: no marker of this stack's on this host; left as it is"
    return
  fi
  [ "$(systemctl show -P LoadState k3s.service)" = loaded ] || return 0
  timeout 30 systemctl -q disable k3s.service || true
  timeout 90 systemctl stop k3s.service || timeout 30 systemctl kill -s KILL k3s.service || true
  case $(systemctl show -P ActiveState k3s.service) in
    inactive | failed) ;;
    *) fail "k3s.service does not stop; see: systemctl status k3s" ;;
  esac
}

main "$@" </dev/null
