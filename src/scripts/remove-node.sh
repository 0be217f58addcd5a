#!/bin/sh
# Usage: sh -s -- remove-node (on the first server)
# Cordons, drains and deletes a Node. Disruption budgets are respected for DRAIN_SECONDS; what is left then is deleted and named.
# Stops waiting early where nothing could take the pods or the node itself is dead. A Node that is not there is fine.
# Needs: NODE_NAME DRAIN_SECONDS
: "${NODE_NAME:?}" "${DRAIN_SECONDS:?}"
API_SECONDS=90

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# The server may be restarting in the same run.
retry() { wait_until "$API_SECONDS" "the API to take: kubectl $*" kubectl "$@"; }

# An API that fails in between must not look like a Node that is not there.
ask_for_node() { kubectl get node "$NODE_NAME" --ignore-not-found -o name >"$SCRATCH/node" 2>"$SCRATCH/api-error"; }

# Pods that a drain moves: not those of DaemonSets, and not the static ones (owned by the Node itself).
# shellcheck disable=SC2016 # the variable is the template's
movable_pods() {
  kubectl get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" -o \
    'go-template={{range .items}}{{$kind := "-"}}{{range .metadata.ownerReferences}}{{$kind = .kind}}{{end}}{{$kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\n"}}{{end}}' |
    awk '$1 != "DaemonSet" && $1 != "Node" { print $2 "/" $3 }'
}

# Ready, not cordoned, and without a taint that keeps ordinary pods away.
other_schedulable_nodes() {
  kubectl get nodes -o 'go-template={{range .items}}{{.metadata.name}} {{if .spec.unschedulable}}cordoned{{else}}open{{end}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}} {{range .spec.taints}}{{.effect}},{{end}}{{"\n"}}{{end}}' |
    awk -v name="$NODE_NAME" '$1 != name && $2 == "open" && $3 == "True" && $4 !~ /NoSchedule|NoExecute/ { n++ } END { print n + 0 }'
}

# A dead kubelet confirms no deletion; the API notices only after 40 s, the tailnet at once.
is_alive() {
  [ "$(kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ] || return 1
  address=$(kubectl get node "$NODE_NAME" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}' | tr ' ' '\n' | grep -F . | sed -n 1p)
  wait_until 4 "$NODE_NAME in the tailnet" timeout 5 tailscale ping --tsmp -c 1 --timeout 2s "$address" >/dev/null 2>&1
}

drain() {
  seconds=$1
  shift
  timeout $((seconds + 15)) k3s kubectl drain "$NODE_NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout="${seconds}s" "$@" >&2
}

drain_or_delete_pods() {
  limit=$DRAIN_SECONDS
  if ! is_alive; then
    limit=$((limit < 10 ? limit : 10))
    say "$NODE_NAME does not answer, so its pods cannot end in order; waiting $limit s only"
  elif [ "$(other_schedulable_nodes)" = 0 ]; then
    limit=$((limit < 10 ? limit : 10))
    say "no other node could take the pods of $NODE_NAME; waiting $limit s only"
  fi
  [ "$limit" -gt 0 ] && drain "$limit" && return
  left=$(movable_pods | paste -sd ' ' -)
  say "not drained within $limit s; deleting what is left, disruption budgets or not: ${left:-nothing}"
  drain 20 --disable-eviction --grace-period=5 && return
  for pod in $(movable_pods); do
    kubectl delete pod -n "${pod%/*}" "${pod#*/}" --grace-period=0 --force --wait=false >&2 || true
  done
}

main() {
  take_lock "node-$NODE_NAME"
  command -v k3s >/dev/null || fail "there is no k3s on this server any more; nothing to remove the Node from"
  make_scratch
  wait_until "$API_SECONDS" "the API server" ask_for_node ||
    fail "the API server does not answer after $API_SECONDS s ($(tail -n 1 "$SCRATCH/api-error")); delete the Node later: kubectl delete node $NODE_NAME"
  if [ ! -s "$SCRATCH/node" ]; then
    say "no Node $NODE_NAME; nothing to do"
    return
  fi
  retry cordon "$NODE_NAME" >&2 || fail "the Node could not be cordoned; see on the first server: systemctl status k3s"
  drain_or_delete_pods
  retry delete node "$NODE_NAME" --ignore-not-found --timeout=15s >&2 || fail "the Node $NODE_NAME could not be deleted; later: kubectl delete node $NODE_NAME"
  # Goes with the Node in current versions; where it stays, the next machine of this name is rejected.
  kubectl delete secret -n kube-system "$NODE_NAME.node-password.k3s" --ignore-not-found >&2 || true
}

main "$@" </dev/null
