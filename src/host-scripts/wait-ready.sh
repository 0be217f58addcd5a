#!/bin/sh
# Usage: sh -s -- wait-ready (on a server)
# Waits until a node is Ready and its pods are reached (its podCIDR is served as a route by its own device, or answers in vxlan), then makes
# its labels and taints as they should be.
# Libraries: lib-servers.sh lib-marker.sh lib-tailnet.sh lib-pod-reach.sh lib-node-marks.sh lib-k3s-advice.sh lib-k3s-faults.sh
# Needs: NODE_NAME WAIT_SECONDS REPLACE_COMMAND
# May have: LABELS (key=value, one a line) TAINTS (key=value:Effect or key:Effect, one a line)
#   INTEGRATION (k3s, the default, or routes: pods are reached by routes; flannel-iface: in vxlan)
#   TAG LOGIN_SERVER (for what is advised) PASS_ON_SECONDS (see lib-servers.sh)
#   VOTER (true: the node is a server, and is waited for until etcd counts its vote)
#   LOST_SECONDS (how long a device may be missing from the tailnet before waiting ends; default 20)
#   CONFIG_DIGEST (not read: it makes the engine look again after every change of the node's config)
# Prints: {"tailnetIp":"100.64.0.2","podCidr":"10.42.1.0/24","path":"direct"}; path: direct, relay, self, or unknown without an answer
: "${NODE_NAME:?}" "${WAIT_SECONDS:?}" "${REPLACE_COMMAND:?}"
INTEGRATION=${INTEGRATION:-k3s}
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

OWNED_ANNOTATION=hybrid-k3s/owned

# One call for all that is asked of a Node, because each costs a program's start: lines `FACT VALUE`.
# shellcheck disable=SC2016 # the variables are the template's
NODE_FACTS='{{range .status.conditions}}{{if eq .type "Ready"}}ready {{.status}}{{"\n"}}{{end}}{{if eq .type "EtcdIsVoter"}}voter {{.status}} {{.reason}}{{"\n"}}{{end}}{{end}}
cidr {{.spec.podCIDR}}
{{range .status.addresses}}{{if eq .type "InternalIP"}}ip {{.address}}{{"\n"}}{{end}}{{end}}
{{range $k, $v := .metadata.labels}}label {{$k}}={{$v}}{{"\n"}}{{end}}
{{range .spec.taints}}taint {{.key}}{{if .value}}={{.value}}{{end}}:{{.effect}}{{"\n"}}{{end}}
{{range $k, $v := .metadata.annotations}}{{if eq $k "'$OWNED_ANNOTATION'"}}owned {{$v}}{{end}}{{end}}
'

read_node() { kubectl get node "$NODE_NAME" -o "go-template=$NODE_FACTS" >"$SCRATCH/node" 2>"$SCRATCH/api-error"; }

# node_facts FACT: its values as last seen, one a line.
node_facts() { sed -n "/^$1 <no value>\$/d; s/^$1 //p" "$SCRATCH/node"; }

is_ready() { read_node && [ "$(node_facts ready)" = True ] && [ -n "$(node_facts cidr)" ]; }

# A member that is Ready may be a learner still, which does not count towards the quorum.
is_voter() { read_node && case $(node_facts voter) in "True "*) ;; *) return 1 ;; esac }

# k3s lists the tailnet's IPv4 address first or second among the internal ones, by the host's own primary family.
internal_ip() { node_facts ip | grep -F . | sed -n 1p; }

node_is_reached() { has_way "$(internal_ip)" "$(node_facts cidr)"; }

# A device that the tailnet does not know any more comes back by nothing that this script waits for. A new one takes a moment to be told of.
LOST_SECONDS=${LOST_SECONDS:-20}
device_is_lost() {
  address=$(internal_ip)
  if [ -z "$address" ] || tailnet_devices | awk -v ip="$address" '$1 == ip { found = 1 } END { exit !found }'; then
    lost_since='' && return 1
  fi
  now=$(seconds_up)
  : "${lost_since:=$now}"
  [ $((now - lost_since)) -ge "$LOST_SECONDS" ]
}

# A server's unit is active before its own kubelet has started, which may end it; then nobody's Node is to be had here.
server_dies() { [ -s "$SCRATCH/api-error" ] && read_unit && dies_again; }

# or_lost CONDITION: waits end early where the device is gone or k3s dies here; what was seen is explained by the caller.
or_lost() { "$1" || { device_is_lost && : >"$SCRATCH/lost"; } || server_dies; }

