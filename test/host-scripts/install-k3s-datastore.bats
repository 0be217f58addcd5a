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

# A server that has its cluster in the datastore, and a k3s that looks into another one: it finds what $FAKE/look-finds has and says $FAKE/look-says.
with_cluster() {
  with_datastore ca.pem
  export MAY_BEGIN=true LOOK_SECONDS=20
  mkdir -p "$HOST/var-lib/rancher/k3s/server/tls"
  echo 'of this cluster' >"$HOST/var-lib/rancher/k3s/server/tls/server-ca.crt"
  installed
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
[ "$1" = server ] || exec "$STUBS/k3s" "$@"
echo "k3s $*" >>"$CALLS"
while [ $# -gt 1 ]; do
  [ "$1" != --data-dir ] || look=$2
  shift
done
[ -d "$look/server/tls/client-admin.key" ] || exit
printf '%s\n' "$K3S_DATASTORE_ENDPOINT" >"$FAKE/looked-into"
cat "$K3S_DATASTORE_CAFILE" >>"$FAKE/looked-into"
[ ! -e "$FAKE/look-finds" ] || cp "$FAKE/look-finds" "$look/server/tls/server-ca.crt"
cat "$FAKE/look-says"
[ ! -e "$FAKE/look-lasts" ] || exec tail -f /dev/null
exit 1
K3S
  chmod +x "$FAKE/bin/k3s"
  echo 'level=fatal msg="Error: preparing server: failed to generate server dependencies"' >"$FAKE/look-says"
  place_anew
}

place_anew() {
  place 'postgres://k3s:anders@192.0.2.7/k3s' ca.pem
  echo 'K3S_DATASTORE_CAFILE=/etc/hybrid-k3s/datastore/ca.pem' >>"$HOST/run/hybrid-k3s/rack-1/datastore/endpoint.env"
}

refused_at_look() {
  run_script install-k3s
  assert_failure
  refute_call 'systemctl (stop|start|restart)'
  grep -q geheim "$HOST/$KEPT/endpoint.env"
  [ ! -e "$HOST/run/hybrid-k3s/rack-1/datastore" ]
  run ! grep -rqE 'geheim|anders' "$CALLS" "$FAKE/tmp"
}

@test "k3s goes on with another way to the database that has its cluster, once it has looked there" {
  with_cluster
  echo 'of this cluster' >"$FAKE/look-finds"
  run_script install-k3s
  assert_success
  assert_call 'k3s server .*--bind-address 240.0.0.1'
  assert_call 'systemctl start .*k3s.service'
  [ "$(cat "$FAKE/looked-into")" = 'postgres://k3s:anders@192.0.2.7/k3s
of ca.pem' ]
  grep -q anders "$HOST/$KEPT/endpoint.env"
  forget_calls
  place_anew
  run_script install-k3s
  assert_success
  refute_call 'k3s server'
}

@test "an empty database is refused before k3s is told of it" {
  with_cluster
  touch "$FAKE/look-lasts"
  echo 'level=info msg="Bootstrap key locked for initial create"' >"$FAKE/look-says"
  refused_at_look
  assert_stderr 'rack-1: the database that hybrid-k3s:datastoreEndpoint leads to is empty, and k3s would begin an empty cluster there. Its k3s was left as it is.'
  assert_stderr 'drop that before anything is copied'
}

@test "so is one with another cluster, or with another authority" {
  with_cluster
  echo 'level=fatal msg="Error: bootstrap data already found and encrypted with different token"' >"$FAKE/look-says"
  refused_at_look
  assert_stderr 'leads to holds another cluster. Its k3s was left as it is.'
  echo 'of another one' >"$FAKE/look-finds"
  echo 'level=fatal msg="Error: preparing server"' >"$FAKE/look-says"
  place_anew
  refused_at_look
  assert_stderr "has this cluster's token and another authority"
}

@test "so is one that does not let k3s in, in the database's words" {
  with_cluster
  touch "$FAKE/look-lasts"
  for _ in 1 2 3 4; do
    echo 'time="2026-11-29T22:01:17Z" level=error msg="Failed to ping database connection: failed SASL auth: FATAL: password authentication failed for user k3s (SQLSTATE 28P01)"'
  done >"$FAKE/look-says"
  refused_at_look
  assert_stderr 'rack-1: the datastore does not let k3s in: "Failed to ping database connection: failed SASL auth: FATAL: password authentication failed for user k3s (SQLSTATE 28P01)". Its k3s was left as it is.'
}

@test "what k3s cannot tell is no permission" {
  with_cluster
  refused_at_look
  assert_stderr 'k3s cannot tell whether the datastore holds this cluster: "Error: preparing server: failed to generate server dependencies"'
}
