# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run
load test_helper

DATA=var-lib/rancher/k3s/server
RESET=etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml

setup() {
  make_host
  export WAIT_SECONDS=2 SERVER_IP=100.64.0.2
  mkdir -p "$HOST/$DATA"/{db/etcd,db/snapshots,tls,manifests} "$HOST/etc/rancher/k3s" "$HOST/var-lib/rancher/k3s/agent/containerd" "$FAKE/tailscale"
  echo 100.64.0.3 >"$FAKE/tailscale/ip"
  echo mine >"$HOST/$DATA/db/etcd/data"
  echo K10aaaa::server:secret >"$HOST/$DATA/token"
  echo authority >"$HOST/$DATA/tls/server-ca.crt"
  printf 'cluster-init: true\ntoken-file: /etc/hybrid-k3s/server-token\netcd-s3: true\n' >"$HOST/etc/rancher/k3s/config.yaml"
  echo '[Service]' >"$HOST/etc/systemd/system/k3s.service"
  touch "$FAKE/units/k3s.service.active" "$FAKE/kubectl/node"
  echo True >"$FAKE/kubectl/ready"
  echo True >"$FAKE/votes"
  printf 'rack-1 100.64.0.3 True x\nrack-2 100.64.0.4 True x\nrack-3 100.64.0.5 True x\n' >"$FAKE/kubectl/members"
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
. "$STUBS/record"
data=/var/lib/rancher/k3s/server
case $* in
  "server --cluster-reset")
    cp /etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml "$FAKE/reset-config"
    [ ! -e "$FAKE/no-reset" ] || { echo 'time="x" level=fatal msg="etcd: no space"' >&2 && rm -rf "$data/db/etcd" && exit 1; }
    [ ! -e "$data/db/reset-flag" ] || { echo 'time="x" level=fatal msg="Managed etcd cluster membership was previously reset"' >&2 && exit 1; }
    touch "$data/db/reset-flag"
    echo alone >"$data/db/etcd/data"
    ;;
  *EtcdIsVoter*status}) cat "$FAKE/votes" ;;
  *) exec "$STUBS/k3s" "$@" ;;
esac
K3S
  chmod +x "$FAKE/bin/k3s"
  printf '#!/bin/sh\ncp /%s "$FAKE/start-config" 2>/dev/null\nexec "$STUBS/systemctl" "$@"\n' "$RESET" >"$FAKE/bin/systemctl" && chmod +x "$FAKE/bin/systemctl"
}

aside() { (cd "$HOST/var-lib/rancher/k3s" && echo server-before-*); }

@test "joins another server as a new member until it votes, keeps its data of before, and leaves nothing of its own" {
  run_script rejoin-server
  assert_success
  assert_output "{\"aside\":\"/var/lib/rancher/k3s/$(aside)\"}"
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = mine ]
  [ ! -e "$HOST/$DATA/db/etcd" ]
  [ ! -e "$HOST/$RESET" ]
  printf 'token: "secret"\ntoken-file: ""\nserver: "https://100.64.0.2:6443"\ncluster-init: false\n' | cmp - "$FAKE/start-config"
  [ -e "$HOST/var-lib/rancher/k3s/agent/containerd" ]
  assert_call 'systemctl -q enable k3s.service'
}

@test "forgets the pods of another cluster before it joins, and only then" {
  printf '#!/bin/sh\necho k3s-killall >>"$CALLS"\n' >"$HOST/usr-local/bin/k3s-killall.sh" && chmod +x "$HOST/usr-local/bin/k3s-killall.sh"
  CLUSTER_AUTHORITY=$(echo authority | sha256sum | cut -d' ' -f1) run_script rejoin-server
  assert_success
  refute_call k3s-killall
  rm -rf "${HOST:?}/$DATA" && mv "$HOST/var-lib/rancher/k3s/$(aside)" "$HOST/$DATA"
  CLUSTER_AUTHORITY=other run_script rejoin-server
  assert_success
  assert_call k3s-killall
  [ ! -e "$HOST/var-lib/rancher/k3s/agent/containerd" ]
}

@test "says so where etcd does not let it vote, and where its Node is not Ready, whatever that says of its vote" {
  echo False >"$FAKE/votes"
  run_script rejoin-server
  assert_failure
  assert_stderr 'not a member again: etcd does not let it vote within 2 s'
  rm -rf "${HOST:?}/$DATA" && mv "$HOST/var-lib/rancher/k3s/$(aside)" "$HOST/$DATA"
  echo True >"$FAKE/votes" && echo False >"$FAKE/kubectl/ready"
  run_script rejoin-server
  assert_failure
  assert_stderr 'not a member again: etcd does not let it vote within 2 s'
}

@test "the server that is left begins etcd again alone, without S3, and takes the votes of the others back" {
  run_script reset-quorum
  assert_success
  assert_output "{\"aside\":\"/var/lib/rancher/k3s/$(aside)\",\"address\":\"100.64.0.3\"}"
  printf 'token: "secret"\ntoken-file: ""\nserver: ""\ncluster-init: true\netcd-s3: false\n' | cmp - "$FAKE/reset-config"
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = alone ]
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = mine ]
  [ ! -e "$HOST/$RESET" ]
  assert_call 'patch node rack-2 .*"status":"False"'
  assert_call 'patch node rack-3 .*"status":"False"'
  refute_call 'patch node rack-1'
}

