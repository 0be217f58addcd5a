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
  printf '%s\n' 'rack-1 open True ' 'rack-2 open True ' >"$K/others"
  printf '%s\n' 'ReplicaSet default web-1' 'DaemonSet kube-system proxy-1' '- default lonely' >"$K/pods"
}

@test "a node is cordoned, drained within its time and deleted, in this order" {
  run_script remove-node
  assert_success
  [ "$(calls 'kubectl.* (cordon|drain|delete)')" = "k3s kubectl --request-timeout=15s cordon rack-2
k3s kubectl drain rack-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=40s
k3s kubectl --request-timeout=15s delete node rack-2 --ignore-not-found --timeout=15s
k3s kubectl --request-timeout=15s delete secret -n kube-system rack-2.node-password.k3s --ignore-not-found" ]
}

@test "a second run finds no Node and does nothing" {
  run_script remove-node
  forget_calls
  run_script remove-node
  assert_success
  assert_stderr 'no Node rack-2; nothing to do'
  refute_call 'cordon|drain|delete'
}

@test "what a disruption budget holds back is named and deleted when the time is over" {
  touch "$K/no-drain"
  run_script remove-node
  assert_success
  assert_stderr 'not drained within 40 s; deleting what is left, disruption budgets or not: default/web-1 default/lonely'
  assert_call 'drain rack-2 .*--disable-eviction'
  [ ! -e "$K/node" ]
}

@test "waits only briefly where no other node could take the pods" {
  printf '%s\n' 'rack-1 open True NoSchedule,' 'rack-2 open True ' 'rack-3 cordoned True ' 'rack-4 open Unknown ' >"$K/others"
  run_script remove-node
  assert_success
  assert_stderr 'no other node could take the pods'
  assert_call 'drain rack-2 .*--timeout=10s$'
}

@test "waits only briefly for a node that is dead, which the tailnet knows first" {
  rm "$FAKE/tailscale/pong"
  run_script remove-node
  assert_success
  assert_stderr 'rack-2 does not answer'
  assert_call 'drain rack-2 .*--timeout=10s$'
}

@test "a drain time of 0 deletes the pods at once" {
  export DRAIN_SECONDS=0
  run_script remove-node
  assert_success
  refute_call 'drain rack-2 .*--timeout=0s'
  assert_call 'drain rack-2 .*--disable-eviction'
}

@test "waits for an API server that is restarting" {
  touch "$K/down"
  (sleep 2 && rm "$K/down") &
  run_script remove-node
  assert_success
  [ ! -e "$K/node" ]
}
