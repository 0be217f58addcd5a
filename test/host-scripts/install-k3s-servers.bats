# shellcheck shell=bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

CONFIG=etc/rancher/k3s/config.yaml

# One of several servers, whose config asks for a token.
one_of_several() {
  export SEVERAL_SERVERS=true DRAIN_ID=d1
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16
node-name: rack-1
token-file: /etc/hybrid-k3s/server-token'
}

joins() {
  one_of_several
  export SERVER_IPS="$*"
  echo K10ab::server:pw >"$HOST/etc/hybrid-k3s/server-token"
  for address; do near "$address" 1ms; done
}

# near ADDRESS ROUND-TRIP [WAY]
near() { echo "pong from rack-9 ($1) via ${3:-10.10.1.12:41641} in $2" >"$FAKE/tailscale/disco-$1"; }

serves() { echo authority | serve "https://$1:6443/cacerts"; }

entry() { sed -n '/^server: /p; /^cluster-init: /p' "$HOST/$CONFIG"; }

@test "the first of several begins the cluster, with a token of the stack's own that no log shows" {
  one_of_several
  export MAY_BEGIN=true
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'cluster-init: true' ]
  [ "$(mode etc/hybrid-k3s/server-token)" = 600 ]
  grep -qE '^[0-9a-f]{64}$' "$HOST/etc/hybrid-k3s/server-token"
  [[ "$stderr" != *"$(cat "$HOST/etc/hybrid-k3s/server-token")"* ]]
  forget_calls
  run_script install-k3s
  assert_success
  refute_call 'systemctl (re)?start'
}

@test "a server that was the only one keeps the token that its data is encrypted with" {
  one_of_several
  export MAY_BEGIN=true
  mkdir -p "$HOST/var-lib/rancher/k3s/server"
  echo K10abcd::server:known >"$HOST/var-lib/rancher/k3s/server/token"
  run_script install-k3s
  assert_success
  [ "$(cat "$HOST/etc/hybrid-k3s/server-token")" = known ]
}

@test "another server joins the first that answers, and stays with what it joined by" {
  joins 100.64.0.2 100.64.0.3
  serves 100.64.0.3
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'server: https://100.64.0.3:6443' ]
  [ "$(cat "$HOST/etc/hybrid-k3s/server-token")" = K10ab::server:pw ]
  # Its own member of etcd is what k3s goes by from now on; whom it once asked may be gone.
  mkdir -p "$HOST/var-lib/rancher/k3s/server/db/etcd/member"
  rm "$FAKE/web/"*cacerts
  export SERVER_IPS=100.64.0.9
  forget_calls
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'server: https://100.64.0.3:6443' ]
  refute_call 'systemctl (re)?start'
}

@test "a server of a cluster that was begun never begins one: without one that answers nothing is started" {
  joins 100.64.0.2
  export JOIN_SECONDS=1
  run_script install-k3s
  assert_failure
  assert_stderr "none of the cluster's other servers answers on port 6443 (100.64.0.2), so there is nothing to join"
  refute_call 'systemctl start'
  [ ! -e "$HOST/$CONFIG" ]
}

@test "a server joins over a short and direct way alone" {
  joins 100.64.0.2 100.64.0.3
  serves 100.64.0.2
  near 100.64.0.3 20ms 'DERP(fra)'
  run_script install-k3s
  assert_failure
  assert_stderr 'the way to the server at 100.64.0.3 goes over a relay (20 ms), and etcd waits for it at each write. Its k3s was not started:'
  assert_stderr 'or set cluster.allowDistantServers: true'
  refute_call 'systemctl start'
  near 100.64.0.3 1.2s
  run_script install-k3s
  assert_failure
  assert_stderr 'the way to the server at 100.64.0.3 takes 1200 ms, more than 30,'
  ALLOW_DISTANT=true run_script install-k3s
  assert_success
  assert_stderr 'takes 1200 ms, more than 30; going on, as cluster.allowDistantServers says'
}

@test "a way of up to 30 ms is warned of, and one to a server that is away is no reason" {
  joins 100.64.0.2 100.64.0.3
  serves 100.64.0.2
  near 100.64.0.2 25ms
  rm "$FAKE/tailscale/disco-100.64.0.3"
  run_script install-k3s
  assert_success
  assert_stderr 'warning: the way to the server at 100.64.0.2 takes 25 ms; above 10 etcd is slow'
  assert_stderr 'the server at 100.64.0.3 does not answer in the tailnet; how far it is cannot be told'
}

@test "an agent asks any server, keeps the one that it joined, and its gate waits for a path to one of them" {
  as_agent aaaa
  unset SERVER_IP
  export SEVERAL_SERVERS=true SERVER_IPS='100.64.0.2 100.64.0.3'
  serves 100.64.0.2
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'server: https://100.64.0.2:6443' ]
  grep -q '^ExecStartPre=.*wait-tailnet.sh 120 /etc/hybrid-k3s/servers$' "$HOST/etc/systemd/system/k3s-agent.service.d/hybrid-k3s.conf"
  [ "$(cat "$HOST/etc/hybrid-k3s/servers")" = "$(printf '100.64.0.2\n100.64.0.3')" ]
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/etc"
  echo '{}' >"$HOST/var-lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json"
  export SERVER_IPS='100.64.0.3 100.64.0.4'
  serves 100.64.0.3
  forget_calls
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'server: https://100.64.0.2:6443' ]
  refute_call 'systemctl (re)?start'
}

@test "an only server with its data in SQLite begins with etcd what it holds already, whoever else there is by then" {
  joins 100.64.0.2
  mkdir -p "$HOST/var-lib/rancher/k3s/server/db"
  echo data >"$HOST/var-lib/rancher/k3s/server/db/state.db"
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'cluster-init: true' ]
}

@test "the line by which a node joins stands where an only server's config has it, so that nothing restarts for others that come" {
  as_agent aaaa
  export SERVER_IP=100.64.0.2 CONFIG_YAML='node-name: kiosk-1
server: https://100.64.0.2:6443
token-file: /etc/hybrid-k3s/agent-token
'
  run_script install-k3s
  assert_success
  cp "$HOST/$CONFIG" "$BATS_TEST_TMPDIR/alone"
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/etc"
  echo '{}' >"$HOST/var-lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json"
  unset SERVER_IP
  export SEVERAL_SERVERS=true SERVER_IPS='100.64.0.2 100.64.0.3' CONFIG_YAML='node-name: kiosk-1
token-file: /etc/hybrid-k3s/agent-token
'
  run_script install-k3s
  assert_success
  diff -B "$BATS_TEST_TMPDIR/alone" "$HOST/$CONFIG"
}

@test "an agent of another cluster asks for a server of this one" {
  as_agent aaaa
  unset SERVER_IP
  export SEVERAL_SERVERS=true SERVER_IPS=100.64.0.2 CLUSTER_ID=old
  serves 100.64.0.2
  run_script install-k3s
  assert_success
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/etc"
  echo '{}' >"$HOST/var-lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json"
  rm "$FAKE/web/"*cacerts
  export SERVER_IPS=100.64.0.9 CLUSTER_ID=new
  serves 100.64.0.9
  run_script install-k3s
  assert_success
  [ "$(entry)" = 'server: https://100.64.0.9:6443' ]
}