@test "resets once more where k3s did not start after the first time" {
  run_script reset-quorum
  assert_success
  # Not the name of the first copy.
  rm -rf "$HOST"/var-lib/rancher/k3s/server-before-*
  run_script reset-quorum
  assert_success
}

@test "goes on with what it had where the reset comes to nothing" {
  touch "$FAKE/no-reset"
  run_script reset-quorum
  assert_failure
  assert_stderr 'k3s does not reset its etcd: "etcd: no space"; the data of before is back in its place, and k3s starts from it'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = mine ]
  [ ! -e "$HOST/$RESET" ]
  [ -e "$FAKE/units/k3s.service.active" ]
}

@test "resets nothing where its data cannot be copied, and starts k3s again" {
  printf '#!/bin/sh\ncase "$1 $2" in "-a /var/lib/rancher/k3s/server") mkdir "$3"; exit 1 ;; esac\nexec /usr/bin/cp "$@"\n' >"$FAKE/bin/cp" && chmod +x "$FAKE/bin/cp"
  run_script reset-quorum
  assert_failure
  assert_stderr '/var/lib/rancher/k3s/server cannot be copied to '
  assert_stderr 'nothing was changed, and k3s starts again'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = mine ]
  [ -z "$(find "$HOST/var-lib/rancher/k3s" -name 'server-before-*')" ]
  [ -e "$FAKE/units/k3s.service.active" ]
}

@test "cut off while it resets, the next run takes the data of before from the copy; a copy that was cut off counts for nothing" {
  mkdir -p "$HOST/var-lib/rancher/k3s/server-before-20260101T000000Z.new/db"
  touch "$FAKE/units/k3s.service.enabled"
  cut_off_at '*--cluster-reset*'
  run_script reset-quorum
  assert_failure
  [ ! -e "$FAKE/units/k3s.service.enabled" ]
  [ ! -e "$HOST/var-lib/rancher/k3s/server-before-20260101T000000Z.new" ]
  [ -e "$HOST/$RESET" ]
  echo half >"$HOST/$DATA/db/etcd/data"
  OPERATION=recover-2 run_script reset-quorum
  assert_success
  assert_stderr 'an earlier run was cut off on this host; what it left is dropped, and the data of before is taken from /var/lib/rancher/k3s/server-before-'
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = mine ]
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = alone ]
  [ ! -e "$HOST/$RESET" ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
  run_script look-at-server
  assert_output "{\"api\":\"answers\",\"hasData\":true,\"address\":\"100.64.0.3\",\"authority\":\"$(sha256sum <"$HOST/$DATA/tls/server-ca.crt" | cut -d' ' -f1)\",\"begunBy\":\"recover-2\",\"stoppedFor\":\"\"}"
}

@test "a join that was cut off goes on in the same operation, and begins anew in another" {
  export OPERATION=recover-1
  run_script stop-server
  assert_success
  cut_off_at '*"get node "*'
  run_script rejoin-server
  assert_failure
  [ "$(cat "$HOST/etc/hybrid-k3s/stopped-for")" = recover-1 ]
  mkdir -p "$HOST/$DATA/db/etcd" && echo joining >"$HOST/$DATA/db/etcd/data"
  run_script look-at-server
  [[ "$output" == *'"hasData":true'*'"stoppedFor":"recover-1"}' ]]
  kept=$(aside)
  run_script rejoin-server
  assert_success
  assert_output "{\"aside\":\"/var/lib/rancher/k3s/$kept\"}"
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = joining ]
  [ ! -e "$HOST/etc/hybrid-k3s/stopped-for" ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
  [ ! -e "$HOST/$RESET" ]
  rm -rf "${HOST:?}/$DATA" && mv "$HOST/var-lib/rancher/k3s/$kept" "$HOST/$DATA"
  cut_off_at '*"get node "*'
  run_script rejoin-server
  assert_failure
  OPERATION=restore-2 run_script rejoin-server
  assert_success
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = mine ]
}

@test "names the place of its data where that could not be moved" {
  printf '#!/bin/sh\ncase "$1" in /var/lib/rancher/k3s/server) exit 1 ;; esac\nexec /usr/bin/mv "$@"\n' >"$FAKE/bin/mv" && chmod +x "$FAKE/bin/mv"
  run_script rejoin-server
  assert_failure
  assert_stderr 'not a member again: /var/lib/rancher/k3s/server cannot be moved to '
  assert_stderr 'its data of before is in /var/lib/rancher/k3s/server. See'
}

@test "a server that was stopped for nothing starts again, at boots too" {
  run_script stop-server
  assert_success
  [ ! -e "$FAKE/units/k3s.service.active" ]
  assert_call 'systemctl -q disable k3s.service'
  [ -e "$HOST/etc/hybrid-k3s/stopped-for" ]
  run_script start-server
  assert_success
  assert_output '{}'
  assert_call 'systemctl -q enable k3s.service'
  [ -e "$FAKE/units/k3s.service.active" ]
  [ ! -e "$HOST/etc/hybrid-k3s/stopped-for" ]
}
