# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load sqlite_helper

RESET=etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml

setup() {
  make_host
  export SNAPSHOT=first-rack-1-1790000000 TOKENS_FILE=/run/hybrid-k3s/restore/tokens KNOWN_NODES='rack-1
kiosk-1' WAIT_SECONDS=2
  mkdir -p "$HOST/$DATA"/{db,tls,cred,manifests} "$HOST/$COPIES" "$HOST/etc/rancher/k3s" "$FAKE/tailscale"
  echo 100.64.0.7 >"$FAKE/tailscale/ip"
  make_database "$HOST/$DATA/db/state.db" today now
  make_database "$HOST/$COPIES/$SNAPSHOT" today before
  echo K10aaaa::server:today >"$HOST/$DATA/token"
  echo K10aaaa::node:agents >"$HOST/$DATA/agent-token"
  echo authority-of-today >"$HOST/$DATA/tls/server-ca.crt"
  echo mine >"$HOST/$DATA/manifests/mine.yaml"
  echo 'node-name: rack-1' >"$HOST/etc/rancher/k3s/config.yaml"
  send_tokens
  echo '[Service]' >"$HOST/etc/systemd/system/k3s.service"
  touch "$FAKE/units/k3s.service.active" "$FAKE/units/k3s.service.enabled" "$FAKE/kubectl/node"
  echo 100.64.0.7 >"$FAKE/kubectl/ips"
  echo True >"$FAKE/kubectl/ready"
  printf 'rack-1\nkiosk-1\nrack-9\n' >"$FAKE/kubectl/others"
  echo 0b1c >"$FAKE/kubectl/cluster-id"
  printf '#!/bin/sh\n. "$STUBS/record"\n[ "$3 $4" != "delete node" ] || exit 0\nexec "$STUBS/k3s" "$@"\n' >"$FAKE/bin/k3s" && chmod +x "$FAKE/bin/k3s"
  # What k3s takes out of its database when it starts: the authority of the cluster that is in there.
  cat >"$FAKE/bin/systemctl" <<'SYSTEMCTL'
#!/bin/sh
data=/var/lib/rancher/k3s/server
case "$*" in
  *start*k3s.service)
    cat /etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml >>"$FAKE/start-config" 2>/dev/null
    mkdir -p "$data/tls"
    cp "$FAKE/authority-of-copy" "$data/tls/server-ca.crt" 2>/dev/null || echo authority-of-today >"$data/tls/server-ca.crt"
    [ -e "$data/agent-token" ] || echo K10aaaa::node:agents >"$data/agent-token"
    ;;
esac
exec "$STUBS/systemctl" "$@"
SYSTEMCTL
  chmod +x "$FAKE/bin/systemctl"
  give_copy_program
}

send_tokens() { mkdir -p "$HOST/run/hybrid-k3s/restore" && printf 'K10bbbb::server:former\n' >"$HOST/$TOKENS_FILE"; }

aside() { (cd "$HOST/var-lib/rancher/k3s" && echo server-before-*); }

