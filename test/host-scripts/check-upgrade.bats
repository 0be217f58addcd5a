# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run
load test_helper

setup() {
  make_host
  K="$FAKE/kubectl" OLD=v1.34.7+k3s1
  echo 'v1.35.4+k3s1' >"$FAKE/k3s-version"
  export NODE_NAME=kiosk-1 ROLE=agent K3S_VERSION=v1.35.4+k3s1 WAIT_SECONDS=1 STAGE=before
  nodes "rack-1 server True True $K3S_VERSION open -" "kiosk-1 agent True - $OLD open -"
}

nodes() { printf '%s\n' "$@" >"$K/upgrades"; }

@test "an agent may be changed when all servers are Ready voters of the wanted release" {
  run_script check-upgrade
  assert_success
  refute_call 'patch|drain'
}

@test "an agent waits for servers, and is left as it is where they do not come" {
  nodes "rack-1 server True True $K3S_VERSION open -" "rack-2 server True True $OLD open -" "rack-3 server False True $OLD open -" "kiosk-1 agent True - $OLD open -"
  run_script check-upgrade
  assert_failure
  assert_stderr 'kiosk-1: its k3s was left as it is, because after 1 s rack-2 runs v1.34.7+k3s1,rack-3 is not Ready; cure that, then run pulumi up again'
}

@test "a server needs the others Ready and voters, of whatever release" {
  export NODE_NAME=rack-1 ROLE=server
  nodes "rack-1 server True True $OLD open -" "rack-2 server True True $OLD open -" "kiosk-1 agent True - $OLD open -"
  run_script check-upgrade
  assert_success
  nodes "rack-1 server True True $OLD open -" "rack-2 server True False $OLD open -"
  run_script check-upgrade
  assert_failure
  assert_stderr 'rack-2 is no voter of etcd'
}

@test "the node is emptied where its pool asks for that, and one that somebody else has cordoned keeps that" {
  export DRAIN_SECONDS=1
  run_script check-upgrade
  assert_success
  assert_call 'patch node kiosk-1 .*"hybrid-k3s/upgrading":"true".*"unschedulable":true'
  assert_call 'drain kiosk-1 --ignore-daemonsets --delete-emptydir-data --force --timeout=1s'
  forget_calls
  nodes "rack-1 server True True $K3S_VERSION open -" "kiosk-1 agent True - $OLD closed -"
  run_script check-upgrade
  assert_success
  refute_call 'patch'
  assert_call 'drain kiosk-1'
}

@test "a node whose pods do not leave is not changed and takes pods again" {
  export DRAIN_SECONDS=1
  touch "$K/no-drain"
  nodes "rack-1 server True True $K3S_VERSION open -" "kiosk-1 agent True - $OLD open true"
  run_script check-upgrade
  assert_failure
  assert_stderr 'its pods did not leave within 1 s, as the lines above say; its k3s was left as it is'
  assert_call 'patch node kiosk-1 .*"hybrid-k3s/upgrading":null.*"unschedulable":null'
}

@test "after the change the Node must be Ready with the wanted release, and a voter where it is one of etcd's" {
  export STAGE=after
  run_script check-upgrade
  assert_failure
  assert_stderr 'kiosk-1: not well after the change: Ready True, voter -, k3s v1.34.7+k3s1, wanted Ready with v1.35.4+k3s1'
  nodes "kiosk-1 agent True - $K3S_VERSION closed true"
  export DRAIN_SECONDS=1
  run_script check-upgrade
  assert_success
  assert_call 'patch node kiosk-1 .*"unschedulable":null'
}

@test "only our own cordon is taken back" {
  export STAGE=undo DRAIN_SECONDS=1
  nodes "kiosk-1 agent True - $OLD closed -"
  run_script check-upgrade
  assert_success
  refute_call 'patch'
}
