#!/bin/sh
# Usage: sh -s -- check-upgrade (on a server)
# Says before a node's k3s is changed in place whether it may be, and after it whether it went well. With DRAIN_SECONDS the node is emptied before. It
# takes pods again afterwards, however it went. Waits for the servers before an agent: no kubelet may be newer than its API server.
# Libraries: lib-servers.sh lib-marker.sh lib-tailnet.sh lib-pod-reach.sh
# Needs: NODE_NAME ROLE (server, agent) WAIT_SECONDS STAGE (leader: prints
#   `leader` where this server leads etcd; servers: prints what is the matter with each; unready: prints the Nodes that are not Ready; before: prints `cordoned`
#   where the node may be so by us; after; undo: the node takes pods again, nothing else)
# May have: K3S_VERSION (default: k3s is not what changes) DRAIN_SECONDS (default: the node is not drained) AT_ONCE (how many of its pool may be away at the same time; default 1)
#   OTHER_SERVERS (with blanks: those that must be members beside a server) INTEGRATION (how pods cross the tailnet; default k3s) REACH_SECONDS (how long a Ready node's pods may be out of reach; default 60)
: "${NODE_NAME:?}" "${ROLE:?}" "${WAIT_SECONDS:?}" "${STAGE:?}"
INTEGRATION=${INTEGRATION:-k3s} K3S_VERSION=${K3S_VERSION:-}
DOWN_SECONDS=${DOWN_SECONDS:-30}
REACH_SECONDS=${REACH_SECONDS:-60}

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# Lines `NAME ROLE READY VOTER VERSION CORDON MARK POOL CIDR IPS`, `-` for what is not there.
# shellcheck disable=SC2016 # the variables are the template's
NODES='{{range .items}}{{.metadata.name}} {{$role := "agent"}}{{$pool := "-"}}{{range $k, $v := .metadata.labels}}{{if eq $k "node-role.kubernetes.io/control-plane"}}{{$role = "server"}}{{end}}{{if eq $k "hybrid-k3s/pool"}}{{$pool = $v}}{{end}}{{end}}{{$role}} {{$ready := "-"}}{{$voter := "-"}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{if eq .type "EtcdIsVoter"}}{{$voter = .status}}{{end}}{{end}}{{$ready}} {{$voter}} {{.status.nodeInfo.kubeletVersion}} {{if .spec.unschedulable}}closed{{else}}open{{end}} {{$mark := "-"}}{{range $k, $v := .metadata.annotations}}{{if eq $k "hybrid-k3s/upgrading"}}{{$mark = $v}}{{end}}{{end}}{{$mark}} {{$pool}} {{or .spec.podCIDR "-"}}{{range .status.addresses}}{{if eq .type "InternalIP"}} {{.address}}{{end}}{{end}}{{"\n"}}{{end}}'

read_nodes() { kubectl get nodes -o "go-template=$NODES" >"$SCRATCH/nodes" 2>"$SCRATCH/api-error"; }

api_says() { [ ! -s "$SCRATCH/api-error" ] || printf '%s' "; the API server says: $(tail -n 1 "$SCRATCH/api-error")"; }

# What keeps this node waiting: servers that are not Ready, no voters of etcd, or, before an agent, not of the wanted release yet; and of an agent's
# own pool as many as may be away. A node that is away itself waits for none of those: the change may be what brings it back.
list_hindrances() {
  awk -v node="$NODE_NAME" -v role="$ROLE" -v wanted="$K3S_VERSION" -v most="${AT_ONCE:-1}" -v others="${OTHER_SERVERS:-}" '
    BEGIN { count = split(others, expected, " ") }
    NR == FNR { if ($1 == node) { pool = $8; ready = $3 } next }
    $1 == node { next }
    $2 != "server" && $3 != "True" && role == "agent" && ready == "True" && pool != "-" && $8 == pool { away = away (away == "" ? "" : "\n") $1 " of its pool is not Ready"; n++ }
    $2 != "server" { next }
    { there[$1] }
    $3 != "True" { print $1 " is not Ready"; next }
    $4 == "False" { print $1 " is no voter of etcd"; next }
    role == "agent" && wanted != "" && $5 != wanted { print $1 " runs " $5 }
    END {
      for (i = 1; i <= count; i++) if (role == "server" && !(expected[i] in there)) print expected[i] " is no server of the cluster yet"
      if (n >= most) print away
    }' "$SCRATCH/nodes" "$SCRATCH/nodes" >"$SCRATCH/hindrances"
}

# A server whose own k3s is down is asked only where no other server answers: there is nothing left to lose, and the change may bring it back.
is_down_itself() {
  [ "$ROLE" = server ] && [ "$(marker_value node)" = "$NODE_NAME" ] || return 1
  case $(systemctl show -P ActiveState k3s.service) in
    active | reloading) return 1 ;;
    activating) [ $(($(seconds_up) - began)) -ge "$DOWN_SECONDS" ] || return 1 ;;
  esac
}

# A Ready server of another release stays so: agents come when the servers are done.
waits_in_vain() { grep -q ' runs ' "$SCRATCH/hindrances" && ! grep -qv ' runs ' "$SCRATCH/hindrances"; }

is_decided() {
  if read_nodes && list_hindrances; then
    [ -s "$SCRATCH/hindrances" ] || { : >"$SCRATCH/free" && return; }
    waits_in_vain
  else
    is_down_itself && : >"$SCRATCH/down"
  fi
}

