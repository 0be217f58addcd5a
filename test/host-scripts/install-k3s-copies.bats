# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper
load sqlite_helper

UNITS=etc/systemd/system/hybrid-k3s-copy

with_copies() {
  export COPY_CALENDAR='*-*-01 03:00:00
Mon *-*-* 03:00:00' COPY_RETENTION=3
}

timer_is_on() { [ -e "$FAKE/units/hybrid-k3s-copy.timer.active" ] && [ -e "$FAKE/units/hybrid-k3s-copy.timer.enabled" ]; }

@test "a server of SQLite gets a timer that copies it, by the schedule, and a second run changes nothing" {
  with_copies
  run_script install-k3s
  assert_success
  grep -A 2 -x '\[Timer\]' "$HOST/$UNITS.timer" | tail -n 2 >"$FAKE/calendar"
  [ "$(cat "$FAKE/calendar")" = "OnCalendar=*-*-01 03:00:00
OnCalendar=Mon *-*-* 03:00:00" ]
  grep -qx 'ExecStart=/usr/local/lib/hybrid-k3s/copy-sqlite.sh rack-1 sqlite-snapshot 3' "$HOST/$UNITS.service"
  timer_is_on
  forget_calls
  before=$(host_state)
  run_script install-k3s
  assert_success
  [ "$(host_state)" = "$before" ]
  refute_call 'systemctl (-q )?(daemon-reload|restart|enable|stop)'
}

@test "another schedule counts at once, and k3s runs on" {
  with_copies
  installed
  export COPY_CALENDAR='*-*-* 04:00:00'
  run_script install-k3s
  assert_success
  # Systemd has read it before the timer begins again.
  [ "$(calls 'daemon-reload|restart' | tail -n 2)" = "systemctl daemon-reload
systemctl restart hybrid-k3s-copy.timer" ]
  refute_call 'systemctl (stop|start.*) k3s.service'
}

@test "without cluster.backup the timer goes, and what it copied stays; agents never have one" {
  with_copies
  installed
  mkdir -p "$HOST/$COPIES" && echo kept >"$HOST/$COPIES/first-rack-1-1790000000"
  unset COPY_CALENDAR COPY_RETENTION
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/$UNITS.timer" ]
  [ ! -e "$HOST/$UNITS.service" ]
  [ ! -e "$HOST/usr-local/lib/hybrid-k3s/copy-sqlite.sh" ]
  run timer_is_on
  assert_failure
  [ "$(copies)" = first-rack-1-1790000000 ]
  forget_calls
  run_script install-k3s
  assert_success
  refute_call 'systemctl (-q )?(daemon-reload|disable|enable)'
}

@test "copies SQLite before an upgrade, once, and upgrades nothing where that is not possible" {
  with_copies
  installed
  mkdir -p "$HOST/$DATA/db"
  make_database "$HOST/$DATA/db/state.db" today now
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  serve_release v1.35.5+k3s1
  serve_installer v1.35.5+k3s1
  mv "$HOST/$DATA/db/state.db" "$FAKE/state.db" && mkdir "$HOST/$DATA/db/state.db"
  before=$(cat "$HOST/usr-local/bin/k3s")
  run_script install-k3s
  assert_failure
  assert_stderr 'no snapshot could be taken before the upgrade to v1.35.5+k3s1: sqlite3 does not copy '
  [ "$(cat "$HOST/usr-local/bin/k3s")" = "$before" ]
  refute_call 'systemctl stop'
  rmdir "$HOST/$DATA/db/state.db" && mv "$FAKE/state.db" "$HOST/$DATA/db/state.db"
  run_script install-k3s
  assert_success
  [[ "$(copies)" =~ ^pre-v1.35.5-k3s1-rack-1-[0-9]+$ ]]
  [ "$(word_in "$HOST/$COPIES/$(copies)")" = now ]
  run_script install-k3s
  assert_success
  [ "$(copies | wc -l)" -eq 1 ]
}

@test "says that it copies nothing before an upgrade where cluster.backup is not set, and upgrades" {
  installed
  mkdir -p "$HOST/$DATA/db"
  make_database "$HOST/$DATA/db/state.db" today now
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  serve_release v1.35.5+k3s1
  serve_installer v1.35.5+k3s1
  run_script install-k3s
  assert_success
  assert_stderr 'SQLite is not copied before the upgrade to v1.35.5+k3s1, as cluster.backup is not set'
  [ -z "$(copies)" ]
}
