# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

# program NAME: stdin is what it does on the make-believe host.
program() { { printf '#!/bin/sh\n' && cat; } >"$FAKE/bin/$1" && chmod +x "$FAKE/bin/$1"; }

# said: the lines of the script's result.
said() { printf '%s' "$output" | sed -E 's/.*"lines":"([^"]*)".*/\1/' | base64 -d; }
field() { printf '%s' "$output" | sed -E "s/.*\"$1\":\"([^\"]*)\".*/\\1/" | base64 -d; }

setup() {
  make_host
  mkdir -p "$HOST/run/netns" "$HOST/etc/hybrid-k3s" "$FAKE/tailscale"
  : >"$HOST/run/netns/cni-1"
  : >"$HOST/run/netns/cni-2"
  printf '{\n  "cluster": "edge",\n  "node": "rack-1",\n' >"$HOST/etc/hybrid-k3s/owner.json"
  printf '%s\n' 100.64.0.1 >"$FAKE/tailscale/ip"
  echo rack-1 >"$FAKE/tailscale/name" && echo Running >"$FAKE/tailscale/state" && echo true >"$FAKE/tailscale/online"
  echo 'pong from kiosk-1 (100.64.0.2) via 192.0.2.1:41641 in 3ms' >"$FAKE/tailscale/pong"
  echo 'unreachable 10.42.0.0/16 metric 4000' >"$FAKE/ip-4-route-show-type-unreachable-10.42.0.0-16-metric-4000"
  echo '10.42.1.0/24 dev tailscale0' >"$FAKE/ip-4-route-show-table-52"
  # The pod's network is the second one.
  program nsenter <<'SH'
net=$1 && shift
case "$net $*" in
  *cni-2" ip -4 -o addr show"*) echo '2: eth0    inet 10.42.0.5/24 scope global eth0' ;;
  *" ip -4 -o addr show"*) ;;
  *" ip -o link show eth0") echo '2: eth0@if7: <UP> mtu 1280 qdisc noqueue' ;;
  *" ip -4 route get "*) cat "$FAKE/way" 2>/dev/null ;;
  *) exec env IN_POD=yes "$@" ;;
esac
SH
  program curl <<'SH'
printf 'curl%s %s\n' "${IN_POD:+-in-pod}" "$*" >>"$CALLS"
cat >/dev/null
case $* in
  *dial*protocol=udp*request=echo*) cat "$FAKE/echo" 2>/dev/null || printf '{"responses":["aaa"]}' ;;
  *dial*protocol=udp*) cat "$FAKE/udp" 2>/dev/null || printf '{"responses":["10.42.0.5:40000"]}' ;;
  *dial*) printf '{"responses":["10.42.0.5:40000"]}' ;;
  *clientip*) printf '100.64.0.1:33000' ;;
  *upload*) printf '{"output":"/uploads/x"} 201' ;;
  *169.254*) printf 000 && echo 'curl: (7) refused' >&2 && exit 7 ;;
  *:10250*) printf 401 ;;
  *:6443*) printf 200 ;;
esac
SH
  export ROLE=server POD_IP=10.42.0.5 PEERS='kiosk-1 100.64.0.2 10.42.1.5' SERVICE_IP=10.43.0.9 SERVICE_NAME=probe.x.svc OUTSIDE_NAME=example.org SERVERS=100.64.0.3 TRANSFER_TO=kiosk-1
}

@test "a node tells what it sees of a peer, of itself and from its pod, each thing in one line" {
  export BEFORE='echo 1 >/proc/sys/net/ipv4/ip_forward'
  run_script verify-node
  assert_success
  for line in 'path kiosk-1 pong from kiosk-1 (100.64.0.2) via 192.0.2.1:41641 in 3ms' 'pod-http kiosk-1 {"responses":["10.42.0.5:40000"]}' \
    'pod-udp kiosk-1 {"responses":["10.42.0.5:40000"]}' 'full-packet kiosk-1 1280 1' 'node-pod kiosk-1 100.64.0.1:33000' 'node-kubelet kiosk-1 401' \
    'pod-kubelet kiosk-1 401' 'api 100.64.0.3 200' 'metadata - 000 curl: (7) refused' 'marker - rack-1 edge' 'forwarding - 1' 'routes - 10.42.1.0/24' \
    'unreachable - unreachable 10.42.0.0/16 metric 4000'; do
    said | sed 's/ $//' | grep -qxF "$line" || { echo "missing: $line" && said && false; }
  done
  said | grep -qE '^transfer kiosk-1 [0-9]+ 20000000 .* 201 ?$'
  [ "$(said | tail -n 1 | cut -d' ' -f1,2)" = 'end -' ]
}