@test "restores on the same server by its own token, keeps the data of before, and leaves nothing of its own" {
  sum=$(sha256sum <"$HOST/$COPIES/$SNAPSHOT")
  run_script restore-copy
  assert_success
  authority=$(echo authority-of-today | sha256sum | cut -d' ' -f1)
  assert_output "{\"aside\":\"/var/lib/rancher/k3s/$(aside)\",\"address\":\"100.64.0.7\",\"isOther\":false,\"removedNodes\":[\"rack-9\"],\"agentToken\":\"K10aaaa::node:agents\",\"clusterId\":\"0b1c\",\"authority\":\"$authority\"}"
  [ "$(word_in "$HOST/$DATA/db/state.db")" = before ]
  [ "$(stat -c %a "$HOST/$DATA/db/state.db")" = 600 ]
  [ "$(word_in "$HOST/var-lib/rancher/k3s/$(aside)/db/state.db")" = now ]
  [ "$(sha256sum <"$HOST/$COPIES/$SNAPSHOT")" = "$sum" ]
  [ "$(cat "$HOST/$DATA/manifests/mine.yaml")" = mine ]
  [ ! -e "$HOST/$RESET" ]
  [ ! -e "$HOST/$TOKENS_FILE" ]
  [ ! -e "$HOST/var-lib/rancher/k3s/sqlite-restore" ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
  grep -qx 'token: "today"' "$FAKE/start-config"
  # It would move the data to etcd.
  run ! grep -q cluster-init "$FAKE/start-config"
  refute_call 'k3s-killall'
  refute_call '^curl'
  assert_call 'delete node rack-9'
  assert_call 'delete secret -n kube-system rack-1.node-password.k3s kiosk-1.node-password.k3s'
}

@test "nothing that was written beside the database of before gets into the restored one" {
  mkfifo "$FAKE/held"
  hold_open late
  [ -s "$HOST/$DATA/db/state.db-wal" ]
  run_script restore-copy
  exec 8>"$FAKE/held" && exec 8>&- && wait "$writer"
  assert_success
  [ ! -e "$HOST/$DATA/db/state.db-wal" ]
  [ "$(word_in "$HOST/$DATA/db/state.db")" = before ]
}

@test "takes a copy of another cluster by a token that the stack knows, gives it this host's again, and forgets the cluster that was here" {
  rm "$HOST/$COPIES/$SNAPSHOT"*
  make_database "$HOST/$COPIES/$SNAPSHOT" former before
  echo authority-of-then >"$FAKE/authority-of-copy"
  printf '#!/bin/sh\necho k3s-killall >>"$CALLS"\n' >"$HOST/usr-local/bin/k3s-killall.sh" && chmod +x "$HOST/usr-local/bin/k3s-killall.sh"
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/images" "$HOST/var-lib/rancher/k3s/agent/containerd"
  printf '#!/bin/sh\n. "$STUBS/record"\ncat >>"$FAKE/curl-config"\nprintf 200\n' >"$FAKE/bin/curl" && chmod +x "$FAKE/bin/curl"
  run_script restore-copy
  assert_success
  [[ "$output" == *'"isOther":true'* ]]
  assert_call k3s-killall
  [ -d "$HOST/var-lib/rancher/k3s/agent/images" ]
  [ ! -e "$HOST/var-lib/rancher/k3s/agent/containerd" ]
  # Not with an authority of which nobody knows whether it is this cluster's.
  grep -qx 'token: "former"' "$FAKE/start-config"
  grep -qx 'user = "server:former"' "$FAKE/curl-config"
  grep -qF '{\"newToken\":\"today\"}' "$FAKE/curl-config"
  # Neither token is a word of a program.
  refute_call 'today|former'
}

@test "refuses what cannot be restored while k3s runs on, and leaves nothing of it" {
  rm "$HOST/$COPIES/$SNAPSHOT"*
  expect_refused "there is no copy /var/lib/rancher/k3s/sqlite-backups/$SNAPSHOT on this host"
  make_database "$HOST/$COPIES/$SNAPSHOT" lost before
  expect_refused "$SNAPSHOT was taken under another server token than this host and the stack know; give the one of that time: --token-file FILE"
  # A token that was given up since.
  sqlite3 "$HOST/$COPIES/$SNAPSHOT" "INSERT INTO kine(name, created, deleted) VALUES ('$(key_of former)', 1, 0), ('$(key_of former)', 0, 1)"
  expect_refused "$SNAPSHOT was taken under another server token"
  sqlite3 "$HOST/$COPIES/$SNAPSHOT" "DELETE FROM kine"
  expect_refused "$SNAPSHOT holds no cluster of k3s"
  head -c 6000 "$HOST/$COPIES/$SNAPSHOT" >"$FAKE/torn" && cp "$FAKE/torn" "$HOST/$COPIES/$SNAPSHOT" && rm -f "$HOST/$COPIES/$SNAPSHOT"-*
  expect_refused "$SNAPSHOT is no sound database"
  mkdir "$HOST/$DATA/db/etcd"
  expect_refused "k3s does not keep its data in SQLite on this host"
}

expect_refused() {
  send_tokens
  before=$(host_state | grep -v -e "$TOKENS_FILE" -e "state.db-shm")
  run_script restore-copy
  assert_failure
  assert_stderr "$1"
  [ "$(host_state | grep -v "state.db-shm")" = "$before" ]
  refute_call 'systemctl stop'
  [ ! -e "$HOST/run/hybrid-k3s/restore" ]
}

@test "refuses where there is no room for what k3s would start from" {
  sqlite3 "$HOST/$COPIES/$SNAPSHOT" "INSERT INTO kine(name, value) VALUES ('/registry/large', randomblob(3000000))"
  sqlite3 "$HOST/$COPIES/$SNAPSHOT" 'PRAGMA wal_checkpoint(TRUNCATE)'
  export BEFORE='cp -a /var/lib/rancher/k3s "$FAKE/k3s-data" && mount -t tmpfs -o size=4m none /var/lib/rancher/k3s && cp -a "$FAKE/k3s-data/." /var/lib/rancher/k3s/'
  run_script restore-copy
  assert_failure
  assert_stderr 'no second copy of /var/lib/rancher/k3s/sqlite-backups/first-rack-1-1790000000 can be made'
  refute_call 'systemctl stop'
}

@test "puts the data of before back where k3s dies again and again on the copy" {
  touch "$FAKE/dying"
  echo 'time="x" level=fatal msg="starting kubernetes: preparing server"' >"$FAKE/journal"
  run_script restore-copy
  assert_failure
  assert_stderr "the copy $SNAPSHOT was not restored: k3s does not start from it; the data of before is back in its place, and k3s starts from it"
  [ "$(word_in "$HOST/$DATA/db/state.db")" = now ]
  [ "$(aside)" = 'server-before-*' ]
  [ ! -e "$HOST/$RESET" ]
  [ ! -e "$HOST/var-lib/rancher/k3s/sqlite-restore" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
}

@test "cut off after k3s began from the copy, at a boot k3s stays down; the next run takes the data of before back and restores" {
  cut_off_at '*"get node rack-1"*'
  run_script restore-copy
  assert_failure
  [ ! -e "$FAKE/units/k3s.service.enabled" ]
  [ "$(word_in "$HOST/$DATA/db/state.db")" = before ]
  # Nothing is copied meanwhile, and the copies are there to be seen.
  run --separate-stderr on_host env PATH="$FAKE/bin:/usr/bin:/bin" /usr/local/lib/hybrid-k3s/copy-sqlite.sh rack-1 sqlite-snapshot 1
  assert_failure
  assert_stderr 'a run of hybrid-k3s restore is under way on this host, or was cut off'
  run_script list-backups
  [[ "$output" == *"$SNAPSHOT"* ]]
  send_tokens
  run_script restore-copy
  assert_success
  [ "$(word_in "$HOST/var-lib/rancher/k3s/$(aside)/db/state.db")" = now ]
  [ "$(word_in "$HOST/$DATA/db/state.db")" = before ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
}

@test "cut off before the copy is in its place, the next run of another one puts the data of before back where that is refused" {
  printf '#!/bin/bash\n[ "$1" != /var/lib/rancher/k3s/sqlite-restore/state.db ] || [ -e "$FAKE/cut" ] || { touch "$FAKE/cut" && kill -KILL -- "-$(ps -o pgid= -p "$(cat "$FAKE/shell")" | tr -d " ")"; }\nexec /usr/bin/mv "$@"\n' >"$FAKE/bin/mv" && chmod +x "$FAKE/bin/mv"
  run_script restore-copy
  assert_failure
  [ ! -e "$HOST/$DATA/db/state.db" ]
  send_tokens
  export SNAPSHOT=other
  run_script restore-copy
  assert_failure
  assert_stderr 'there is no copy'
  [ "$(word_in "$HOST/$DATA/db/state.db")" = now ]
  [ ! -e "$HOST/var-lib/rancher/k3s/sqlite-restore" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
  [ -e "$FAKE/units/k3s.service.active" ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
}

@test "restores where the database itself is lost, and cluster.backup was taken out" {
  rm "$HOST/$DATA/db/state.db"* "$HOST/usr-local/lib/hybrid-k3s/copy-sqlite.sh"
  run_script restore-copy
  assert_success
  [ "$(word_in "$HOST/$DATA/db/state.db")" = before ]
}
