#!/bin/sh
# Usage: sh -s -- read-cluster
# Reads what others need of a server: the tokens of agents and of servers, the admin's kubeconfig (naming 127.0.0.1) and the cluster's id, which is
# that of the namespace kube-system: it stays while the cluster does, whatever its certificates. Changes nothing.
# Libraries: lib-servers.sh
# May have: PASS_ON_SECONDS (see lib-servers.sh)
# Prints: {"agentToken":"K10...","serverToken":"K10...","kubeconfig":"<base64>","clusterId":"<uid>"}, a secret
SERVER_TOKEN=/var/lib/rancher/k3s/server/token
TOKEN=/var/lib/rancher/k3s/server/agent-token
KUBECONFIG_FILE=/etc/rancher/k3s/k3s.yaml

# Complete with the authority's hash in front: k3s writes these files a moment after its API is up.
is_written() { grep -q '^K10[0-9a-f]*::' "$TOKEN" 2>/dev/null && grep -q '^K10[0-9a-f]*::' "$SERVER_TOKEN" 2>/dev/null && grep -q 'client-key-data:' "$KUBECONFIG_FILE" 2>/dev/null; }

read_cluster_id() {
  cluster_id=$(timeout 20 k3s kubectl --request-timeout=15s get namespace kube-system -o 'jsonpath={.metadata.uid}' 2>/dev/null) && [ -n "$cluster_id" ] &&
    echo "$cluster_id" >"$SCRATCH/cluster-id"
}

main() {
  take_lock host
  make_scratch
  pass_on_where_silent
  wait_until 60 "$TOKEN and $KUBECONFIG_FILE" is_written ||
    fail "k3s has not written $TOKEN and $KUBECONFIG_FILE; see on the server: systemctl status k3s; then run pulumi up again"
  wait_until 60 "the API to name the cluster" read_cluster_id ||
    fail "the API server does not answer; see on the server: systemctl status k3s; then run pulumi up again"
  printf '{"agentToken":"%s","serverToken":"%s","kubeconfig":"%s","clusterId":"%s"}\n' "$(sed -n 1p "$TOKEN")" "$(sed -n 1p "$SERVER_TOKEN")" "$(base64 -w 0 "$KUBECONFIG_FILE")" "$(cat "$SCRATCH/cluster-id")"
}

main "$@" </dev/null