@test "the kubelet and the metadata are asked from within the pod's own network too" {
  run_script verify-node
  grep -q '^curl-in-pod .*https://100.64.0.2:10250/healthz' "$CALLS"
  grep -q '^curl .*https://100.64.0.2:10250/healthz' "$CALLS"
  grep -q '^curl-in-pod .*169.254.169.254' "$CALLS"
}

@test "the packet is of the pod's MTU to the byte: 28 bytes of it are headers" {
  run_script verify-node
  request=$(sed -n 's/.*request=\(echo%20a*\)&.*/\1/p' "$CALLS" | sed -n 1p)
  sent="echo $(printf '%s' "${request#echo%20}")"
  [ "${#sent}" -eq $((1280 - 28)) ]
}

@test "a packet that the way tells to be too large is told with what the way takes, though smaller pieces come through" {
  echo '10.42.1.5 via 10.42.0.1 dev eth0 src 10.42.0.5 cache expires 598sec mtu 1200' >"$FAKE/way"
  run_script verify-node
  said | grep -q '^full-packet kiosk-1 1280 0 the way takes 1200'
}

@test "a packet that never comes is told after three tries" {
  printf '{"errors":["i/o timeout"]}' >"$FAKE/echo"
  run_script verify-node
  said | grep -qF 'full-packet kiosk-1 1280 0 {"errors":["i/o timeout"]}'
  [ "$(grep -c 'request=echo' "$CALLS")" -eq 3 ]
}

@test "what gets no answer at first is asked for once more" {
  program curl <<'SH'
cat >/dev/null
case $* in
  *"http://10.42.1.5:8080/clientip"*) if [ -e "$FAKE/asked" ]; then printf '100.64.0.1:33000'; else touch "$FAKE/asked" && echo 'curl: (28) timed out' >&2 && exit 28; fi ;;
  *dial*) printf '{"responses":["10.42.0.5:40000"]}' ;;
  *:10250*) printf 'x' >>"$FAKE/kubelet" && printf 000 && echo 'curl: (28) timed out' >&2 && exit 28 ;;
esac
SH
  run_script verify-node
  said | grep -q '^node-pod kiosk-1 100.64.0.1:33000'
  said | grep -q '^node-kubelet kiosk-1 000 curl: (28) timed out'
  # Twice from the host, twice from the pod.
  [ "$(wc -c <"$FAKE/kubelet")" -eq 4 ]
}

@test "where no small packet comes, no large one and no file is sent" {
  printf '{"errors":["i/o timeout"]}' >"$FAKE/udp"
  run_script verify-node
  said | grep -qF 'pod-udp kiosk-1 {"errors":["i/o timeout"]}'
  ! said | grep -qE '^(full-packet|transfer) ' || { said && false; }
}

@test "without a pod of its own a node looks at nodes alone" {
  export POD_IP='' PEERS='kiosk-1 100.64.0.2 -' TRANSFER_TO=''
  run_script verify-node
  assert_success
  ! said | grep -qE '^(pod-|full-packet|service|metadata|transfer)' || { said && false; }
  said | grep -q '^node-kubelet kiosk-1 401'
}

@test "of a relayed path the pong is told, not the word behind it that no direct one was found" {
  printf 'pong from kiosk-1 (100.64.0.2) via DERP(lab) in 31ms\npong from kiosk-1 (100.64.0.2) via DERP(lab) in 29ms\ndirect connection not established\n' >"$FAKE/tailscale/pong"
  run_script verify-node
  said | sed 's/ $//' | grep -qxF 'path kiosk-1 pong from kiosk-1 (100.64.0.2) via DERP(lab) in 29ms' || { said && false; }
}

