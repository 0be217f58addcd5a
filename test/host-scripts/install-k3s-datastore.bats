# shellcheck shell=bats
# shellcheck disable=SC2016,SC2059,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

KEPT=etc/hybrid-k3s/datastore
UNIT=etc/systemd/system/k3s.service.d/hybrid-k3s.conf

# A server of an external datastore, with the files that the session has placed.
with_datastore() {
  export NODE_NAME=rack-1 SEVERAL_SERVERS=true DRAIN_ID=d1 INTEGRATION=routes POD_CIDR=10.42.0.0/16 DATASTORE_SECONDS=1
  export DATASTORE_FILES="endpoint.env addresses $*"
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16
node-name: rack-1
token-file: /etc/hybrid-k3s/server-token'
  cat >"$FAKE/bin/bash" <<'BASH'
#!/bin/sh
grep -qxF "$3 $4" "$FAKE/open-ports" 2>/dev/null && exit
echo "$3: connect: Connection refused" >&2
exit 1
BASH
  chmod +x "$FAKE/bin/bash"
  echo '192.0.2.7 5432' >"$FAKE/open-ports"
  place 'postgres://k3s:geheim@192.0.2.7/k3s' "$@"
}

place() {
  mkdir -p "$HOST/run/hybrid-k3s/rack-1/datastore"
  echo "K3S_DATASTORE_ENDPOINT=\"$1\"" >"$HOST/run/hybrid-k3s/rack-1/datastore/endpoint.env"
  echo '192.0.2.7 5432' >"$HOST/run/hybrid-k3s/rack-1/datastore/addresses"
  shift
  for name; do echo "of $name" >"$HOST/run/hybrid-k3s/rack-1/datastore/$name"; done
}

@test "k3s gets its datastore by a file of its unit's environment, root-only, and the config has nothing of it" {
  with_datastore ca.pem
  export MAY_BEGIN=true
  run_script install-k3s
  assert_success
  [ "$(mode $KEPT)" = 700 ]
  for name in endpoint.env ca.pem; do [ "$(mode $KEPT/$name)" = 600 ]; done
  grep -qx 'EnvironmentFile=/etc/hybrid-k3s/datastore/endpoint.env' "$HOST/$UNIT"
  run ! grep -rqE 'geheim|cluster-init|^server:' "$HOST/$UNIT" "$HOST/etc/rancher/k3s/config.yaml"
  run ! grep -rq geheim "$CALLS"
  [ ! -e "$HOST/run/hybrid-k3s/rack-1/datastore" ]
  grep -qE '^[0-9a-f]{64}$' "$HOST/etc/hybrid-k3s/server-token"
}

@test "a server that joins asks no other one, and measures no way" {
  with_datastore
  export SERVER_IPS=100.64.0.2
  echo pw >"$HOST/etc/hybrid-k3s/server-token"
  run_script install-k3s
  assert_success
  refute_call 'tailscale ping -c'
  run ! grep -qE '^(server|cluster-init):' "$HOST/etc/rancher/k3s/config.yaml"
  [ "$(cat "$HOST/etc/hybrid-k3s/server-token")" = pw ]
}

@test "k3s restarts for another endpoint, and for nothing where it is the same; files that the config has no more go" {
  with_datastore ca.pem key.pem
  installed
  place 'postgres://k3s:geheim@192.0.2.7/k3s' ca.pem key.pem
  run_script install-k3s
  assert_success
  refute_call 'systemctl (re)?start'
  export DATASTORE_FILES="endpoint.env addresses ca.pem"
  place 'postgres://k3s:anders@192.0.2.7/k3s' ca.pem key.pem
  run_script install-k3s
  assert_success
  assert_call 'systemctl stop k3s.service'
  assert_call 'systemctl start .*k3s.service'
  [ ! -e "$HOST/$KEPT/key.pem" ]
}

@test "a datastore that is not reached is told before anything of k3s is changed" {
  with_datastore
  installed
  before=$(cat "$HOST/$KEPT/endpoint.env")
  place 'postgres://k3s:geheim@192.0.2.8/k3s'
  echo '192.0.2.8 5432' >"$HOST/run/hybrid-k3s/rack-1/datastore/addresses"
  run_script install-k3s
  assert_failure
  assert_stderr 'rack-1: the datastore does not answer at 192.0.2.8:5432 within 1 s (Connection refused). Its k3s was left as it is: start the database'
  refute_call 'systemctl (stop|start|restart)'
  [ "$(cat "$HOST/$KEPT/endpoint.env")" = "$before" ]
  [ ! -e "$HOST/run/hybrid-k3s/rack-1/datastore" ]
}

@test "of several members of an etcd one that answers is enough" {
  with_datastore
  printf '192.0.2.6 2379\n192.0.2.7 5432\n' >"$HOST/run/hybrid-k3s/rack-1/datastore/addresses"
  run_script install-k3s
  assert_success
}

@test "what was to be placed and is not is told" {
  with_datastore
  rm -r "$HOST/run/hybrid-k3s/rack-1/datastore"
  run_script install-k3s
  assert_failure
  assert_stderr 'rack-1: what k3s is to be told of its datastore is missing in /run/hybrid-k3s/rack-1/datastore; run pulumi up again'
}

@test "without an external datastore nothing is left of one" {
  with_datastore
  installed
  unset DATASTORE_FILES
  export MAY_BEGIN=true
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/$KEPT" ]
  run ! grep -q EnvironmentFile "$HOST/$UNIT"
}

# In kine's own words (0.14.12).
@test "a database that does not let k3s in is told, not after the whole wait; one that only starts is waited for" {
  with_datastore
  touch "$FAKE/stuck"
  export WAIT_SECONDS=50 MAY_BEGIN=true
  said='time="2026-11-29T22:01:17Z" level=error msg="Failed to ping database connection: failed to connect to `user=k3s database=k3s`: 192.0.2.7:5432 (192.0.2.7): %s)"\n'
  for _ in 1 2 3 4; do printf "$said" 'failed SASL auth: FATAL: password authentication failed for user \"k3s\" (SQLSTATE 28P01'; done >"$FAKE/journal"
  run_script install-k3s
  assert_failure
  assert_stderr 'k3s.service is refused by the datastore: level=error msg="Failed to ping database connection'
  assert_stderr 'look at user, password, database and certificates there'
  for _ in 1 2 3 4; do printf "$said" 'server error: FATAL: the database system is starting up (SQLSTATE 57P03'; done >"$FAKE/journal"
  place 'postgres://k3s:geheim@192.0.2.7/k3s'
  export WAIT_SECONDS=2
  run_script install-k3s
  assert_failure
  assert_stderr 'k3s.service is not ready after 2 s'
}
