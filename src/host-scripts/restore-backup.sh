#!/bin/sh
# Usage: sh -s -- restore-backup (on one server; k3s on the others is stopped)
# Puts a snapshot in the place of the cluster's data, on the host that it was taken on or on another one, and makes it the only member of etcd.
# The data of before is kept aside, and put back where the snapshot cannot be restored. Where an earlier run was cut off, its data of before is put back first.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh lib-restored-cluster.sh
# Needs: NODE_NAME SNAPSHOT SOURCE (local, s3) TOKENS_FILE (server tokens that it may have been taken under, one a line; this host's own is tried first)
#   KNOWN_NODES (names of the stack's nodes, one a line) WAIT_SECONDS
# May have: OPERATION (what this is a part of: see lib-snapshots.sh) S3_FILE (settings of S3 as lines of k3s's config; needed with s3) S3_CA_PEM (of the authority that signed S3's certificate)
# Prints: {"aside":"PATH","address":"100.64.0.2","isOther":true,"removedNodes":["rack-9"],"agentToken":"K10...","clusterId":"UID","authority":"HASH"}, a secret; isOther: this
#   host's data was of another cluster
: "${NODE_NAME:?}" "${SNAPSHOT:?}" "${SOURCE:?}" "${TOKENS_FILE:?}" "${KNOWN_NODES:?}" "${WAIT_SECONDS:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server

# config_lines TOKEN reset|start: for the reset and the first start after it.
config_lines() {
  printf 'token: "%s"\ndisable-network-policy: true\n%s\n' "$1" "$ALONE"
  if [ "$2" = reset ] && [ "$SOURCE" = s3 ]; then
    cat "$SCRATCH/s3"
    [ -z "${S3_CA_PEM:-}" ] || echo "etcd-s3-endpoint-ca: $SCRATCH/s3-ca.pem"
  elif has_s3; then echo 'etcd-s3: false'; fi
}

# The token is not told by a snapshot: those that are known are tried. Each failure costs seconds and is undone.
restore_by_any_token() {
  path=$SNAPSHOTS/$SNAPSHOT
  [ "$SOURCE" = local ] || path=$SNAPSHOT
  while read -r token; do
    case $token in *[!A-Za-z0-9:._-]* | '') continue ;; esac
    config_lines "$token" reset | write_file "$RESET_CONFIG" 0600
    say "restoring $SNAPSHOT"
    if reset_etcd --cluster-reset-restore-path="$path"; then
      restored_by=$token
      return
    fi
    drop_reset
    grep -q 'encrypted with different token' "$SCRATCH/said" || { because "k3s does not restore it: $(last_fault)" && return 1; }
  done <"$SCRATCH/tokens"
  because "it was taken under another server token than this host and the stack know; give the one of that time: --token-file FILE"
  return 1
}

restore() {
  because "the data of before cannot be kept aside"
  keep_aside || return 1
  list_tokens "$ASIDE/token"
  restore_by_any_token || return 1
  # Made again from the restored data.
  rm -f "$SERVER_DATA/cred/passwd"
  is_other=false
  cmp -s "$ASIDE/tls/server-ca.crt" "$SERVER_DATA/tls/server-ca.crt" || is_other=true
  [ "$is_other" = false ] || forget_other_cluster
  config_lines "$restored_by" start | write_file "$RESET_CONFIG" 0600
  because "k3s does not start from it"
  start_k3s || return 1
  because "the Node $NODE_NAME does not take this host's address"
  wait_until 90 "the Node to have this host's address" has_own_address || return 1
  adopt_tokens "$restored_by" || return 1
  remove_stale_nodes
  forget_passwords
  wait_until 60 "the API to take the votes back" forget_votes || say "left for later: nodes of servers that say that they vote in etcd"
  rm -f "$RESET_CONFIG"
  because "k3s does not start a second time"
  stop_k3s && start_k3s || return 1
  wait_until 120 "the Node $NODE_NAME to be Ready" node_is_ready || say "the Node $NODE_NAME is not Ready yet; see: journalctl -u $UNIT"
  echo "$is_other" >"$SCRATCH/is-other"
}

refuse_missing_snapshot() { [ "$SOURCE" = s3 ] || [ -s "$SNAPSHOTS/$SNAPSHOT" ] || fail "there is no snapshot $SNAPSHOTS/$SNAPSHOT on this host"; }

main() {
  take_lock host
  make_scratch
  take_secrets
  was_cut_off=''
  [ ! -e "$UNDERWAY" ] || was_cut_off=yes
  take_back
  if ! (refuse_without_etcd && refuse_missing_snapshot); then
    [ -z "$was_cut_off" ] || put_back
    # shellcheck disable=SC2034 # finish in lib.sh reads explained
    explained=yes && exit 1
  fi
  printf '%s\n' "${S3_CA_PEM:-}" >"$SCRATCH/s3-ca.pem"
  hold_k3s
  if ! (restore); then
    put_back
    fail "the snapshot $SNAPSHOT was not restored: $(cat "$SCRATCH/why"); the data of before is back in its place, and k3s starts from it"
  fi
  end_reset
  tell
}

main "$@" </dev/null
