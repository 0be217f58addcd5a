# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  export NODE_NAME=rack-2 DRAIN_SECONDS=40
  K="$FAKE/kubectl"
  mkdir "$FAKE/tailscale"
  touch "$K/node"
  echo True >"$K/ready"
  echo 100.64.0.2 >"$K/ips"
  echo pong >"$FAKE/tailscale/pong"
  echo Running >"$FAKE/tailscale/state"
  echo true >"$FAKE/tailscale/online"
  printf '%s\n' 'rack-1 open True ' 'rack-2 open True ' >"$K/others"
  printf '%s\n' 'ReplicaSet default web-1' 'DaemonSet kube-system proxy-1' '- default lonely' >"$K/pods"
}

# A disruption budget lets no pod go.
hold_back() { touch "$K/no-drain" && export DRAIN_SECONDS=1; }

@test "a node is cordoned, drained within its time and deleted, in this order" {
  run_script drain-node
  assert_success
  [ "$(calls 'kubectl.* (patch|drain|delete)')" = "k3s kubectl --request-timeout=15s patch node rack-2 --type=merge -p {\"metadata\":{\"annotations\":{\"hybrid-k3s/cordoned\":\"leaving\"}},\"spec\":{\"unschedulable\":true}}
k3s kubectl drain rack-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=40s
k3s kubectl --request-timeout=15s delete node rack-2 --ignore-not-found --timeout=15s
k3s kubectl --request-timeout=15s delete secret -n kube-system rack-2.node-password.k3s --ignore-not-found" ]
}

@test "a node that is cordoned already is not cordoned again, nor marked as ours" {
  touch "$K/closed"
  run_script drain-node
  assert_success
  refute_call ' patch '
}

@test "goes on where nobody listens any more: pods are evicted within their time, not killed at its end" {
  # As kubectl does, which is no shell: it dies of the first word that nobody takes.
  printf '#!/bin/bash\ncase $* in *" drain "* | *" delete "* | *" patch "*) echo a word >&2 || exit 141 ;; esac\nexec "$STUBS/k3s" "$@"\n' >"$FAKE/bin/k3s" && chmod +x "$FAKE/bin/k3s"
  rendered drain-node >"$FAKE/script"
  mkfifo "$FAKE/words"
  head -c 0 <"$FAKE/words" >/dev/null &
  on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" TMPDIR="$FAKE/tmp" timeout 60 dash -s -- drain-node <"$FAKE/script" 2>"$FAKE/words"
  [ ! -e "$K/node" ]
  refute_call 'disable-eviction|delete pod'
  [ -z "$(ls "$FAKE/tmp")" ]
}

@test "a second run finds no Node and does nothing" {
  run_script drain-node
  forget_calls
  run_script drain-node
  assert_success
  assert_stderr 'no Node rack-2; nothing to do'
  refute_call ' (patch|drain|delete) '
}

@test "what a disruption budget holds back is named and deleted when the time is over" {
  hold_back
  run_script drain-node
  assert_success
  assert_stderr 'not drained within 1 s; deleting what is left, disruption budgets or not: default/web-1 default/lonely'
  assert_call 'drain rack-2 .*--disable-eviction'
  [ ! -e "$K/node" ]
}

@test "waits only briefly where no other node could take the pods" {
  printf '%s\n' 'rack-1 open True NoSchedule,' 'rack-2 open True ' 'rack-3 cordoned True ' 'rack-4 open Unknown ' >"$K/others"
  run_script drain-node
  assert_success
  assert_stderr 'no other node could take the pods'
  assert_call 'drain rack-2 .*--timeout=10s$'
}

@test "waits only briefly for a node that is dead, which the tailnet knows first" {
  rm "$FAKE/tailscale/pong"
  run_script drain-node
  assert_success
  assert_stderr 'rack-2 does not answer'
  assert_call 'drain rack-2 .*--timeout=10s$'
}

@test "a drain time of 0 deletes the pods at once" {
  export DRAIN_SECONDS=0
  run_script drain-node
  assert_success
  refute_call 'drain rack-2 .*--timeout=0s'
  assert_call 'drain rack-2 .*--disable-eviction'
}

@test "waits for an API server that is restarting" {
  touch "$K/down"
  (sleep 2 && rm "$K/down") &
  run_script drain-node
  assert_success
  [ ! -e "$K/node" ]
}

# A volume as the local-path provisioner makes it, and one that another node could use as well.
give_volumes() {
  printf '%s\n' 'volume pvc-1 default/data' 'term' 'in rack-2' 'volume pvc-2 default/shared' 'term' 'in rack-2' 'term' 'in rack-1' >"$K/volumes"
  printf '%s\n' 'volume pvc-3 db/logs' 'term' 'in amd64' 'in rack-2' 'volume nfs default/files' 'volume pvc-4 default/zone' 'term' 'in eu-a eu-b' >>"$K/volumes"
  printf '%s\n' 'default/data default/web-0' 'default/data default/web-1' 'default/shared default/web-0' >"$K/claims"
}

REFUSAL='rack-2: nothing was done to it, because its removal would lose volumes that no other node can use: pvc-1 (claim default/data, pods default/web-0 default/web-1); pvc-3 (claim db/logs). Move the data'

assert_refusal() { [[ "$output" == *"$1"* ]] || { echo "not printed: $1" && echo "$output" && return 1; }; }

@test "volumes that no other node can use are named with their pods, and keep the node as it is" {
  give_volumes
  export REMOVE_DATA=no POOL=metal
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_refusal "$REFUSAL"
  assert_refusal 'kubectl annotate node rack-2 hybrid-k3s/remove-data=true, and run it again (for the whole pool metal: removeData: true'
  refute_call ' (drain|delete|patch|annotate) '
  unset REMOVE_DATA # as an older release's state has it
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_refusal "$REFUSAL"
}

@test "they go with the node where its pool or the Node itself says so, and the Node has the last word" {
  give_volumes
  export REMOVE_DATA=yes
  echo 'hybrid-k3s/remove-data false' >"$K/annotations"
  run_script drain-node
  [ "$status" -eq 3 ]
  rm "$K/annotations"
  run_script drain-node
  assert_success
  refute_call 'get persistentvolumes.*get persistentvolumes'
  [ ! -e "$K/node" ]
  touch "$K/node"
  export REMOVE_DATA=no
  echo 'hybrid-k3s/remove-data true' >"$K/annotations"
  run_script drain-node
  assert_success
  [ ! -e "$K/node" ]
}

@test "an API that does not tell of volumes is no node without volumes" {
  touch "$K/no-volumes"
  (sleep 2 && rm "$K/no-volumes") &
  give_volumes
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_refusal "$REFUSAL"
}

@test "with drainPolicy wait the pods that are left are named, and the Node stays, cordoned" {
  hold_back
  export DRAIN_POLICY=wait POOL=metal
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_refusal 'rack-2: not removed, because these pods are still on it after 1 s: default/web-1 default/lonely. It stays cordoned, and nothing was deleted.'
  assert_refusal 'kubectl annotate node rack-2 hybrid-k3s/drain-policy=force, and run it again (for the whole pool metal: drainPolicy: force'
  assert_call ' patch node rack-2 '
  refute_call 'disable-eviction|delete (node|pod)'
  [ -e "$K/node" ]
}

@test "it waits its whole time where no other node could take the pods, and does not wait for a dead node" {
  hold_back
  export DRAIN_POLICY=wait
  echo 'rack-2 open True ' >"$K/others"
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_call 'drain rack-2 .*--timeout=1s$'
  rm "$FAKE/tailscale/pong"
  run_script drain-node
  assert_success
  [ ! -e "$K/node" ]
}

@test "it is told only while it waits that the node is dead, and goes on as with one that was" {
  hold_back
  export DRAIN_POLICY=wait
  printf '#!/bin/bash\ncase $* in *" drain "*) echo Unknown >"$FAKE/kubectl/ready" ;; esac\nexec "$STUBS/k3s" "$@"\n' >"$FAKE/bin/k3s" && chmod +x "$FAKE/bin/k3s"
  run_script drain-node
  assert_success
  assert_stderr 'rack-2 does not answer any more'
  assert_call 'drain rack-2 .*--disable-eviction'
  [ ! -e "$K/node" ]
}

@test "the Node's own drain policy wins over its pool's" {
  hold_back
  export DRAIN_POLICY=wait
  echo 'hybrid-k3s/drain-policy force' >"$K/annotations"
  run_script drain-node
  assert_success
  assert_call 'disable-eviction'
  [ ! -e "$K/node" ]
}

@test "an API that breaks off while it tells of the node makes no living node a dead one" {
  hold_back
  export DRAIN_POLICY=wait
  for words in '"Ready")\].status' InternalIP; do
    echo "$words" >"$K/breaks"
    run_script drain-node
    [ ! -e "$K/breaks" ]
    [ "$status" -eq 3 ]
  done
  refute_call 'disable-eviction'
}

@test "nor does it make a cluster with room one without" {
  export DRAIN_POLICY=force
  echo 'get nodes' >"$K/breaks"
  run_script drain-node
  assert_success
  [ ! -e "$K/breaks" ]
  assert_call 'drain rack-2 .*--timeout=40s$'
}

@test "a drain that the API breaks off is begun again, and nothing is deleted before its time is over" {
  echo 'drain ' >"$K/breaks"
  run_script drain-node
  assert_success
  [ ! -e "$K/breaks" ]
  [ "$(calls ' drain ' | wc -l)" = 2 ]
  refute_call 'disable-eviction'
}

@test "a node whose kubelet says that it is not Ready lives, and its pods are not deleted where the run is to wait" {
  hold_back
  export DRAIN_POLICY=wait
  echo False >"$K/ready"
  run_script drain-node
  [ "$status" -eq 3 ]
  refute_call 'disable-eviction'
  echo Unknown >"$K/ready"
  run_script drain-node
  assert_success
  [ ! -e "$K/node" ]
}

@test "a server that is out of the tailnet takes no node for dead because of that" {
  hold_back
  export DRAIN_POLICY=wait
  rm "$FAKE/tailscale/pong"
  echo Stopped >"$FAKE/tailscale/state"
  run_script drain-node
  [ "$status" -eq 3 ]
  refute_call 'disable-eviction'
}
