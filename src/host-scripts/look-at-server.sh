#!/bin/sh
# Usage: sh -s -- look-at-server (on a server)
# Tells whether this server's API answers, whether it has data of etcd (what a run that was cut off kept aside counts), and what such a run did here. Changes nothing.
# Libraries: lib-snapshots.sh lib-tailnet.sh
# Needs: NODE_NAME
# Prints: {"api":"answers","hasData":true,"address":"100.64.0.2","authority":"HASH","begunBy":"","stoppedFor":""}; api: answers, or silent; authority: of the certificate of the
#   cluster's authority; begunBy, stoppedFor: see lib-snapshots.sh; empty where there is none
: "${NODE_NAME:?}"

main() {
  api=silent
  ! timeout 15 k3s kubectl --request-timeout=12s get --raw /readyz >/dev/null 2>&1 || api=answers
  has_data=false
  ! { runs_etcd || [ -d "$(sed -n 1p "$UNDERWAY" 2>/dev/null)/db/etcd" ]; } || has_data=true
  authority=$(sha256sum "$SERVER_DATA/tls/server-ca.crt" 2>/dev/null | cut -d' ' -f1)
  printf '{"api":"%s","hasData":%s,"address":"%s","authority":"%s","begunBy":"%s","stoppedFor":"%s"}\n' "$api" "$has_data" \
    "$(tailnet_ip || true)" "$authority" "$(cat "$BEGUN_BY" 2>/dev/null || true)" "$(cat "$STOPPED_FOR" 2>/dev/null || true)"
}

main "$@" </dev/null