wait_free() {
  : >"$SCRATCH/hindrances"
  wait_until "$WAIT_SECONDS" "the servers" is_decided || true
  [ ! -e "$SCRATCH/down" ] || { say "k3s of this server is down, so nobody can be asked; going on" && return; }
  [ -e "$SCRATCH/free" ] ||
    fail "its k3s was left as it is, because after $(($(seconds_up) - began)) s $(paste -sd ',' "$SCRATCH/hindrances")$(api_says); cure that, then run pulumi up again"
}

is_well() { read_nodes && awk -v node="$NODE_NAME" -v wanted="$K3S_VERSION" '$1 == node && $3 == "True" && $4 != "False" && (wanted == "" || $5 == wanted) { found = 1 } END { exit !found }' "$SCRATCH/nodes"; }

seen_of_node() { awk -v node="$NODE_NAME" '$1 == node { print "Ready " $3 ", voter " $4 ", k3s " $5 }' "$SCRATCH/nodes" 2>/dev/null; }

# field_of_node NUMBER
field_of_node() { awk -v node="$NODE_NAME" -v field="$1" '$1 == node { print $field }' "$SCRATCH/nodes"; }

# One that somebody else has cordoned stays so. The pods of one that is not Ready cannot end in order, and go on where its k3s comes back.
empty_node() {
  [ "$(field_of_node 3)" = True ] || { say "the Node is not Ready, so it is not drained" && return; }
  [ "$(field_of_node 6)" = closed ] ||
    aloud kubectl patch node "$NODE_NAME" --type=merge -p '{"metadata":{"annotations":{"hybrid-k3s/upgrading":"true"}},"spec":{"unschedulable":true}}' ||
    fail "the Node could not be cordoned; its k3s was left as it is"
  aloud timeout $((DRAIN_SECONDS + 15)) k3s kubectl drain "$NODE_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${DRAIN_SECONDS}s" && return
  open_node
  fail "its pods did not leave within $DRAIN_SECONDS s, as the lines above say; its k3s was left as it is, and it takes pods again." \
    "Let their disruption budgets or other nodes make room for them, or set upgrade.drain: false for its pool; then run pulumi up again"
}

prepare_node() {
  [ -z "${DRAIN_SECONDS:-}" ] || empty_node
  # Of a run that was cut off, maybe, when the pool still asked for drains.
  [ -z "${DRAIN_SECONDS:-}" ] && [ "$(field_of_node 7)" != true ] || echo cordoned
}

is_open() { read_nodes && { [ "$(field_of_node 7)" != true ] || aloud kubectl patch node "$NODE_NAME" --type=merge -p '{"metadata":{"annotations":{"hybrid-k3s/upgrading":null}},"spec":{"unschedulable":null}}'; }; }
open_node() { wait_until 90 "the API to take the uncordon" is_open || fail "the Node could not be uncordoned; later: kubectl uncordon $NODE_NAME"; }

node_ip() { awk -v node="$NODE_NAME" '$1 == node { for (i = 10; i <= NF; i++) if ($i ~ /\./) { print $i; exit } }' "$SCRATCH/nodes"; }

pods_are_reached() { has_way "$(node_ip)" "$(field_of_node 9)" && any_pod_answers "$NODE_NAME"; }

# Of a living run of k3s: a kubelet reports Ready before the tailnet sends anything to its pods.
check_pods() {
  wait_until "$REACH_SECONDS" "the way to its pods" pods_are_reached && return
  if has_way "$(node_ip)" "$(field_of_node 9)"; then seen="the way to them is there, but none of $(paste -sd ' ' "$SCRATCH/asked-pods") answers"; else seen="the tailnet has no way to $(field_of_node 9)"; fi
  fail "Ready${K3S_VERSION:+ with $K3S_VERSION}, but its pods are not reached from this server after $REACH_SECONDS s: $seen; see on $NODE_NAME: tailscale status, iptables -nvL FORWARD; then run pulumi up again"
}

main() {
  make_scratch
  pass_on_where_silent
  began=$(seconds_up)
  case $STAGE in
    # Metrics of the etcd within k3s, for this host alone (k3s: pkg/etcd/etcd.go, listen-metrics-urls).
    leader) if curl -sf --max-time 5 -o /dev/stdout http://127.0.0.1:2381/metrics 2>/dev/null | grep -qx 'etcd_server_is_leader 1'; then echo leader; fi ;;
    servers)
      read_nodes || fail "the nodes could not be listed$(api_says)"
      list_hindrances
      cat "$SCRATCH/hindrances"
      ;;
    unready)
      read_nodes || fail "the nodes could not be listed$(api_says)"
      awk '$3 != "True" { print $1 }' "$SCRATCH/nodes" | paste -sd ' ' -
      ;;
    before)
      wait_free
      [ -e "$SCRATCH/down" ] || prepare_node
      ;;
    after)
      # tailscaled changes before k3s is there, or while it is down.
      [ -n "$K3S_VERSION" ] || ! is_down_itself || return 0
      wait_until "$WAIT_SECONDS" "Node $NODE_NAME to be Ready${K3S_VERSION:+ with $K3S_VERSION}" is_well ||
        fail "not well after the change: $(seen_of_node)$(api_says), wanted Ready${K3S_VERSION:+ with $K3S_VERSION}; see on $NODE_NAME: journalctl -u k3s-agent (k3s on servers)"
      check_pods
      open_node
      ;;
    undo) open_node ;;
    *) fail "the stage $STAGE is not known to this release" ;;
  esac
}

main "$@" </dev/null
