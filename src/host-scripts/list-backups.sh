#!/bin/sh
# Usage: sh -s -- list-backups (on a server)
# Lists the snapshots on this host's disk and those in S3, as k3s knows them; without k3s those on the disk, of SQLite the copies. Changes nothing.
# Libraries: lib-snapshots.sh
# Needs: NODE_NAME
# Prints: {"list":{"items":[...]},"s3":"listed"} as k3s etcd-snapshot ls -o json, without certificates; s3: listed, none, or why not
: "${NODE_NAME:?}"
LIMIT_SECONDS=60

ask_k3s() { timeout "$LIMIT_SECONDS" k3s etcd-snapshot ls -o json "$@" >"$SCRATCH/list" 2>"$SCRATCH/said"; }

# Seconds since 1970, of a copy by its name: one that was fetched and put back has another time as a file.
time_of() {
  [ "$SNAPSHOTS" != "$COPIES" ] || in_name=$(printf '%s' "$1" | sed -nE 's/^.*-([0-9]{10})$/\1/p')
  echo "${in_name:-${2%.*}}"
}

# In the same form; a file's time is the snapshot's. A run that was cut off may have them aside, and the next one takes that back. What somebody else put
# there is called otherwise, or is what SQLite leaves beside a file that was opened.
list_disk() {
  separator='' aside=$(sed -n 1p "$UNDERWAY" 2>/dev/null || true)/db/snapshots
  [ ! -d "$aside" ] || SNAPSHOTS=$aside
  ! runs_sqlite || SNAPSHOTS=$COPIES
  printf '{"items":['
  find "$SNAPSHOTS" -mindepth 1 -maxdepth 1 -type f -name '[A-Za-z0-9]*' ! -name '*[!A-Za-z0-9._-]*' ! -name '*.part' ! -name '*-wal' ! -name '*-shm' ! -name '*-journal' \
    -printf '%f %s %T@\n' 2>/dev/null | sort | while read -r name size time; do
    printf '%s{"spec":{"snapshotName":"%s","nodeName":"%s","location":"file://%s/%s"},"status":{"size":"%s","creationTime":"%s","readyToUse":true}}' \
      "$separator" "$name" "$NODE_NAME" "$SNAPSHOTS" "$name" "$size" "$(date -u -d "@$(time_of "$name" "$time")" +%FT%TZ)"
    separator=,
  done
  printf ']}'
}

main() {
  make_scratch
  s3=none
  ! has_s3 || s3=listed
  if runs_sqlite; then
    s3=none
    list_disk >"$SCRATCH/list"
  elif ! ask_k3s; then
    [ "$s3" = none ] || s3=$(last_said | tr -d '\\"')
    ask_k3s --etcd-s3=false || list_disk >"$SCRATCH/list"
  fi
  # A certificate a snapshot would make the answer too long.
  printf '{"list":%s,"s3":"%s"}\n' "$(sed '/"endpointCA":/d; s/^ *//' "$SCRATCH/list" | tr -d '\n')" "$s3"
}

main "$@" </dev/null
