#!/bin/sh
# Usage: sh -s -- read-cluster
# Reads what others need of the first server: the agents' token and the admin's kubeconfig (naming 127.0.0.1). Changes nothing.
# Prints: {"agentToken":"K10...","kubeconfig":"<base64>"}, a secret
TOKEN=/var/lib/rancher/k3s/server/agent-token
KUBECONFIG_FILE=/etc/rancher/k3s/k3s.yaml

# Complete with the authority's hash in front: k3s writes these files a moment after its API is up.
is_written() { grep -q '^K10[0-9a-f]*::' "$TOKEN" 2>/dev/null && grep -q 'client-key-data:' "$KUBECONFIG_FILE" 2>/dev/null; }

main() {
  take_lock host
  wait_until 60 "$TOKEN and $KUBECONFIG_FILE" is_written ||
    fail "k3s has not written $TOKEN and $KUBECONFIG_FILE; see on the first server: systemctl status k3s; then run pulumi up again"
  printf '{"agentToken":"%s","kubeconfig":"%s"}\n' "$(sed -n 1p "$TOKEN")" "$(base64 -w 0 "$KUBECONFIG_FILE")"
}

main "$@" </dev/null
