#!/bin/sh
# Usage: sh -s -- check-upgrade (on a server)
# Says before a node's k3s is changed in place whether it may be, and after it whether it went well. With DRAIN_SECONDS the node is emptied before, and
# takes pods again afterwards, however it went. Waits for the servers before an agent: no kubelet may be newer than its API server.
# Needs: NODE_NAME ROLE (server, agent) K3S_VERSION WAIT_SECONDS STAGE (before; after; undo: the node takes pods again, nothing else)
# May have: DRAIN_SECONDS (default: the node is not drained)
: "${NODE_NAME:?}" "${ROLE:?}" "${K3S_VERSION:?}" "${WAIT_SECONDS:?}" "${STAGE:?}"

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# Lines `NAME ROLE READY VOTER VERSION CORDON MARK`, `-` for what is not there.
# shellcheck disable=SC2016 # the variables are the template's
NODES='{{range .items}}{{.metadata.name}} {{$role := "agent"}}{{range $k, $v := .metadata.labels}}{{if eq $k "node-role.kubernetes.io/control-plane"}}{{$role = "server"}}{{end}}{{end}}{{$role}} {{$ready := "-"}}{{$voter := "-"}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{if eq .type "EtcdIsVoter"}}{{$voter = .status}}{{end}}{{end}}{{$ready}} {{$voter}} {{.status.nodeInfo.kubeletVersion}} {{if .spec.unschedulable}}closed{{else}}open{{end}} {{$mark := "-"}}{{range $k, $v := .metadata.annotations}}{{if eq $k "hybrid-k3s/upgrading"}}{{$mark = $v}}{{end}}{{end}}{{$mark}}{{"\n"}}{{end}}'

read_nodes() { kubectl get nodes -o "go-template=$NODES" >"$SCRATCH/nodes" 2>"$SCRATCH/api-error"; }

api_says() { [ ! -s "$SCRATCH/api-error" ] || printf '%s' "; the API server says: $(tail -n 1 "$SCRATCH/api-error")"; }

# Servers that keep this node waiting: not Ready, no voter of etcd, or, before an agent, not of the wanted release yet.
list_unready_servers() {
  awk -v node="$NODE_NAME" -v role="$ROLE" -v wanted="$K3S_VERSION" '
    $1 == node || $2 != "server" { next }
    $3 != "True" { print $1 " is not Ready"; next }
    $4 == "False" { print $1 " is no voter of etcd"; next }
    role == "agent" && $5 != wanted { print $1 " runs " $5 }' "$SCRATCH/nodes" >"$SCRATCH/unready"
}

servers_are_ready() { read_nodes && list_unready_servers && [ ! -s "$SCRATCH/unready" ]; }

is_well() { read_nodes && awk -v node="$NODE_NAME" -v wanted="$K3S_VERSION" '$1 == node && $3 == "True" && $4 != "False" && $5 == wanted { found = 1 } END { exit !found }' "$SCRATCH/nodes"; }

seen_of_node() { awk -v node="$NODE_NAME" '$1 == node { print "Ready " $3 ", voter " $4 ", k3s " $5 }' "$SCRATCH/nodes" 2>/dev/null; }

# field_of_node NUMBER
field_of_node() { awk -v node="$NODE_NAME" -v field="$1" '$1 == node { print $field }' "$SCRATCH/nodes"; }

# One that somebody else has cordoned stays so.
empty_node() {
  [ "$(field_of_node 6)" = closed ] ||
    kubectl patch node "$NODE_NAME" --type=merge -p '{"metadata":{"annotations":{"hybrid-k3s/upgrading":"true"}},"spec":{"unschedulable":true}}' >&2 ||
    fail "the Node could not be cordoned; its k3s was left as it is"
  timeout $((DRAIN_SECONDS + 15)) k3s kubectl drain "$NODE_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${DRAIN_SECONDS}s" >&2 && return
  open_node
  fail "its pods did not leave within $DRAIN_SECONDS s, as the lines above say; its k3s was left as it is, and it takes pods again." \
    "Let their disruption budgets or other nodes make room for them, or set upgrade.drain: false for its pool; then run pulumi up again"
}

is_open() { read_nodes && { [ "$(field_of_node 7)" != true ] || kubectl patch node "$NODE_NAME" --type=merge -p '{"metadata":{"annotations":{"hybrid-k3s/upgrading":null}},"spec":{"unschedulable":null}}' >&2; }; }
open_node() { wait_until 90 "the API to take the uncordon" is_open || fail "the Node could not be uncordoned; later: kubectl uncordon $NODE_NAME"; }

main() {
  make_scratch
  case $STAGE in
    before)
      wait_until "$WAIT_SECONDS" "the servers" servers_are_ready ||
        fail "its k3s was left as it is, because after $WAIT_SECONDS s $(paste -sd ',' "$SCRATCH/unready" 2>/dev/null)$(api_says); cure that, then run pulumi up again"
      [ -z "${DRAIN_SECONDS:-}" ] || empty_node
      ;;
    after)
      wait_until "$WAIT_SECONDS" "Node $NODE_NAME to run $K3S_VERSION" is_well ||
        fail "not well after the change: $(seen_of_node)$(api_says), wanted Ready with $K3S_VERSION; see on $NODE_NAME: journalctl -u k3s-agent (k3s on servers)"
      [ -z "${DRAIN_SECONDS:-}" ] || open_node
      ;;
    undo) open_node ;;
    *) fail "the stage $STAGE is not known to this release" ;;
  esac
}

main "$@" </dev/null
