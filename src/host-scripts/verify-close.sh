#!/bin/sh
# Usage: sh -s -- verify-close (on a server)
# Takes the probe's namespace away and waits until it is gone.
# Libraries: lib-servers.sh
# Needs: NAMESPACE WAIT_SECONDS
# May have: PASS_ON_SECONDS (see lib-servers.sh)
# Prints: {"gone":true}
: "${NAMESPACE:?}" "${WAIT_SECONDS:?}"

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

list_pods() {
  # shellcheck disable=SC2016 # the variables are the template's
  kubectl get pods -n "$NAMESPACE" -o 'go-template={{range .items}}{{.metadata.name}} {{or .spec.nodeName "-"}}{{"\n"}}{{end}}' 2>/dev/null
}

unready_nodes() {
  # shellcheck disable=SC2016
  kubectl get nodes -o 'go-template={{range .items}}{{$n := .metadata.name}}{{range .status.conditions}}{{if eq .type "Ready"}}{{if ne .status "True"}}{{$n}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}' 2>/dev/null
}

# Nobody is there to say that these have ended.
drop_pods_of_dead_nodes() {
  unready_nodes >"$SCRATCH/unready"
  [ -s "$SCRATCH/unready" ] || return 0
  list_pods | awk 'NR == FNR { dead[$1]; next } $2 in dead { print $1 }' "$SCRATCH/unready" - | while read -r pod; do
    kubectl delete pod -n "$NAMESPACE" "$pod" --grace-period=0 --force </dev/null >/dev/null 2>&1 || true
  done
}

is_gone() {
  drop_pods_of_dead_nodes
  ! kubectl get namespace "$NAMESPACE" >"$SCRATCH/namespace" 2>&1 && grep -q NotFound "$SCRATCH/namespace"
}

is_told() {
  kubectl delete namespace "$NAMESPACE" --ignore-not-found --wait=false >"$SCRATCH/deleted" 2>&1
}

main() {
  make_scratch
  pass_on_where_silent
  wait_until 60 "the API to take the deletion" is_told || fail "the namespace $NAMESPACE could not be deleted: $(tail -n 1 "$SCRATCH/deleted"); later: kubectl delete namespace $NAMESPACE"
  wait_until "$WAIT_SECONDS" "the namespace $NAMESPACE to go" is_gone || fail "the namespace $NAMESPACE is still there after $WAIT_SECONDS s; see: kubectl get namespace $NAMESPACE -o yaml"
  echo '{"gone":true}'
}

main "$@" </dev/null
