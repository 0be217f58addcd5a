# shellcheck shell=sh
# Copies of k3s's SQLite database on a schedule, as k3s takes no snapshot of it. Part of install-k3s.sh. Needs NODE_NAME ROLE and lib-snapshots.sh; may have
# COPY_CALENDAR (lines for systemd's OnCalendar; default: no copies are taken here) and COPY_RETENTION (how many of the scheduled ones are kept).
COPY_UNITS=/etc/systemd/system/hybrid-k3s-copy

takes_copies() { [ "$ROLE" = server ] && [ -n "${COPY_CALENDAR:-}" ]; }

write_copies() {
  takes_copies || return 0
  : "${COPY_RETENTION:?}"
  write_copy_program
  write_file "$COPY_UNITS.service" 0644 <<UNIT
[Unit]
Description=Copies k3s's SQLite database to $COPIES

[Service]
Type=oneshot
ExecStart=$COPY_PROGRAM $NODE_NAME sqlite-snapshot $COPY_RETENTION
TimeoutStartSec=30min
Nice=10
NoNewPrivileges=yes
UNIT
  write_file "$COPY_UNITS.timer" 0644 <<UNIT
[Unit]
Description=When k3s's SQLite database is copied: cluster.backup.schedule

[Timer]
$(printf '%s\n' "$COPY_CALENDAR" | sed 's/^/OnCalendar=/')
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
}

# At the end: before, there may be nothing to copy yet, and of a server that moves to etcd a copy is taken before an upgrade.
keep_copies() {
  timer=${COPY_UNITS##*/}.timer
  if ! takes_copies; then drop_copies && return; fi
  systemctl -q is-enabled "$timer" 2>/dev/null || systemctl -q enable "$timer"
  case "${CHANGED_FILES:-}" in
    *"$timer"*) timeout 30 systemctl restart "$timer" ;;
    *) timeout 30 systemctl start "$timer" ;;
  esac || fail "$timer does not start, so no copies are taken; see: systemctl status $timer; then run pulumi up again"
}

# What was copied stays.
drop_copies() {
  [ -e "$COPY_UNITS.timer" ] || [ -e "$COPY_UNITS.service" ] || [ -e "$COPY_PROGRAM" ] || return 0
  timeout 30 systemctl -q disable --now "$timer" || true
  rm -f "$COPY_UNITS.timer" "$COPY_UNITS.service" "$COPY_PROGRAM"
  systemctl daemon-reload
}

# Not by cp: what k3s has written stands in two files, and it writes on. VACUUM INTO reads one moment of both, in one transaction that keeps
# nobody from writing (https://www.sqlite.org/lang_vacuum.html), and changes nothing of them.
write_copy_program() {
  write_file "$COPY_PROGRAM" 0755 <<'PROGRAM'
#!/bin/sh
# Usage: copy-sqlite.sh NODE NAME [RETENTION]
# Copies k3s's SQLite database as it is at one moment, while k3s writes on, and prints what the copy is called: NAME-NODE-TIME. It is looked
# through before it counts. With RETENTION only so many of this NAME are kept: this one, whatever the clock was before, and the newest. Says on stderr what it failed of, and leaves nothing then.
set -eu
umask 077
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/bin:/bin"
node=$1 name=$2 retention=${3:-}
database=/var/lib/rancher/k3s/server/db/state.db
folder=/var/lib/rancher/k3s/sqlite-backups

fail() {
  [ -z "${part:-}" ] || rm -f "$part" "$part-journal"
  echo "$*" >&2
  exit 1
}

# ask FILE STATEMENT: read only, so that a file that is not there is not made. What it said is in $answer.
ask() { answer=$(timeout 900 sqlite3 -batch -bail -init /dev/null "file:$1?mode=ro" '.timeout 30000' "$2" 2>&1); }

# In one line.
said() { printf '%s' "$answer" | tr '\n' ' ' | cut -c1-400; }

command -v sqlite3 >/dev/null || fail "sqlite3 is not on this host: apt-get install -y --no-install-recommends sqlite3"
[ ! -e /etc/hybrid-k3s/reset-underway ] || fail "a run of hybrid-k3s restore is under way on this host, or was cut off: run that command again"
[ -s "$database" ] || fail "there is no $database on this host"
mkdir -p "$folder"
exec 9<"$folder"
flock -w 900 9 || fail "another copy is still being made; see: systemctl status hybrid-k3s-copy"
# Of runs that were cut off.
rm -f "$folder"/*.part "$folder"/*.part-journal
copy=$name-$node-$(date +%s)
part=$folder/$copy.part
ask "$database" "VACUUM INTO '$part'" || fail "sqlite3 does not copy $database: $(said); room there: $(df -Ph "$folder" | awk 'NR == 2 { print $4 }')"
ask "$part" "PRAGMA quick_check(1); SELECT count(*) FROM (SELECT 1 FROM kine WHERE name LIKE '/bootstrap/%' LIMIT 1)" && [ "$answer" = "ok
1" ] || fail "the copy of $database holds no sound cluster: $(said)"
sync "$part"
mv -f "$part" "$folder/$copy"
sync "$folder"
[ -z "$retention" ] || find "$folder" -mindepth 1 -maxdepth 1 -type f -printf '%f\n' |
  awk -v start="$name-$node-" 'index($0, start) == 1 && substr($0, length(start) + 1) ~ /^[0-9]+$/' |
  grep -vxF "$copy" | sort -r | tail -n "+$retention" |
  while read -r old; do rm -f "$folder/$old"; done
echo "$copy"
PROGRAM
}
