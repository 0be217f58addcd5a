#!/bin/sh
# Usage: sh -s -- restore-copy (on the one server of a cluster that is in SQLite)
# Puts a copy of k3s's SQLite database in the place of the cluster's data, on the host that it was taken on or on another one. The copy is looked through, and
# its server token found, before k3s is stopped. The data of before is kept aside, and put back where k3s does not start from the copy. Where an earlier run was cut
# off, its data of before is put back first.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh lib-restored-cluster.sh
# Needs: NODE_NAME SNAPSHOT TOKENS_FILE (server tokens that it may have been taken under, one a line; this host's own is tried first)
#   KNOWN_NODES (names of the stack's nodes, one a line) WAIT_SECONDS
# May have: OPERATION (what this is a part of: see lib-snapshots.sh)
# Prints: what restore-backup.sh prints, a secret
: "${NODE_NAME:?}" "${SNAPSHOT:?}" "${TOKENS_FILE:?}" "${KNOWN_NODES:?}" "${WAIT_SECONDS:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server
# On the disk of the data, so that it takes their place at once; k3s writes to what it starts from, and the copy stays as it is.
STAGED=/var/lib/rancher/k3s/sqlite-restore

# ask STATEMENT: of what is staged, which stays as it is. What it said is in $SCRATCH/said.
ask() { timeout 900 sqlite3 -batch -bail -init /dev/null "file:$STAGED/state.db?mode=ro" "$1" >"$SCRATCH/said" 2>&1; }

stage_copy() {
  [ -s "$COPIES/$SNAPSHOT" ] || fail "there is no copy $COPIES/$SNAPSHOT on this host"
  rm -rf "$STAGED"
  { (umask 077 && mkdir "$STAGED") && cp "$COPIES/$SNAPSHOT" "$STAGED/state.db" && chmod 0600 "$STAGED/state.db" && sync "$STAGED/state.db"; } ||
    fail "no second copy of $COPIES/$SNAPSHOT can be made, from which k3s would start; room there: $(df -Ph "$COPIES" | awk 'NR == 2 { print $4 }')"
  { ask 'PRAGMA quick_check(1)' && grep -qx ok "$SCRATCH/said"; } || fail "$SNAPSHOT is no sound database: $(last_said)"
}

# k3s keeps what a cluster begins with under a hash of the server token, and encrypts it by that token (k3s: pkg/cluster/storage.go, encrypt.go). A key that
# was deleted still has its rows: the last one counts.
find_token() {
  { ask "SELECT substr(name, 12) FROM kine AS row WHERE name LIKE '/bootstrap/%' AND deleted = 0 AND id = (SELECT max(id) FROM kine WHERE name = row.name)" && [ -s "$SCRATCH/said" ]; } ||
    fail "$SNAPSHOT holds no cluster of k3s: $(last_said)"
  list_tokens "$SERVER_DATA/token"
  while read -r token; do
    case $token in *[!A-Za-z0-9:._-]* | '') continue ;; esac
    printf '%s\n' "$token" >"$SCRATCH/token"
    password_of "$SCRATCH/token" | tr -d '\n' >"$SCRATCH/password"
    ! sha256sum <"$SCRATCH/password" | cut -c1-12 | grep -qxF -f - "$SCRATCH/said" || return 0
  done <"$SCRATCH/tokens"
  fail "$SNAPSHOT was taken under another server token than this host and the stack know; give the one of that time: --token-file FILE"
}

# Whatever is wrong with it, k3s runs on.
refuse_unusable() {
  refuse_without_sqlite
  stage_copy
  find_token
}

# With the token alone: the authority that a whole one names may be that of another cluster.
config_lines() {
  printf 'token: "%s"\ndisable-network-policy: true\n' "$(cat "$SCRATCH/password")"
}

restore() {
  because "the data of before cannot be kept aside"
  keep_aside || return 1
  because "it does not take the place of the data"
  mv "$STAGED/state.db" "$SERVER_DATA/db/state.db" || return 1
  config_lines | write_file "$RESET_CONFIG" 0600
  because "k3s does not start from it"
  start_k3s || return 1
  is_other=false
  if ! cmp -s "$ASIDE/tls/server-ca.crt" "$SERVER_DATA/tls/server-ca.crt"; then
    is_other=true
    stop_k3s && forget_other_cluster
    start_k3s || return 1
  fi
  printf '%s\n' "$KNOWN_NODES" >"$SCRATCH/known"
  # Before its Node can be looked at: another host's password would keep this one from it.
  forget_passwords
  because "the Node $NODE_NAME does not take this host's address"
  wait_until 90 "the Node to have this host's address" has_own_address || return 1
  adopt_tokens "$(cat "$SCRATCH/token")" || return 1
  remove_stale_nodes
  rm -f "$RESET_CONFIG"
  because "k3s does not start a second time"
  stop_k3s && start_k3s || return 1
  wait_until 120 "the Node $NODE_NAME to be Ready" node_is_ready || say "the Node $NODE_NAME is not Ready yet; see: journalctl -u $UNIT"
  echo "$is_other" >"$SCRATCH/is-other"
}

main() {
  take_lock host
  make_scratch
  take_secrets
  was_cut_off=''
  [ ! -e "$UNDERWAY" ] || was_cut_off=yes
  take_back
  if ! (refuse_unusable); then
    rm -rf "$STAGED"
    [ -z "$was_cut_off" ] || put_back
    # shellcheck disable=SC2034 # finish in lib.sh reads explained
    explained=yes && exit 1
  fi
  hold_k3s
  if ! (restore); then
    rm -rf "$STAGED"
    put_back
    fail "the copy $SNAPSHOT was not restored: $(cat "$SCRATCH/why"); the data of before is back in its place, and k3s starts from it"
  fi
  rm -rf "$STAGED"
  end_reset
  tell
}

main "$@" </dev/null
