# shellcheck shell=sh
# A cluster that goes on from its data of another time: under which server token they were kept, and what is no more since then. Needs NODE_NAME SCRATCH
# TOKENS_FILE KNOWN_NODES, lib-snapshots.sh, lib-tailnet.sh, lib-cluster-reset.sh; may have S3_FILE.

# From here on they go with this run's folder.
take_secrets() {
  { mv "$TOKENS_FILE" "$SCRATCH/given-tokens" && { [ -z "${S3_FILE:-}" ] || mv "$S3_FILE" "$SCRATCH/s3"; }; } || fail "what was sent for this run is missing; run the same command again"
  rmdir "$(dirname "$TOKENS_FILE")" 2>/dev/null || true
}

# list_tokens FILE: this server's own token, which FILE has, before those that were given.
list_tokens() { { cat "$1" "$SCRATCH/given-tokens" 2>/dev/null || true; } | awk 'NF && !seen[$0]++' >"$SCRATCH/tokens"; }

# adopt_tokens TOKEN: from this token, which the data have, to the one that this host has, and its token for agents along with it: the next start would find them newer than the data, and refuse to.
adopt_tokens() {
  wanted=$(password_of "$ASIDE/token")
  now=$(printf '%s\n' "$1" >"$SCRATCH/token" && password_of "$SCRATCH/token")
  [ -n "$wanted" ] && [ "$wanted" != "$now" ] || return 0
  say "giving the restored cluster the server token of this host"
  answer=$(
    curl -sk --max-time 60 -o "$SCRATCH/said" -w '%{http_code}' -K - <<CURL
url = "https://127.0.0.1:6443/v1-k3s/token"
request = "PUT"
user = "server:$now"
header = "Content-Type: application/json"
data = "{\"newToken\":\"$wanted\"}"
CURL
  ) || answer=none
  [ "$answer" = 200 ] || { because "the restored k3s does not take this host's server token (answer $answer)" && return 1; }
}

# A name that the stack has no node for any more: an old server, a node that was removed since.
list_stale_nodes() {
  kubectl get nodes -o 'go-template={{range .items}}{{.metadata.name}}{{"\n"}}{{end}}' -l hybrid-k3s/pool >"$SCRATCH/nodes" 2>/dev/null || return 1
  grep -vxF -f "$SCRATCH/known" "$SCRATCH/nodes" >"$SCRATCH/stale" || true
}

# An API that has only just come up may fail once more; that is no reason to take the restored data away again.
delete() { aloud wait_until 60 "the API to delete $*" kubectl delete "$@" --ignore-not-found </dev/null || say "left for later: kubectl delete $*"; }

remove_stale_nodes() {
  printf '%s\n' "$KNOWN_NODES" >"$SCRATCH/known"
  : >"$SCRATCH/stale"
  wait_until 60 "the API to tell of Nodes" list_stale_nodes || say "left for later: the Nodes that the stack does not have; see: kubectl get nodes"
  while read -r node; do
    say "deleting the Node $node, which the stack does not have"
    # Its finalizer may wait for etcd (seen: 40 s).
    delete node "$node" --wait=false
    delete secret -n kube-system "$node.node-password.k3s"
  done <"$SCRATCH/stale"
}

# Nodes that joined another cluster meanwhile have other passwords; k3s takes the one that a node brings where it knows none. One call for all, as each takes
# a second, and a minute where the API is away.
forget_passwords() {
  # shellcheck disable=SC2046 # a Node's name is one word
  delete secret -n kube-system $(sed 's/$/.node-password.k3s/' "$SCRATCH/known")
}

tell() {
  authority=$(sha256sum "$SERVER_DATA/tls/server-ca.crt" | cut -d' ' -f1)
  id=$(kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}')
  removed=$(sed 's/.*/"&"/' "$SCRATCH/stale" | paste -sd , -)
  printf '{"aside":"%s","address":"%s","isOther":%s,"removedNodes":[%s],"agentToken":"%s","clusterId":"%s","authority":"%s"}\n' \
    "$ASIDE" "$(tailnet_ip)" "$(cat "$SCRATCH/is-other")" "$removed" "$(sed -n 1p "$SERVER_DATA/agent-token")" "$id" "$authority"
}
