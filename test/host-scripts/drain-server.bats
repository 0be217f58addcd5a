# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run
load test_helper

setup() {
  make_host
  export NODE_NAME=rack-3 ROLE=server STEP=leave DRAIN_SECONDS=40 HEALTHY_SECONDS=1
  K="$FAKE/kubectl"
  mkdir "$FAKE/tailscale"
  touch "$K/node"
  echo True >"$K/ready"
  echo 100.64.0.3 >"$K/ips"
  echo pong >"$FAKE/tailscale/pong"
  printf '%s\n' 'rack-1 open True ' 'rack-2 open True ' >"$K/others"
  members rack-1 rack-2 rack-3
  for address in 1 2 3; do echo authority | serve "https://100.64.0.$address:6443/cacerts"; done
}

# In one go: the script may be reading.
members() {
  for name; do echo "$name 100.64.0.${name#rack-},fd7a::1, True MemberNotLearner"; done >"$K/members.new"
  mv "$K/members.new" "$K/members"
}

# assert_prints TEXT: somewhere in what the script printed.
assert_prints() { [[ "$output" == *"$1"* ]] || { echo "printed: $output" && echo "$stderr" && return 1; }; }

untouched() { refute_call ' (patch|drain|delete|annotate) '; }

@test "a server is drained, then taken out of etcd while its k3s runs, and its Node stays for now" {
  run_script drain-node
  assert_success
  [ "$(calls 'kubectl.* (drain|annotate|delete)')" = "k3s kubectl drain rack-3 --ignore-daemonsets --delete-emptydir-data --force --timeout=40s
k3s kubectl --request-timeout=15s annotate node rack-3 --overwrite etcd.k3s.cattle.io/remove=true" ]
  forget_calls
  STEP=delete run_script drain-node
  assert_success
  [ "$(calls 'kubectl.* (drain|annotate|delete node)')" = "k3s kubectl --request-timeout=15s delete node rack-3 --ignore-not-found --timeout=15s" ]
}

@test "nothing is done while another server does not vote" {
  sed -i 's/^rack-2 .*/rack-2 100.64.0.2, False MemberIsLearner/' "$K/members"
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_prints 'rack-3: nothing was done to it, because another server is not healthy: rack-2 (EtcdIsVoter: MemberIsLearner). '
  untouched
}

@test "nothing is done while the API of another server does not answer, whatever its Node still says" {
  rm "$FAKE/web/"*100.64.0.2*
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_prints 'another server is not healthy: rack-2 (its API does not answer). '
  untouched
}

@test "one that leaves in the same run is waited for" {
  rm "$FAKE/web/"*100.64.0.2*
  (sleep 1 && members rack-1 rack-3) &
  HEALTHY_SECONDS=20 run_script drain-node
  assert_success
  assert_call 'etcd.k3s.cattle.io/remove=true'
}

@test "the last voter is never taken out" {
  members rack-3
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_prints 'rack-3: nothing was done to it, because it is the last voting member of etcd'
  untouched
}

@test "a dead server is not asked to leave: deleting its Node takes it out" {
  echo Unknown >"$K/ready"
  IS_GONE=yes run_script drain-node
  assert_success
  refute_call ' annotate '
  STEP=delete run_script drain-node
  assert_success
  assert_call ' delete node rack-3 '
}

@test "one that runs where SSH does not reach it stays, as nobody could stop it from joining again" {
  IS_GONE=yes run_script drain-node
  [ "$status" -eq 3 ]
  assert_prints 'rack-3: it answers in the tailnet, but not by SSH'
  refute_call ' (annotate|delete) '
}

# With an external datastore no Node is a member of etcd.
without_etcd() {
  rm "$K/members"
  for name; do echo "$name 100.64.0.${name#rack-},fd7a::1, True"; done >"$K/servers"
}

@test "with an external datastore a server leaves no etcd, and needs one other that answers" {
  without_etcd rack-1 rack-2 rack-3
  rm "$FAKE/web/"*100.64.0.2*
  run_script drain-node
  assert_success
  assert_call ' drain rack-3 '
  refute_call ' annotate '
}

@test "with an external datastore the last server that answers is never taken out" {
  without_etcd rack-1 rack-2 rack-3
  rm "$FAKE/web/"*100.64.0.2*
  sed -i 's/^\(rack-1 .*\) True$/\1 Unknown/' "$K/servers"
  run_script drain-node
  [ "$status" -eq 3 ]
  assert_prints 'rack-3: nothing was done to it, because no other server is Ready and answers, and the API would end with it. '
  untouched
}

# As the real one words it (1.35.4).
with_snapshots() {
  mkdir -p "$HOST/var-lib/rancher/k3s/server/db/etcd" "$HOST/var-lib/rancher/k3s/server/db/snapshots" "$HOST/etc/rancher/k3s"
  echo 'cluster-init: true' >"$HOST/etc/rancher/k3s/config.yaml"
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
. "$STUBS/record"
[ "$1" = etcd-snapshot ] || exec "$STUBS/k3s" "$@"
[ ! -e "$FAKE/no-space" ] || { echo 'time="x" level=fatal msg="Error: no space left on device"' >&2 && exit 1; }
echo "time=\"x\" level=info msg=\"Snapshot $4-rack-1-1790000000 saved.\""
touch "/var/lib/rancher/k3s/server/db/snapshots/$4-rack-1-1790000000"
K3S
  chmod +x "$FAKE/bin/k3s"
}

@test "a snapshot named for the server that leaves is taken before anything is done to it, and once only" {
  with_snapshots
  run_script drain-node
  assert_success
  [ "$(calls 'k3s (etcd-snapshot|kubectl.* (cordon|patch|drain|annotate)) ' | sed -n 1p)" = "k3s etcd-snapshot save --name pre-removal-of-rack-3" ]
  assert_call 'etcd.k3s.cattle.io/remove=true'
  forget_calls
  run_script drain-node
  refute_call etcd-snapshot
}

@test "no server leaves where no snapshot can be taken, but where somebody says so" {
  with_snapshots
  touch "$FAKE/no-space"
  run_script drain-node
  assert_failure
  assert_stderr 'rack-3: no snapshot could be taken before the removal of rack-3: "Error: no space left on device"; nothing was changed. '
  untouched
  mkdir -p "$HOST/run/hybrid-k3s" && touch "$HOST/run/hybrid-k3s/no-snapshot"
  run_script drain-node
  assert_success
  assert_call 'etcd.k3s.cattle.io/remove=true'
}

# member NAME ADDRESS: as k3s tells it.
member() { printf '{"ID":%s,"name":"%s","peerURLs":["https://%s:2380"],"clientURLs":["https://%s:2379"]}' "$((RANDOM + 1))" "$1" "$2" "$2"; }

# What a joiner leaves that was ended before its Node was there, beside a member of another node that is called almost like it.
with_leftover() {
  mkdir -p "$HOST/var-lib/rancher/k3s/server/db/etcd"
  echo 'K10aaaa::server:secret' >"$HOST/var-lib/rancher/k3s/server/token"
  rm "$K/node"
  printf '%s\n' rack-1-11111111 rack-2-22222222 >"$K/etcd-names"
  local living
  living="$(member rack-1-11111111 100.64.0.1),$(member rack-2-22222222 100.64.0.2),$(member rack-3-b-33333333 100.64.0.4)"
  echo "{\"members\":[$living]}" >"$K/etcd-after"
  echo "{\"members\":[$living,$(member rack-3-abcdef01 100.64.0.3)]}" | serve https://127.0.0.1:6443/db/info
  export STEP=delete LEFT_SECONDS=1
}

@test "a member without a Node is taken out by k3s itself once its server has left, and only then" {
  with_leftover
  STEP=leave run_script drain-node
  assert_success
  [ ! -e "$K/created" ]
  run_script drain-node
  assert_success
  assert_stderr 'etcd still lists rack-3-abcdef01 at 100.64.0.3, and no Node is its own: taking it out'
  grep -q '"annotations":{"etcd.k3s.cattle.io/node-name":"rack-3-abcdef01","etcd.k3s.cattle.io/node-address":"100.64.0.3"},"finalizers":\["wrangler.cattle.io/managed-etcd-controller"\]' "$K/created"
  assert_call ' delete node hybrid-k3s-left-rack-3 --ignore-not-found'
  refute_call secret
  rm "$K/created"
  run_script drain-node
  assert_success
  [ ! -e "$K/created" ]
}

@test "a member that a Node names is nobody's business but the Node's" {
  with_leftover
  echo rack-3-abcdef01 >>"$K/etcd-names"
  run_script drain-node
  assert_success
  [ ! -e "$K/created" ]
}

@test "a placeholder that an earlier run left is used, and a member that stays all the same is told with what to do" {
  with_leftover
  echo old >"$K/created"
  rm "$K/etcd-after"
  run_script drain-node
  assert_failure
  assert_call ' delete node hybrid-k3s-left-rack-3 '
  assert_stderr 'rack-3: k3s did not take the member rack-3-abcdef01 out of etcd, which no server of that name can join before. '
}

@test "members that cannot be seen keep no server from leaving" {
  with_leftover
  rm "$FAKE/web/"*db_info
  MEMBER_SECONDS=1 run_script drain-node
  assert_success
  assert_stderr 'whether etcd still lists rack-3 could not be seen'
}
