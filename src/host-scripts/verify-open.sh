#!/bin/sh
# Usage: sh -s -- verify-open (on a server)
# Puts the probe on every node, in a namespace of its own, and tells what nodes and pods there are. What a run that was cut off left is taken away.
# Libraries: lib-servers.sh
# Needs: NAMESPACE WAIT_SECONDS
# May have: MANIFEST (JSON of what is made; without it the nodes alone are told) PASS_ON_SECONDS (see lib-servers.sh) GIVE_UP_SECONDS
# Prints: {"nodes":"<base64>","pods":"<base64>","warnings":"<base64>","service":"10.43.7.9","dns":"10.43.0.10"}: lines
#   `NAME ROLE READY K3S CIDR IP TROUBLES`, `NODE NAME IP READY WHY` and `OBJECT MESSAGE`, `-` for what is not there; dns: of the cluster's own,
#   empty without one
: "${NAMESPACE:?}" "${WAIT_SECONDS:?}"
LABEL=app.kubernetes.io/managed-by=hybrid-k3s-verify
# No run takes as long.
STALE_MINUTES=120
# kubelet tries an image again after 10 and 20 seconds: a registry may have been busy.
GIVE_UP_SECONDS=${GIVE_UP_SECONDS:-35}

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# Of conditions Kubernetes' own and k3s's alone: others put more there, and of some of those True is the good one.
# shellcheck disable=SC2016 # the variables are the template's
NODES='{{range .items}}{{.metadata.name}} {{$role := "agent"}}{{range $k, $v := .metadata.labels}}{{if eq $k "node-role.kubernetes.io/control-plane"}}{{$role = "server"}}{{end}}{{end}}{{$role}} {{$ready := "-"}}{{$bad := "-"}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{else if eq .type "EtcdIsVoter"}}{{if ne .status "True"}}{{$bad = printf "%s,NoVoter" $bad}}{{end}}{{else if eq .status "True"}}{{if or (eq .type "MemoryPressure") (eq .type "DiskPressure") (eq .type "PIDPressure") (eq .type "NetworkUnavailable")}}{{$bad = printf "%s,%s" $bad .type}}{{end}}{{end}}{{end}}{{$ready}} {{.status.nodeInfo.kubeletVersion}} {{or .spec.podCIDR "-"}} {{$ip := "-"}}{{range .status.addresses}}{{if eq .type "InternalIP"}}{{if eq $ip "-"}}{{$ip = .address}}{{end}}{{end}}{{end}}{{$ip}} {{$bad}}{{"\n"}}{{end}}'
# shellcheck disable=SC2016
PODS='{{range .items}}{{or .spec.nodeName "-"}} {{.metadata.name}} {{or .status.podIP "-"}} {{$ready := "False"}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{end}}{{$ready}}{{range .status.containerStatuses}}{{with .state.waiting}} {{.reason}}{{end}}{{end}}{{"\n"}}{{end}}'

read_nodes() { kubectl get nodes -o "go-template=$NODES" >"$SCRATCH/nodes" 2>"$SCRATCH/api-error"; }
read_pods() { kubectl get pods -n "$NAMESPACE" -o "go-template=$PODS" >"$SCRATCH/pods" 2>"$SCRATCH/api-error"; }

take_away_stale() {
  limit=$(date -u -d "-$STALE_MINUTES minutes" +%FT%TZ)
  kubectl get namespaces -l "$LABEL" -o 'go-template={{range .items}}{{.metadata.creationTimestamp}} {{.metadata.name}}{{"\n"}}{{end}}' 2>/dev/null |
    awk -v limit="$limit" '$1 < limit { print $2 }' | while read -r stale; do
    say "taking away $stale, which a run before this one left"
    kubectl delete namespace "$stale" --wait=false </dev/null >/dev/null 2>&1 || true
  done
}

# Nobody waits for the pods of a namespace that was taken away meanwhile.
is_taken_away() {
  phase=$(kubectl get namespace "$NAMESPACE" -o 'jsonpath={.status.phase}' 2>&1) || phase="gone: $phase"
  case $phase in Terminating | *NotFound*) ;; *) return 1 ;; esac
}

# are_all PATTERN: one for each Ready node, running, or with a line of the pattern.
are_all() {
  awk -v pattern="$1" '
    NR == FNR { if ($3 == "True") nodes[$1]; next }
    $4 == "True" || (pattern != "" && $0 ~ pattern) { delete nodes[$1] }
    END { for (node in nodes) exit 1 }' "$SCRATCH/nodes" "$SCRATCH/pods"
}

# Running, or waiting for what has not come by waiting.
are_settled() {
  if is_taken_away; then : >"$SCRATCH/taken" && return; fi
  read_pods || return 1
  ! are_all '' || return 0
  are_all 'ImagePullBackOff|ErrImage|InvalidImageName|CrashLoopBackOff|CreateContainer' || { stuck_since='' && return 1; }
  stuck_since=${stuck_since:-$(seconds_up)}
  [ $(($(seconds_up) - stuck_since)) -ge "$GIVE_UP_SECONDS" ]
}

# Why a pod does not come is told in events: of the pod, or of the DaemonSet that may not make it.
# shellcheck disable=SC2016 # the variables are the template's
read_warnings() {
  kubectl get events -n "$NAMESPACE" --field-selector type=Warning -o 'go-template={{range .items}}{{.involvedObject.name}} {{.message}}{{"\n"}}{{end}}' 2>/dev/null |
    grep -E '^probe(-[a-z0-9]+)? ' | cut -c1-300 >"$SCRATCH/warnings" || true
}

# cluster_ip NAMESPACE SERVICE
cluster_ip() { kubectl get service -n "$1" "$2" -o 'jsonpath={.spec.clusterIP}' 2>/dev/null || true; }

main() {
  make_scratch
  pass_on_where_silent
  read_nodes || fail "the nodes could not be listed: $(tail -n 1 "$SCRATCH/api-error")"
  : >"$SCRATCH/pods"
  : >"$SCRATCH/warnings"
  service='' dns=''
  if [ -n "${MANIFEST:-}" ]; then
    take_away_stale
    printf '%s' "$MANIFEST" | kubectl apply -f - >"$SCRATCH/applied" 2>&1 ||
      fail "the probe could not be made: $(tail -n 3 "$SCRATCH/applied" | tr '\n' ' '); an admission webhook or policy of the cluster may refuse it"
    # A node whose pod is not there when the time is over is told of with the others.
    wait_until "$WAIT_SECONDS" "a probe on every node" are_settled || true
    [ ! -e "$SCRATCH/taken" ] || fail "the namespace $NAMESPACE was deleted while its pods were waited for; run it again"
    are_all '' || read_warnings
    service=$(cluster_ip "$NAMESPACE" probe) dns=$(cluster_ip kube-system kube-dns)
  fi
  printf '{"nodes":"%s","pods":"%s","warnings":"%s","service":"%s","dns":"%s"}\n' "$(base64 -w 0 "$SCRATCH/nodes")" "$(base64 -w 0 "$SCRATCH/pods")" "$(base64 -w 0 "$SCRATCH/warnings")" "$service" "$dns"
}

main "$@" </dev/null
