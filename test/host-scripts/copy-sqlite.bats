# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load sqlite_helper

setup() {
  make_host
  mkdir -p "$HOST/$DATA/db" "$HOST/etc/rancher/k3s"
  make_database "$HOST/$DATA/db/state.db" today one
  : >"$HOST/etc/rancher/k3s/config.yaml"
  give_copy_program
  give_program k3s
  export BACKUP_NAME=first
}

teardown() { [ -z "${writer:-}" ] || { exec 8>"$FAKE/held" && exec 8>&- && wait "$writer"; }; }

copy() { run --separate-stderr on_host env PATH="$FAKE/bin:/usr/bin:/bin" timeout 60 /usr/local/lib/hybrid-k3s/copy-sqlite.sh "$@"; }

@test "copies what is written beside the database's file too, while it is held open, and leaves all of that as it is" {
  mkfifo "$FAKE/held"
  hold_open two
  before=$(cd "$HOST/$DATA/db" && sha256sum state.db state.db-wal)
  # The file alone is not the database.
  cp "$HOST/$DATA/db/state.db" "$FAKE/alone.db"
  [ "$(word_in "$FAKE/alone.db")" = one ]
  copy rack-1 first
  assert_success
  [[ "$output" =~ ^first-rack-1-[0-9]+$ ]]
  [ "$(copies)" = "$output" ]
  [ "$(word_in "$HOST/$COPIES/$output")" = two ]
  [ "$(stat -c '%a' "$HOST/$COPIES/$output")" = 600 ]
  [ "$(stat -c '%a' "$HOST/$COPIES")" = 700 ]
  [ "$(cd "$HOST/$DATA/db" && sha256sum state.db state.db-wal)" = "$before" ]
  # What k3s numbers goes on from where it was.
  [ "$(sqlite3 "$HOST/$COPIES/$output" 'SELECT seq FROM sqlite_sequence')" = 3 ]
}

