# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run
load test_helper

setup() {
  make_host
  K="$FAKE/kubectl" D="$FAKE/tailscale" OLD=v1.34.7+k3s1
  mkdir "$D"
  echo 'v1.35.4+k3s1' >"$FAKE/k3s-version"
  export NODE_NAME=kiosk-1 ROLE=agent K3S_VERSION=v1.35.4+k3s1 WAIT_SECONDS=1 STAGE=before DOWN_SECONDS=1 REACH_SECONDS=1
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent True - $OLD open - edge"
  # The way to pods of kiosk-1, and one of them that answers.
  echo 100.64.0.1 >"$D/ip"
  printf '  "Peer": {\n    "nodekey:12ab": {\n      "HostName": "kiosk-1",\n      "TailscaleIPs": [\n        "100.64.0.3"\n      ],\n      "PrimaryRoutes": [\n        "10.42.2.0/24"\n      ],\n      "Online": true\n    }\n  },\n' >"$D/peers"
  echo '10.42.2.0/24 dev tailscale0' >"$FAKE/ip-4-route-show-table-52-10.42.2.0-24"
  printf '%s\n' 10.42.2.2 10.42.2.3 >"$K/pod-ips"
  echo 10.42.2.3 >"$FAKE/refusing"
}

nodes() { printf '%s 10.42.2.0/24 100.64.0.3\n' "$@" >"$K/upgrades"; }

@test "an agent may be changed when all servers are Ready voters of the wanted release" {
  run_script check-upgrade
  assert_success
  assert_output ''
  refute_call 'patch|drain'
}

@test "an agent waits for servers, and is left as it is where they do not come" {
  nodes "rack-1 server True True $K3S_VERSION open - rack" "rack-2 server True True $OLD open - rack" "rack-3 server False True $OLD open - rack" "kiosk-1 agent True - $OLD open - edge"
  run_script check-upgrade
  assert_failure
  assert_stderr ' s rack-2 runs v1.34.7+k3s1,rack-3 is not Ready; cure that, then run pulumi up again'
}

@test "an agent does not wait for a server that will stay at another release" {
  export WAIT_SECONDS=30
  nodes "rack-1 server True True $OLD open - rack" "kiosk-1 agent True - $OLD open - edge"
  run_script check-upgrade
  assert_failure
  assert_stderr 'its k3s was left as it is, because after '
  assert_stderr ' s rack-1 runs v1.34.7+k3s1;'
}

@test "no more agents of a pool are away than it allows, those that were away before among them" {
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent True - $OLD open - edge" "kiosk-2 agent Unknown - $OLD open - edge" "kiosk-9 agent False - $OLD open - other"
  run_script check-upgrade
  assert_failure
  assert_stderr ' s kiosk-2 of its pool is not Ready; cure that'
  AT_ONCE=2 run_script check-upgrade
  assert_success
}

@test "a node that is away itself waits for no other of its pool, and is not drained: the change may bring it back" {
  export DRAIN_SECONDS=1
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent Unknown - $OLD open - edge" "kiosk-2 agent Unknown - $OLD open - edge"
  run_script check-upgrade
  assert_success
  assert_stderr 'the Node is not Ready, so it is not drained'
  refute_call 'patch|drain'
}

@test "Nodes that are not Ready are listed, for who goes first" {
  export STAGE=unready
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent Unknown - $OLD open - edge" "kiosk-2 agent False - $OLD open - edge"
  run_script check-upgrade
  assert_output 'kiosk-1 kiosk-2'
}

@test "a server needs the others Ready and voters, of whatever release" {
  export NODE_NAME=rack-1 ROLE=server
  nodes "rack-1 server True True $OLD open - rack" "rack-2 server True True $OLD open - rack" "kiosk-1 agent True - $OLD open - edge"
  run_script check-upgrade
  assert_success
  nodes "rack-1 server True True $OLD open - rack" "rack-2 server True False $OLD open - rack"
  run_script check-upgrade
  assert_failure
  assert_stderr 'rack-2 is no voter of etcd'
}

@test "a server whose own k3s is down is changed unasked: that may bring it back" {
  export NODE_NAME=rack-1 ROLE=server WAIT_SECONDS=20 DRAIN_SECONDS=1
  claim_host
  touch "$K/down"
  run_script check-upgrade
  assert_success
  assert_stderr 'k3s of this server is down, so nobody can be asked; going on'
  touch "$FAKE/units/k3s.service.activating"
  run_script check-upgrade
  assert_success
  refute_call 'patch|drain'
}

@test "a server whose API does not answer while its k3s runs is left as it is, and so is a node that this host is not" {
  export NODE_NAME=rack-1 ROLE=server
  claim_host
  touch "$K/down" "$FAKE/units/k3s.service.active"
  run_script check-upgrade
  assert_failure
  assert_stderr ' s ; the API server says: The connection to the server'
  rm "$FAKE/units/k3s.service.active"
  NODE_NAME=kiosk-1 ROLE=agent run_script check-upgrade
  assert_failure
}

