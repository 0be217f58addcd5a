# shellcheck shell=sh
# Whether what a server is to be told of its external datastore leads to the cluster that it has: in an empty one k3s would begin an empty cluster, and
# with a wrong password this server's API would go. Part of install-k3s.sh, with lib-k3s-datastore.sh and lib-k3s-faults.sh. Needs SERVER_TOKEN SCRATCH.
# There once k3s was ready with such a datastore: what is on the disk before that may be of a start that was cut off.
DATASTORE_BEGUN=/etc/hybrid-k3s/datastore-begun
OWN_AUTHORITY=/var/lib/rancher/k3s/server/tls/server-ca.crt
LOOK_SECONDS=${LOOK_SECONDS:-120}

note_begun() { ! uses_datastore || write_file "$DATASTORE_BEGUN" 0600 </dev/null; }

is_told_anew() {
  for name in endpoint.env ca.pem cert.pem key.pem; do
    case " $DATASTORE_FILES " in
      *" $name "*) cmp -s "$PLACED/$name" "$DATASTORE/$name" || return 0 ;;
      *) [ ! -e "$DATASTORE/$name" ] || return 0 ;;
    esac
  done
  return 1
}

# Nothing else on a host speaks the language of each of them, so k3s itself looks, in a folder of its own and beside the one that runs. Before anything
# else it takes out of the datastore what all servers share, by their token (k3s: pkg/cluster/storage.go). Then it stumbles over a folder in the
# place of a key, and could listen nowhere: it ends within a second or two, as no server yet (run with v1.35.4).
look_into_datastore() {
  (umask 077 && mkdir -p "$look/server/tls/client-admin.key" && sed "s|=$DATASTORE/|=$PLACED/|" "$PLACED/endpoint.env" >"$look/endpoint.env")
  : >"$look/config.yaml"
  # Its programs are unpacked there already.
  ln -s /var/lib/rancher/k3s/data "$look/data"
  (
    set -a
    # shellcheck source=/dev/null # what systemd reads there, a shell reads too
    . "$look/endpoint.env"
    set +a
    timeout -k 3 "$LOOK_SECONDS" k3s server --config "$look/config.yaml" --data-dir "$look" --write-kubeconfig "$look/kubeconfig" \
      --token-file "$SERVER_TOKEN" --node-ip "$(tailnet_ip)" --bind-address 240.0.0.1 >"$look/said" 2>&1 || true
    : >"$look/ended"
  ) </dev/null 9>&- &
  beside=$!
  wait_until "$LOOK_SECONDS" "k3s's look into the datastore" has_looked || true
  for child in $(pgrep -P "$beside"); do (end_tree "$child"); done
  wait "$beside" || true
  beside=''
}

# In an empty one it leaves a lock first, and waits for who has left one (the same file of k3s); at a closed one it knocks for minutes.
is_empty() { grep -qE 'Bootstrap key (is |already )?locked' "$look/said"; }
is_closed() { [ "$(grep -cE -e "$DATASTORE_REFUSALS" "$look/said")" -ge 4 ]; }
has_looked() { [ -e "$look/ended" ] || is_empty || is_closed; } 2>/dev/null

refuse_other_datastore() {
  { uses_datastore && [ -e "$DATASTORE_BEGUN" ] && [ -s "$OWN_AUTHORITY" ] && [ -x /usr/local/bin/k3s ] && is_told_anew; } || return 0
  look=$SCRATCH/look
  look_into_datastore
  ! cmp -s "$look/server/tls/server-ca.crt" "$OWN_AUTHORITY" || return 0
  rm -rf "$PLACED"
  left="Its k3s was left as it is."
  again="set hybrid-k3s:datastoreEndpoint and cluster.datastoreTls as they were, or to what leads to this cluster's data; then run pulumi up again"
  words=$(grep -E 'level=(fatal|error)' "$look/said" | tail -n 1 | mask_secrets | sed -E 's/^(time="[^"]*" )?level=[a-z]+ msg=//' | cut -c1-500)
  if is_closed; then
    fail "the datastore does not let k3s in: $words. $left Look at user, password, database and certificates there; $again"
  elif is_empty; then
    fail "the database that hybrid-k3s:datastoreEndpoint leads to is empty, and k3s would begin an empty cluster there. $left Stop k3s on all servers and copy the data there, or $again." \
      "k3s's look left its table kine there without data (in an etcd a key below /bootstrap): drop that before anything is copied"
  elif grep -q 'encrypted with different token' "$look/said"; then
    fail "the database that hybrid-k3s:datastoreEndpoint leads to holds another cluster. $left Or it is this one, and k3s token rotate was run: then write the new token to $SERVER_TOKEN; else $again"
  elif [ -s "$look/server/tls/server-ca.crt" ]; then
    fail "the database that hybrid-k3s:datastoreEndpoint leads to has this cluster's token and another authority. $left Where that was changed (k3s certificate rotate-ca), restart k3s on this host first: systemctl restart k3s; else $again"
  fi
  fail "k3s cannot tell whether the datastore holds this cluster: ${words:-it said nothing of that within $LOOK_SECONDS s}. $left Look at the database and the way to it; $again"
}
