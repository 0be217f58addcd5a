#!/bin/sh
# Usage: sh -s -- reset-quorum (on the server that is left)
# Makes this server the only member of etcd, with its own data. A copy of that is kept aside.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh
# Needs: NODE_NAME WAIT_SECONDS
# May have: OPERATION (what this is a part of: see lib-snapshots.sh)
# Prints: {"aside":"PATH","address":"100.64.0.2"}
: "${NODE_NAME:?}" "${WAIT_SECONDS:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server

# With the token that this server has; no S3 is needed for it, and one that does not answer would keep it from beginning.
config_lines() {
  printf 'token: "%s"\n%s\n' "$(password_of "$SERVER_DATA/token")" "$ALONE"
  ! has_s3 || echo 'etcd-s3: false'
}

# Whole or not at all: what a run that was cut off has copied is no copy.
copy_aside() {
  rm -rf "$SERVER_DATA"-before-*.new
  cp -a "$SERVER_DATA" "$ASIDE.new" && mv "$ASIDE.new" "$ASIDE" && note_underway
}

main() {
  take_lock host
  make_scratch
  take_back
  refuse_without_etcd
  hold_k3s
  if ! copy_aside; then
    rm -rf "$ASIDE.new" "$ASIDE"
    put_back
    fail "$SERVER_DATA cannot be copied to $ASIDE (room: df -h /var/lib/rancher); nothing was changed, and k3s starts again"
  fi
  say "a copy of the data of before is in $ASIDE"
  say "making this server the only member of etcd"
  config_lines | write_file "$RESET_CONFIG" 0600
  if ! reset_etcd; then
    put_back
    fail "k3s does not reset its etcd: $(last_fault); the data of before is back in its place, and k3s starts from it"
  fi
  # With etcd's data there k3s asks for no server any more.
  rm -f "$RESET_CONFIG"
  end_reset
  start_k3s
  wait_until 120 "the Node $NODE_NAME to be Ready" node_is_ready || fail "k3s serves, but its Node is not Ready; see: journalctl -u $UNIT"
  wait_until 60 "the API to take the votes back" forget_votes || say "left for later: nodes of servers that say that they vote in etcd"
  printf '{"aside":"%s","address":"%s"}\n' "$ASIDE" "$(tailnet_ip)"
}

main "$@" </dev/null