# wait_for WHAT CONDITION
wait_for() { wait_until "$WAIT_SECONDS" "$1" or_lost "$2" && [ ! -e "$SCRATCH/lost" ] && [ ! -s "$SCRATCH/fault" ]; }

explain_death() { [ ! -s "$SCRATCH/fault" ] || fail "k3s on this server $(cut -c1-600 "$SCRATCH/fault"); $(advice "$(cat "$SCRATCH/fault")"); then run pulumi up again"; }

explain_not_ready() {
  explain_death
  grep -q NotFound "$SCRATCH/api-error" &&
    fail "no Node of this name after $WAIT_SECONDS s; see on $NODE_NAME: journalctl -u k3s-agent (k3s on servers); then run pulumi up again"
  [ ! -s "$SCRATCH/api-error" ] || fail "the API server does not answer: $(tail -n 1 "$SCRATCH/api-error"); see on a server: systemctl status k3s"
  explain_missing_device
  seen=$(kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>/dev/null || true)
  fail "not Ready with a podCIDR after $WAIT_SECONDS s: ${seen:-no condition reported}; see on $NODE_NAME: journalctl -u k3s-agent (k3s on servers)"
}

explain_no_vote() {
  explain_death
  explain_missing_device
  seen=$(node_facts voter)
  fail "Ready, but no voting member of etcd after $WAIT_SECONDS s (EtcdIsVoter: ${seen:-not reported}); see on $NODE_NAME: journalctl -u k3s | grep -i -e learner -e etcd; then run pulumi up again"
}

explain_missing_device() {
  address=$(internal_ip)
  state=$(tailnet_devices | awk -v ip="$address" '$1 == ip { print $3 }')
  [ -n "$address" ] && [ -z "$state" ] || return 0
  # By the marker: after another login this host has another address than its Node.
  if [ "$(marker_value node)" = "$NODE_NAME" ]; then again=$(login_by_hand); else again="to join again: $REPLACE_COMMAND"; fi
  fail "its device $address is not in the tailnet any more (or no rule of the policy lets this server see it); $again"
}

explain_no_route() {
  explain_missing_device
  holder=$(tailnet_devices | awk -v route="$1" 'index("," $4 ",", "," route ",") { print $2 " (" $1 ")" }' | paste -sd ' ' -)
  [ -z "$holder" ] || fail "its podCIDR $1 is served by $holder instead; take that route away there: tailscale set --advertise-routes="
  fail "Ready, but its podCIDR $1 is no route in the tailnet after $WAIT_SECONDS s. Either it is not approved (the policy's autoApprovers must name" \
    "the cluster's podCidr with its tag) or no rule of the policy lets the cluster's tag reach podCidr; mend the policy, then run pulumi up again"
}

explain_no_answer() {
  explain_missing_device
  fail "Ready, but its pod network $1 does not answer in vxlan after $WAIT_SECONDS s. The tailnet's policy must let ${TAG:-the cluster} reach itself on" \
    "UDP 8472, and no firewall of the hosts may stop that; see on both hosts: ip -d link show flannel.1; bridge fdb show dev flannel.1. Then run pulumi up again"
}

explain_unreached() { if [ "$INTEGRATION" = flannel-iface ]; then explain_no_answer "$1"; else explain_no_route "$1"; fi; }

# The agent has talked to this server since it started, so the path has settled; a ping more costs a second.
path_to() {
  is_this_host "$1" && echo self && return
  case $(timeout 10 tailscale ping -c 2 --timeout 2s "$1" 2>/dev/null | grep '^pong' | tail -n 1) in
    *" via DERP"* | *"peer-relay"*) echo relay ;;
    "pong "*) echo direct ;;
    *) echo unknown ;;
  esac
}

main() {
  take_lock "node-$NODE_NAME"
  make_scratch
  pass_on_where_silent
  wait_for "Node $NODE_NAME to be Ready" is_ready || explain_not_ready
  [ "${VOTER:-}" != true ] || wait_for "$NODE_NAME to vote in etcd" is_voter || explain_no_vote
  cidr=$(node_facts cidr)
  wait_for "the way to $cidr" node_is_reached || { explain_death && explain_unreached "$cidr"; }
  reconcile_marks
  address=$(internal_ip)
  printf '{"tailnetIp":"%s","podCidr":"%s","path":"%s"}\n' "$address" "$cidr" "$(path_to "$address")"
}

main "$@" </dev/null