@test "the node is emptied where its pool asks for that, and one that somebody else has cordoned keeps that" {
  export DRAIN_SECONDS=1
  run_script check-upgrade
  assert_success
  assert_call 'patch node kiosk-1 .*"hybrid-k3s/upgrading":"true".*"unschedulable":true'
  assert_call 'drain kiosk-1 --ignore-daemonsets --delete-emptydir-data --force --timeout=1s'
  forget_calls
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent True - $OLD closed - edge"
  run_script check-upgrade
  assert_success
  refute_call 'patch'
  assert_call 'drain kiosk-1'
}

@test "a node whose pods do not leave is not changed and takes pods again" {
  export DRAIN_SECONDS=1
  touch "$K/no-drain"
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent True - $OLD open true edge"
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
  nodes "kiosk-1 agent True - $K3S_VERSION closed true edge"
  export DRAIN_SECONDS=1
  run_script check-upgrade
  assert_success
  assert_call 'patch node kiosk-1 .*"unschedulable":null'
}

@test "a node that a cut off run left cordoned takes pods again, also where its pool asks for no drain any more" {
  nodes "rack-1 server True True $K3S_VERSION open - rack" "kiosk-1 agent True - $K3S_VERSION closed true edge"
  STAGE=before run_script check-upgrade
  assert_output cordoned
  for stage in after undo; do
    forget_calls
    STAGE=$stage run_script check-upgrade
    assert_success
    assert_call 'patch node kiosk-1 .*"hybrid-k3s/upgrading":null.*"unschedulable":null'
  done
}

@test "only our own cordon is taken back" {
  export STAGE=undo DRAIN_SECONDS=1
  nodes "kiosk-1 agent True - $OLD closed - edge"
  run_script check-upgrade
  assert_success
  refute_call 'patch'
}

@test "after the change the tailnet must send to its pods what is for them" {
  export STAGE=after
  nodes "kiosk-1 agent True - $K3S_VERSION open - edge"
  sed -i 's|10.42.2.0/24|10.42.7.0/24|' "$D/peers"
  run_script check-upgrade
  assert_failure
  assert_stderr 'kiosk-1: Ready with v1.35.4+k3s1, but its pods are not reached from this server after 1 s: the tailnet has no way to 10.42.2.0/24; see on kiosk-1'
}

@test "after the change one of its pods must answer, be it with no; where none runs nobody is asked" {
  export STAGE=after
  nodes "kiosk-1 agent True - $K3S_VERSION open - edge"
  rm "$FAKE/refusing"
  run_script check-upgrade
  assert_failure
  assert_stderr 'after 1 s: the way to them is there, but none of 10.42.2.2 10.42.2.3 answers; see on kiosk-1'
  : >"$K/pod-ips"
  run_script check-upgrade
  assert_success
}

@test "where tailscaled changes, no release of k3s matters, and a server without k3s has nothing to show" {
  export NODE_NAME=rack-1 ROLE=server K3S_VERSION=''
  nodes "rack-1 server True True $OLD open - rack"
  run_script check-upgrade
  assert_success
  nodes "rack-1 server True False $OLD open - rack"
  STAGE=after run_script check-upgrade
  assert_failure
  assert_stderr 'rack-1: not well after the change: Ready True, voter False, k3s v1.34.7+k3s1, wanted Ready; see on'
  claim_host
  touch "$K/down"
  for stage in before after; do
    STAGE=$stage run_script check-upgrade
    assert_success
  done
}

@test "a server says whether it leads etcd" {
  export STAGE=leader NODE_NAME=rack-1 ROLE=server
  run_script check-upgrade
  assert_success
  assert_output ''
  printf 'etcd_server_is_leader 0\n' | serve http://127.0.0.1:2381/metrics
  run_script check-upgrade
  assert_output ''
  printf 'etcd_server_has_leader 1\netcd_server_is_leader 1\n' | serve http://127.0.0.1:2381/metrics
  run_script check-upgrade
  assert_output leader
}

@test "a server is not changed while another one is out of the cluster" {
  export NODE_NAME=rack-1 ROLE=server OTHER_SERVERS='rack-2 rack-3'
  nodes "rack-1 server True True $OLD open - rack" "rack-2 server True True $OLD open - rack"
  run_script check-upgrade
  assert_failure
  assert_stderr 'rack-3 is no server of the cluster yet'
}

@test "what is the matter with servers is listed for a preview" {
  export STAGE=servers NODE_NAME=the-cluster ROLE=server K3S_VERSION=''
  nodes "rack-1 server True True $OLD open - rack" "rack-2 server False True $OLD open - rack" "rack-3 server True False $OLD open - rack" "kiosk-1 agent False - $OLD open - edge"
  run_script check-upgrade
  assert_success
  assert_output 'rack-2 is not Ready
rack-3 is no voter of etcd'
}
