# shellcheck shell=sh
# Snapshots of k3s's embedded etcd, and copies of its SQLite database. Needs SCRATCH.
SERVER_DATA=/var/lib/rancher/k3s/server
# shellcheck disable=SC2034 # for the scripts that have this library
SNAPSHOTS=$SERVER_DATA/db/snapshots

# Of SQLite: by a program that install-k3s.sh writes where cluster.backup is set, into a folder that no restore moves.
COPIES=/var/lib/rancher/k3s/sqlite-backups
COPY_PROGRAM=/usr/local/lib/hybrid-k3s/copy-sqlite.sh

# The folder of this server's data while another beginning is made in its place: a run that is cut off, by a reboot say, leaves this file.
UNDERWAY=/etc/hybrid-k3s/reset-underway
# What stopped this server's k3s, and what made etcd begin again here: words of one run of hybrid-k3s restore or recover, which go on with one another.
# shellcheck disable=SC2034
STOPPED_FOR=/etc/hybrid-k3s/stopped-for BEGUN_BY=/etc/hybrid-k3s/etcd-begun-by

refuse_half_made() {
  [ ! -e "$UNDERWAY" ] || fail "a run of hybrid-k3s restore or recover was cut off on this host, and nothing was changed on it: run that command again, then pulumi up" \
    "(the data of before: $(sed -n 1p "$UNDERWAY"))"
}

runs_etcd() { [ -d "$SERVER_DATA/db/etcd" ]; }

# Also where the database itself is lost. What a run that was cut off kept aside tells too.
runs_sqlite() {
  before=$(sed -n 1p "$UNDERWAY" 2>/dev/null || true)
  ! runs_etcd && [ ! -d "$before/db/etcd" ] && { [ -e "$SERVER_DATA/db/state.db" ] || [ -e "$before/db/state.db" ] || [ -d "$COPIES" ]; }
}

refuse_without_server() {
  { command -v k3s >/dev/null && [ -d "$SERVER_DATA" ]; } || fail "there is no k3s server on this host; run pulumi up first"
  [ ! -d /etc/hybrid-k3s/datastore ] || fail "k3s keeps its data in an external datastore, which it takes no snapshots of. Back that up by its own means"
}

refuse_without_etcd() {
  refuse_without_server
  runs_etcd || fail "k3s does not keep its data in etcd on this host, as the stack's last run has it; run pulumi up"
}

refuse_without_sqlite() {
  refuse_without_server
  runs_sqlite || fail "k3s does not keep its data in SQLite on this host, as the stack's last run has it; run pulumi up"
  command -v sqlite3 >/dev/null || fail "sqlite3 is not on this host: set cluster.backup ({} is enough) and run pulumi up, or apt-get install -y --no-install-recommends sqlite3"
}

# With an S3 that does not answer k3s takes no snapshot at all, not even one on its disk (seen with 1.35.4).
has_s3() { grep -qx 'etcd-s3: true' /etc/rancher/k3s/config.yaml; }

# snapshot_once SECONDS ARGUMENT...: its name is in $SCRATCH/snapshot afterwards, what k3s said in $SCRATCH/said.
snapshot_once() {
  limit=$1
  shift
  timeout "$limit" k3s etcd-snapshot save "$@" >"$SCRATCH/said" 2>&1 || return 1
  sed -n 's/.*msg="Snapshot \([^ ]*\) saved.*/\1/p' "$SCRATCH/said" | sed -n 1p >"$SCRATCH/snapshot"
  [ -s "$SCRATCH/snapshot" ]
}

# copy_once NAME SECONDS: the same of SQLite.
copy_once() {
  timeout "$2" "$COPY_PROGRAM" "$NODE_NAME" "$1" >"$SCRATCH/snapshot" 2>"$SCRATCH/said" </dev/null && return
  [ -s "$SCRATCH/said" ] || echo "it was not done after $2 s" >"$SCRATCH/said"
  return 1
}

last_said() { grep -v 'Unknown flag' "$SCRATCH/said" | tail -n 1 | mask_secrets | sed -E 's/^time="[^"]*" level=[a-z]+ msg=//' | cut -c1-400; }

# save_snapshot NAME SECONDS: on this host and, where it is set up, in S3. An S3 that fails leaves one on this host; $SCRATCH/s3-fault tells. Of SQLite a copy.
save_snapshot() {
  rm -f "$SCRATCH/s3-fault"
  if runs_sqlite; then
    copy_once "$1" "$2"
    return
  fi
  snapshot_once "$2" --name "$1" && return
  has_s3 || return 1
  last_said >"$SCRATCH/s3-fault"
  snapshot_once "$2" --name "$1" --etcd-s3=false
}

# save_ahead NAME WHAT SECONDS: a way back before WHAT, which does not begin without one.
NO_SNAPSHOT=/run/hybrid-k3s/no-snapshot
save_ahead() {
  runs_etcd || runs_sqlite || return 0
  if [ -e "$NO_SNAPSHOT" ]; then say "no snapshot is taken before $2, as $NO_SNAPSHOT says" && return; fi
  if runs_sqlite && [ ! -x "$COPY_PROGRAM" ]; then say "SQLite is not copied before $2, as cluster.backup is not set" && return; fi
  # Of an earlier run that went no further. What etcd was still writing when it was ended is called so, and is none.
  [ -z "$(find "$SNAPSHOTS" "$COPIES" -name "$1-*" ! -name '*.part' -mmin -60 2>/dev/null)" ] || return 0
  say "taking the snapshot $1 before $2"
  save_snapshot "$1" "$3" || fail "no snapshot could be taken before $2: $(last_said); nothing was changed. Cure that first (on the host $(uname -n): systemctl status k3s)," \
    "or go on without a snapshot: mkdir -p ${NO_SNAPSHOT%/*} && touch $NO_SNAPSHOT there; then run the same command again"
  [ ! -s "$SCRATCH/s3-fault" ] || say "the snapshot is on $(uname -n) alone, S3 did not take it: $(cat "$SCRATCH/s3-fault")"
}
