#!/bin/sh
# Usage: sh -s -- rejoin-agent (on an agent, after its cluster was restored)
# Has the agent go on with the restored cluster: the token that names its authority, a server that lives, and a new start, as what k3s has in its
# memory may be newer than the data. Where the agent was in another cluster meanwhile, its local state there is forgotten.
# Libraries: lib-tailnet.sh lib-k3s-cluster.sh lib-k3s-advice.sh lib-k3s-faults.sh
# Needs: NODE_NAME SERVER_IP AGENT_TOKEN_FILE CLUSTER_ID CLUSTER_AUTHORITY WAIT_SECONDS
# Prints: {}
: "${NODE_NAME:?}" "${SERVER_IP:?}" "${AGENT_TOKEN_FILE:?}" "${CLUSTER_ID:?}" "${CLUSTER_AUTHORITY:?}" "${WAIT_SECONDS:?}"
UNIT=k3s-agent.service
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh and lib-k3s-cluster.sh
ROLE=agent STARTED=/etc/hybrid-k3s/k3s-started
CONFIG=/etc/rancher/k3s/config.yaml

main() {
  take_lock host
  make_scratch
  [ -f "/etc/systemd/system/$UNIT" ] || fail "there is no k3s agent on this host; run pulumi up"
  timeout 120 systemctl stop "$UNIT" || fail "$UNIT does not stop; see: journalctl -u $UNIT"
  [ "$(tailnet_status | json_value BackendState)" != Stopped ] || aloud timeout 60 tailscale up --timeout=45s || true
  sed "s|^server: .*|server: https://$SERVER_IP:6443|" "$CONFIG" | write_file "$CONFIG" 0600
  follow_cluster
  timeout 30 systemctl start --no-block "$UNIT" || fail "$UNIT does not start; see: systemctl status $UNIT"
  wait_ready
  echo '{}'
}

main "$@" </dev/null
