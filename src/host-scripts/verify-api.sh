#!/bin/sh
# Usage: sh -s -- verify-api (on a server)
# Asks through the API server of every node what its kubelet answers: metrics, logs and a command of the probe's pod. Changes nothing.
# Libraries: lib-servers.sh
# Needs: NODE_NAME NAMESPACE NODES (lines `NAME POD`, `-` where the probe has no pod there)
# May have: PASS_ON_SECONDS (see lib-servers.sh)
# Prints: {"lines":"<base64>"}: lines `CHECK NODE TEXT`
: "${NODE_NAME:?}" "${NODES:?}" "${NAMESPACE:?}"
KUBECONFIG_FILE=/etc/rancher/k3s/k3s.yaml
AT_ONCE=8

tell() { printf '%s %s %s\n' "$1" "$2" "$(tr -s '\n\t ' ' ' | cut -c1-400)"; }

# A program's start for each question would be most of its time.
take_identity() (
  umask 077
  for part in certificate-authority client-certificate client-key; do
    sed -nE "s/^ *$part-data: *//p" "$KUBECONFIG_FILE" | base64 -d >"$SCRATCH/$part"
  done
)

get() { curl -sS --noproxy '*' --cacert "$SCRATCH/certificate-authority" --cert "$SCRATCH/client-certificate" --key "$SCRATCH/client-key" --connect-timeout 5 --max-time 20 -w '\n%{http_code}\n' "https://127.0.0.1:6443$1" 2>&1 </dev/null || true; }

# status_and FILE PATTERN: the last line is the status; of a good answer how many lines have the pattern, of another its words.
status_and() {
  status=$(tail -n 1 "$1")
  case $status in 200) echo "200 $(sed '$d' "$1" | grep -c "$2")" ;; *) echo "$status $(sed '$d' "$1" | cut -c1-300)" ;; esac
}

look_at() {
  get "/api/v1/nodes/$1/proxy/metrics/resource" >"$SCRATCH/metrics-$1"
  status_and "$SCRATCH/metrics-$1" '^node_cpu_usage_seconds_total ' | tell metrics "$1"
  [ "$2" != - ] || return 0
  get "/api/v1/namespaces/$NAMESPACE/pods/$2/log?container=open&tailLines=5" >"$SCRATCH/log-$1"
  status_and "$SCRATCH/log-$1" . | tell logs "$1"
  # A program that says nothing has run all the same, so its exit code is what tells.
  if timeout 20 k3s kubectl --request-timeout=15s exec -n "$NAMESPACE" "$2" -c open -- /agnhost --help >"$SCRATCH/exec-$1" 2>&1 </dev/null; then echo ran; else tail -n 1 "$SCRATCH/exec-$1"; fi | tell exec "$1"
}

look_at_all() {
  running=0
  printf '%s\n' "$NODES" >"$SCRATCH/list"
  while read -r name pod; do
    [ -n "$name" ] || continue
    look_at "$name" "$pod" >"$SCRATCH/said-$name" 2>&1 &
    running=$((running + 1))
    [ "$running" -lt "$AT_ONCE" ] || { wait && running=0; }
  done <"$SCRATCH/list"
  wait
  cat "$SCRATCH"/said-*
}

# Where metrics-server runs, `kubectl top` is what people look at.
look_at_top() {
  get /apis/metrics.k8s.io/v1beta1/nodes >"$SCRATCH/top"
  case $(tail -n 1 "$SCRATCH/top") in
    404) ;;
    200) grep -oE '"name": ?"[^"]*"' "$SCRATCH/top" | sed -E 's/.*"([^"]*)"$/\1/' | while read -r name; do echo listed | tell top "$name"; done ;;
    *) status_and "$SCRATCH/top" . | tell top - ;;
  esac
}

main() {
  make_scratch
  pass_on_where_silent
  take_identity
  { look_at_all && look_at_top; } | base64 -w 0 >"$SCRATCH/lines"
  printf '{"lines":"%s"}\n' "$(cat "$SCRATCH/lines")"
}

main "$@" </dev/null