@test "a policy that comes into force a moment after the pods is waited for, one that never does is told" {
  program curl <<'SH'
cat >/dev/null
case $* in
  *"port=8082"*) if [ -e "$FAKE/in-force" ]; then printf '{"errors":["connection refused"]}'; else [ -n "${POLICY_NEVER:-}" ] || touch "$FAKE/in-force"; printf '{"responses":["probe-x"]}'; fi ;;
  *dial*) printf '{"responses":["10.42.0.5:40000"]}' ;;
esac
SH
  run_script verify-node
  said | grep -qF 'pod-closed kiosk-1 {"errors":["connection refused"]}' || { said && false; }
  rm "$FAKE/in-force"
  export POLICY_NEVER=yes POLICY_SECONDS=1
  run_script verify-node
  said | grep -qF 'pod-closed kiosk-1 {"responses":["probe-x"]}' || { said && false; }
}

@test "what cannot be looked at from within a pod's network is told as not looked at" {
  rm "$HOST"/run/netns/*
  run_script verify-node
  for check in pod-kubelet full-packet transfer metadata; do
    said | grep -q "^$check - unable: no network of a pod" || { said && false; }
  done
}

@test "many peers are all told of" {
  PEERS=$(for i in $(seq 1 20); do echo "n-$i 100.64.1.$i 10.42.$i.5"; done)
  export PEERS TRANSFER_TO=''
  run_script verify-node
  [ "$(said | grep -c '^pod-http ')" -eq 20 ]
}

# The API of a make-believe cluster, as the scripts of a server ask it.
cluster() {
  program k3s <<'SH'
shift
printf 'kubectl %s\n' "$*" >>"$CALLS"
case $* in
  *"get namespaces -l "*) cat "$FAKE/stale" 2>/dev/null ;;
  *"delete namespace "*) [ -e "$FAKE/stuck" ] || touch "$FAKE/gone" ;;
  *"get namespace "*) if [ -e "$FAKE/gone" ]; then echo 'Error from server (NotFound): namespaces not found' >&2 && exit 1; fi ;;
  *"get nodes -o "*kubeletVersion*) cat "$FAKE/nodes" ;;
  *"get nodes -o "*) cat "$FAKE/unready" 2>/dev/null ;;
  *"get events "*) cat "$FAKE/events" 2>/dev/null ;;
  *"get pods -n "*podIP*) cat "$FAKE/pods" ;;
  *"get pods -n "*) cat "$FAKE/left" 2>/dev/null ;;
  *"apply -f -") cat >"$FAKE/applied" && [ ! -e "$FAKE/refuses" ] || { echo 'Error from server (Forbidden): denied by the webhook' >&2 && exit 1; } ;;
  *"get service -n kube-system kube-dns"*) echo 10.43.0.10 ;;
  *"get service "*) echo 10.43.0.77 ;;
  *"delete pod "*) : >"$FAKE/left" ;;
  *"exec -n "*) [ ! -e "$FAKE/no-exec" ] || { echo 'error: unable to upgrade connection' >&2 && exit 1; } ;;
esac
exit 0
SH
  echo 'rack-1 server True v1 10.42.0.0/24 100.64.0.1 -' >"$FAKE/nodes"
  echo 'rack-1 probe-a 10.42.0.5 True' >"$FAKE/pods"
  export NAMESPACE=hybrid-k3s-verify-abc WAIT_SECONDS=3 MANIFEST='{"kind":"List"}'
}

@test "the probe is made, and the nodes, pods and services are told" {
  cluster
  run_script verify-open
  assert_success
  [ "$(cat "$FAKE/applied")" = '{"kind":"List"}' ]
  [ "$(field nodes)" = "$(cat "$FAKE/nodes")" ] && [ "$(field pods)" = "$(cat "$FAKE/pods")" ] || false
  [[ $output == *'"service":"10.43.0.77","dns":"10.43.0.10"}' ]]
}

@test "a pod whose image does not come is not waited for to the end" {
  cluster
  export WAIT_SECONDS=50 GIVE_UP_SECONDS=1
  echo 'rack-1 probe-a - False ImagePullBackOff' >"$FAKE/pods"
  printf 'probe-a Failed to pull image: not found\nother-x something else\n' >"$FAKE/events"
  SECONDS=0
  run_script verify-open
  assert_success
  [ "$SECONDS" -lt 20 ]
  [ "$(field warnings)" = 'probe-a Failed to pull image: not found' ]
}

@test "a registry that was busy for a moment is no fault" {
  cluster
  export WAIT_SECONDS=50 GIVE_UP_SECONDS=40
  echo 'rack-1 probe-a - False ErrImagePull' >"$FAKE/pods"
  (sleep 1 && echo 'rack-1 probe-a 10.42.0.5 True' >"$FAKE/pods") &
  run_script verify-open
  [ "$(field pods)" = 'rack-1 probe-a 10.42.0.5 True' ]
}

@test "the pods of a namespace that was deleted meanwhile are not waited for" {
  cluster
  export WAIT_SECONDS=50
  echo 'rack-1 probe-a - False ContainerCreating' >"$FAKE/pods"
  touch "$FAKE/gone"
  SECONDS=0
  run_script verify-open
  assert_failure
  assert_stderr 'was deleted while its pods were waited for'
  [ "$SECONDS" -lt 20 ]
}

@test "a refusal of the API is told in its words" {
  cluster
  touch "$FAKE/refuses"
  run_script verify-open
  assert_failure
  assert_stderr 'denied by the webhook'
}

@test "what a run before left for long is taken away, what one beside it has is not" {
  cluster
  printf '2020-01-01T00:00:00Z hybrid-k3s-verify-old\n%s hybrid-k3s-verify-new\n' "$(date -u +%FT%TZ)" >"$FAKE/stale"
  run_script verify-open
  grep -q 'delete namespace hybrid-k3s-verify-old' "$CALLS"
  ! grep -q 'delete namespace hybrid-k3s-verify-new' "$CALLS" || false
}

@test "without a manifest nothing is made" {
  cluster
  unset MANIFEST
  run_script verify-open
  assert_success
  ! grep -qE 'apply|delete' "$CALLS" || false
}

@test "the namespace is deleted and waited for; pods of nodes that are not Ready are dropped" {
  cluster
  touch "$FAKE/stuck"
  echo kiosk-1 >"$FAKE/unready" && printf 'probe-a rack-1\nprobe-b kiosk-1\n' >"$FAKE/left"
  (sleep 1 && touch "$FAKE/gone") &
  run_script verify-close
  assert_success
  assert_output '{"gone":true}'
  grep -q 'delete pod -n hybrid-k3s-verify-abc probe-b --grace-period=0 --force' "$CALLS"
  ! grep -q 'delete pod .*probe-a' "$CALLS" || false
}

@test "a namespace that does not go is told of" {
  cluster
  touch "$FAKE/stuck"
  run_script verify-close
  assert_failure
  assert_stderr 'still there after 3 s'
}

@test "each node is asked through the API for metrics, logs and a command; the admin's key is in no word of a process" {
  cluster
  mkdir -p "$HOST/etc/rancher/k3s"
  printf 'certificate-authority-data: Q0E=\nclient-certificate-data: Q1JU\nclient-key-data: S0VZLVNFQ1JFVA==\n' >"$HOST/etc/rancher/k3s/k3s.yaml"
  program curl <<'SH'
printf 'curl %s\n' "$*" >>"$CALLS"
case $* in
  *proxy/metrics/resource) printf 'node_cpu_usage_seconds_total 12\n\n200\n' ;;
  */log*) printf 'started\n\n200\n' ;;
  *metrics.k8s.io*) printf '{"items":[{"metadata":{"name":"rack-1"}}]}\n200\n' ;;
esac
SH
  export NODES='rack-1 probe-a'
  run_script verify-api
  assert_success
  [ "$(said | sed 's/ $//')" = $'metrics rack-1 200 1\nlogs rack-1 200 1\nexec rack-1 ran\ntop rack-1 listed' ] || { said && false; }
  ! grep -q 'KEY-SECRET' "$CALLS" || false
  touch "$FAKE/no-exec"
  run_script verify-api
  said | grep -q '^exec rack-1 error: unable to upgrade connection'
}