@test "keeps the newest of one name, as many as asked for, and none of another's less" {
  mkdir "$HOST/$COPIES"
  for one in sqlite-snapshot-rack-1-1790000000 sqlite-snapshot-rack-1-1790000900 sqlite-snapshot-rack-1-2-1790000000 pre-v1.35.5-k3s1-rack-1-1790000000; do
    echo old >"$HOST/$COPIES/$one"
  done
  copy rack-1 sqlite-snapshot 2
  assert_success
  [ "$(copies)" = "pre-v1.35.5-k3s1-rack-1-1790000000
sqlite-snapshot-rack-1-1790000900
$output
sqlite-snapshot-rack-1-2-1790000000" ]
}

@test "keeps what it has made where the clock was ahead before" {
  mkdir "$HOST/$COPIES"
  for one in 3000000000 3000000900; do echo old >"$HOST/$COPIES/sqlite-snapshot-rack-1-$one"; done
  copy rack-1 sqlite-snapshot 2
  assert_success
  [ "$(copies)" = "$output
sqlite-snapshot-rack-1-3000000900" ]
}

@test "copies what k3s left that was killed, also where the rest of it went with a boot" {
  mkfifo "$FAKE/held"
  hold_open two
  cp "$HOST/$DATA/db/state.db" "$FAKE/killed.db" && cp "$HOST/$DATA/db/state.db-wal" "$FAKE/killed.db-wal"
  exec 8>"$FAKE/held" && exec 8>&- && wait "$writer" && unset writer
  rm "$HOST/$DATA/db/state.db"*
  for file in state.db state.db-wal; do cp "$FAKE/killed.db${file#state.db}" "$HOST/$DATA/db/$file"; done
  copy rack-1 first
  assert_success
  [ "$(word_in "$HOST/$COPIES/$output")" = two ]
}

@test "takes away what a run that was cut off left" {
  mkdir "$HOST/$COPIES"
  echo half >"$HOST/$COPIES/first-rack-1-1790000000.part"
  copy rack-1 first
  assert_success
  [ "$(copies)" = "$output" ]
}

@test "makes no copy of what is none, and lets none go for it" {
  mkdir "$HOST/$COPIES"
  echo old >"$HOST/$COPIES/sqlite-snapshot-rack-1-1790000000"
  rm "$HOST/$DATA/db/state.db"*
  copy rack-1 sqlite-snapshot 1
  assert_failure
  assert_stderr 'there is no /var/lib/rancher/k3s/server/db/state.db on this host'
  echo 'this is no database, but long enough to be looked at as one by a program that expects a header of a hundred bytes there' >"$HOST/$DATA/db/state.db"
  copy rack-1 sqlite-snapshot 1
  assert_failure
  assert_stderr 'sqlite3 does not copy /var/lib/rancher/k3s/server/db/state.db: '
  assert_stderr 'file is not a database'
  rm "$HOST/$DATA/db/state.db"
  sqlite3 "$HOST/$DATA/db/state.db" 'CREATE TABLE kine (name TEXT)'
  copy rack-1 sqlite-snapshot 1
  assert_failure
  assert_stderr 'holds no sound cluster: ok 0'
  [ "$(copies)" = sqlite-snapshot-rack-1-1790000000 ]
}

@test "says so where the disk is full, and leaves no half of a copy" {
  sqlite3 "$HOST/$DATA/db/state.db" "INSERT INTO kine(name, value) VALUES ('/registry/large', randomblob(2000000))"
  mkdir "$HOST/$COPIES"
  export BEFORE='mount -t tmpfs -o size=1m none /var/lib/rancher/k3s/sqlite-backups' AFTER='ls -A /var/lib/rancher/k3s/sqlite-backups'
  run --separate-stderr on_host env PATH="$FAKE/bin:/usr/bin:/bin" sh -c '/usr/local/lib/hybrid-k3s/copy-sqlite.sh rack-1 first || echo failed'
  assert_output failed
  assert_stderr 'database or disk is full'
}

@test "waits for another copy that is under way" {
  mkdir "$HOST/$COPIES"
  (exec 9<"$HOST/$COPIES" && flock 9 && touch "$FAKE/locked" && until [ -e "$FAKE/go" ]; do sleep 0.05; done) 3>&- &
  until [ -e "$FAKE/locked" ]; do sleep 0.05; done
  (until pgrep -f 'flock -w 900 9' >/dev/null; do sleep 0.05; done && [ "$(copies)" = '' ] && touch "$FAKE/go") 3>&- &
  copy rack-1 first
  assert_success
  [ -e "$FAKE/go" ]
}

@test "a backup by name is one of these, and needs what cluster.backup brings" {
  run_script save-backup
  assert_success
  [[ "$output" =~ ^\{\"name\":\"first-rack-1-[0-9]+\",\"s3\":\"none\"\}$ ]]
  [ "$(word_in "$HOST/$COPIES/$(copies)")" = one ]
  rm "$HOST/$DATA/db/state.db"
  run_script save-backup
  assert_failure
  assert_stderr 'rack-1: no copy was made: there is no /var/lib/rancher/k3s/server/db/state.db on this host'
  rm "$HOST/usr-local/lib/hybrid-k3s/copy-sqlite.sh"
  run_script save-backup
  assert_failure
  assert_stderr 'nothing on this host copies SQLite: set cluster.backup ({} is enough) and run pulumi up'
}

@test "lists them without asking k3s, which knows none of them, also where the database itself is lost" {
  mkdir "$HOST/$COPIES"
  # Its name tells when it was made, whenever somebody put it back there; one without a time is as old as its file.
  printf 12345 >"$HOST/$COPIES/first-rack-1-1790000000"
  printf 123 >"$HOST/$COPIES/my-own"
  touch -d 2026-11-29T10:00:00Z "$HOST/$COPIES"/*
  for other in second-rack-1-1790000001.part first-rack-1-1790000000-wal 'a copy "of mine"' .hidden; do echo other >"$HOST/$COPIES/$other"; done
  item='{"spec":{"snapshotName":"%s","nodeName":"rack-1","location":"file:///var/lib/rancher/k3s/sqlite-backups/%s"},"status":{"size":"%s","creationTime":"%s","readyToUse":true}}'
  # shellcheck disable=SC2059 # the form stands once
  listed=$(printf "$item,$item" first-rack-1-1790000000 first-rack-1-1790000000 5 2026-09-21T14:13:20Z my-own my-own 3 2026-11-29T10:00:00Z)
  for _ in whole lost; do
    run_script list-backups
    assert_success
    assert_output "{\"list\":{\"items\":[$listed]},\"s3\":\"none\"}"
    rm -f "$HOST/$DATA/db/state.db"*
  done
  # Those of before a move to etcd are no backups of that.
  mkdir "$HOST/$DATA/db/etcd"
  run_script list-backups
  [[ "$output" != *first* ]]
}
