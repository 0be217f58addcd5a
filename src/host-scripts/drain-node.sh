#!/bin/sh
# Usage: sh -s -- drain-node (on a server)
# Cordons, drains and deletes a Node. Disruption budgets are respected for DRAIN_SECONDS; what happens then is DRAIN_POLICY.
# Stops waiting early where nothing could take the pods or the node itself is dead. A Node that is not there is fine.
# Libraries: lib-servers.sh lib-node-removal.sh lib-etcd-removal.sh lib-etcd-leftovers.sh lib-snapshots.sh lib-tailnet.sh
# Needs: NODE_NAME DRAIN_SECONDS
# May have: DRAIN_POLICY (force, the default: what is left is deleted and named; wait: it is named, and the Node stays)
#   REMOVE_DATA (yes: volumes that only this node can use may go with it; default: no) POOL (for what is advised)
#   ROLE (server: it leaves etcd too, where others stay) STEP (leave: all but deleting the Node; delete: that alone; default: both)
#   IS_GONE (yes: SSH does not reach its host) PASS_ON_SECONDS (see lib-servers.sh)
# The annotations hybrid-k3s/remove-data and hybrid-k3s/drain-policy of the Node win over both.
# Prints, where one of these two says that the node must stay: why. Ends with 3 then.
: "${NODE_NAME:?}" "${DRAIN_SECONDS:?}"
API_SECONDS=90
REFUSED=3

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# The server may be restarting in the same run.
retry() { wait_until "$API_SECONDS" "the API to take: kubectl $*" kubectl "$@"; }

# shellcheck disable=SC2016 # the variables are the template's
NODE_FACTS='name {{.metadata.name}}{{"\n"}}{{if .spec.unschedulable}}closed{{"\n"}}{{end}}{{range $k, $v := .metadata.annotations}}annotation {{$k}} {{$v}}{{"\n"}}{{end}}'

# An API that fails in between must not look like a Node that is not there.
ask_for_node() { kubectl get node "$NODE_NAME" --ignore-not-found -o "go-template=$NODE_FACTS" >"$SCRATCH/node" 2>"$SCRATCH/api-error"; }

annotation() { sed -n "s|^annotation hybrid-k3s/$1 ||p" "$SCRATCH/node"; }

# shellcheck disable=SC2034 # finish in lib.sh reads explained
refuse() {
  printf '%s\n' "$NODE_NAME: $*"
  explained=yes && exit "$REFUSED"
}

may_lose_data() {
  case $(annotation remove-data) in
    true) return 0 ;;
    false) return 1 ;;
  esac
  [ "${REMOVE_DATA:-no}" = yes ]
}

# Before anything is done to the node.
refuse_to_lose_data() {
  may_lose_data && return
  echo "$NODE_NAME" >"$SCRATCH/name"
  wait_until "$API_SECONDS" "the API to tell of volumes" list_volumes "$SCRATCH/name" "$SCRATCH/volumes" || fail "the API server does not tell of volumes; see on this server: systemctl status k3s"
  [ -s "$SCRATCH/volumes" ] || return 0
  found=$(awk '{ printf "%s%s (claim %s", (NR > 1 ? "; " : ""), $2, $3; for (i = 4; i <= NF; i++) printf "%s%s", (i == 4 ? ", pods " : " "), $i; printf ")" }' "$SCRATCH/volumes")
  refuse "nothing was done to it, because its removal would lose volumes that no other node can use: $found." \
    "Move the data and delete the claims, and run the same command again. Where the data may go: kubectl annotate node $NODE_NAME hybrid-k3s/remove-data=true," \
    "and run it again (for the whole pool${POOL:+ $POOL}: removeData: true, with a pulumi up before the change that removes or replaces nodes)"
}

# Pods that a drain moves: not those of DaemonSets, and not the static ones (owned by the Node itself). Lines `NAMESPACE/POD` in $SCRATCH/left.
# shellcheck disable=SC2016 # the variable is the template's
list_movable_pods() {
  kubectl get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" -o \
    'go-template={{range .items}}{{$kind := "-"}}{{range .metadata.ownerReferences}}{{$kind = .kind}}{{end}}{{$kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\n"}}{{end}}' \
    >"$SCRATCH/pods" || return 1
  awk '$1 != "DaemonSet" && $1 != "Node" { print $2 "/" $3 }' "$SCRATCH/pods" >"$SCRATCH/left"
}

# ask FILE KUBECTL-ARGUMENT...: an API that fails in between must not look like a node that is dead or a cluster without room, where pods are deleted.
ask_once() { answer=$1 && shift && kubectl "$@" >"$SCRATCH/$answer"; }
ask() { wait_until "$API_SECONDS" "the API to tell of nodes" ask_once "$@" || fail "the API server does not tell of nodes; see on this server: systemctl status k3s"; }

# Ready, not cordoned, and without a taint that keeps ordinary pods away.
has_room_elsewhere() {
  ask nodes get nodes -o 'go-template={{range .items}}{{.metadata.name}} {{if .spec.unschedulable}}cordoned{{else}}open{{end}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}} {{range .spec.taints}}{{.effect}},{{end}}{{"\n"}}{{end}}'
  awk -v name="$NODE_NAME" '$1 != name && $2 == "open" && $3 == "True" && $4 !~ /NoSchedule|NoExecute/ { n++ } END { exit n == 0 }' "$SCRATCH/nodes"
}

# A dead kubelet confirms no deletion; the API notices only after 40 s (Unknown), the tailnet at once. One that says False lives. Where this
# server itself is out of the tailnet, nobody answers it, and the API's word is all that there is.
is_alive() {
  ask ready get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
  ask addresses get node "$NODE_NAME" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}'
  grep -qE 'True|False' "$SCRATCH/ready" || return 1
  address=$(tr ' ' '\n' <"$SCRATCH/addresses" | grep -F . | sed -n 1p)
  wait_until 4 "$NODE_NAME in the tailnet" timeout 5 tailscale ping --tsmp -c 1 --timeout 2s "$address" >/dev/null 2>&1 || ! tailnet_is_online
}

drain() {
  seconds=$1
  shift
  aloud timeout $((seconds + 15)) k3s kubectl drain "$NODE_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${seconds}s" "$@"
}

# drain_within SECONDS: again where it ends before, as when the API restarts. What budgets hold back takes kubectl the whole time.
drain_within() {
  remaining=$1 end=$(($(seconds_up) + $1))
  until drain "$remaining"; do
    sleep 1
    remaining=$((end - $(seconds_up)))
    [ "$remaining" -gt 0 ] || return 1
  done
}

has_to_wait() {
  policy=$(annotation drain-policy)
  [ "${policy:-${DRAIN_POLICY:-force}}" = wait ]
}

# A dead node's pods serve nobody, so they need no room elsewhere; what they wrote was asked for before.
shorten_limit() {
  if ! is_alive; then
    is_dead=yes
    limit=$((limit < 10 ? limit : 10))
    say "$NODE_NAME does not answer, so its pods cannot end in order; waiting $limit s only"
  elif ! has_to_wait && ! has_room_elsewhere; then
    limit=$((limit < 10 ? limit : 10))
    say "no other node could take the pods of $NODE_NAME; waiting $limit s only"
  fi
}

drain_or_delete_pods() {
  limit=$DRAIN_SECONDS is_dead=''
  shorten_limit
  [ "$limit" -gt 0 ] && drain_within "$limit" && return
  # It may have died in this time, or before: an API that has just come back itself goes by what it last heard of a kubelet, for 50 s.
  [ -n "$is_dead" ] || is_alive || { is_dead=yes && say "$NODE_NAME does not answer any more, so its pods cannot end in order"; }
  wait_until "$API_SECONDS" "the API to tell of pods" list_movable_pods || fail "the API server does not tell of pods; see on this server: systemctl status k3s"
  left=$(paste -sd ' ' "$SCRATCH/left")
  if [ -n "$left" ] && [ -z "$is_dead" ] && has_to_wait; then
    refuse "not removed, because these pods are still on it after $limit s: $left. It stays cordoned, and nothing was deleted." \
      "Let their disruption budgets or other nodes make room for them, and run the same command again; or take the change back (kubectl uncordon $NODE_NAME where it does not come back by itself). Where they may be killed:" \
      "kubectl annotate node $NODE_NAME hybrid-k3s/drain-policy=force, and run it again (for the whole pool${POOL:+ $POOL}: drainPolicy: force, with a pulumi up before)"
  fi
  say "not drained within $limit s; deleting what is left, disruption budgets or not: ${left:-nothing}"
  drain 20 --disable-eviction --grace-period=5 && return
  list_movable_pods || true
  while read -r pod; do
    aloud kubectl delete pod -n "${pod%/*}" "${pod#*/}" --grace-period=0 --force --wait=false </dev/null || true
  done <"$SCRATCH/left"
}

leave() {
  [ "${ROLE:-agent}" = agent ] || refuse_to_lose_quorum
  refuse_to_lose_data
  [ "${ROLE:-agent}" = agent ] || save_ahead "pre-removal-of-$NODE_NAME" "the removal of $NODE_NAME" 60
  grep -qx closed "$SCRATCH/node" || wait_until "$API_SECONDS" "the API to take the cordon" cordon_marked "$NODE_NAME" ||
    fail "the Node could not be cordoned; see on the first server: systemctl status k3s"
  drain_or_delete_pods
  [ "${ROLE:-agent}" = agent ] || [ -n "$is_dead" ] || leave_server
}

# What cannot be stopped would join again under the name that the next one is to have.
leave_server() {
  [ "${IS_GONE:-no}" = no ] || refuse "it answers in the tailnet, but not by SSH, so that its k3s cannot be stopped. It stays cordoned, and nothing was deleted. Let SSH reach it, or power it off; then run the same command again"
  leave_etcd
}

# k3s takes a server out of etcd before its Node is gone, and another server's controller may first have to notice that it is in charge.
delete_node() {
  aloud retry delete node "$NODE_NAME" --ignore-not-found --timeout=15s || fail "the Node $NODE_NAME could not be deleted; later: kubectl delete node $NODE_NAME"
  # Goes with the Node in current versions; where it stays, the next machine of this name is rejected.
  aloud kubectl delete secret -n kube-system "$NODE_NAME.node-password.k3s" --ignore-not-found || true
}

main() {
  take_lock "node-$NODE_NAME"
  make_scratch
  pass_on_where_silent
  command -v k3s >/dev/null || fail "there is no k3s on this server any more; nothing to remove the Node from"
  wait_until "$API_SECONDS" "the API server" ask_for_node ||
    fail "the API server does not answer after $API_SECONDS s ($(tail -n 1 "$SCRATCH/api-error")); delete the Node later: kubectl delete node $NODE_NAME"
  if [ ! -s "$SCRATCH/node" ]; then
    say "no Node $NODE_NAME; nothing to do"
  else
    [ "${STEP:-leave}" = delete ] || leave
    [ "${STEP:-delete}" = leave ] || delete_node
  fi
  # Not before its k3s is stopped.
  [ "${ROLE:-agent}" = agent ] || [ "${STEP:-leave}" = leave ] || forget_member
}

main "$@" </dev/null
