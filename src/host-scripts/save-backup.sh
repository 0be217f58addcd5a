#!/bin/sh
# Usage: sh -s -- save-backup (on a server)
# Takes a snapshot of the cluster's data, of SQLite a copy: on this host and, where cluster.backup.s3 is set, in S3.
# Libraries: lib-snapshots.sh
# Needs: NODE_NAME BACKUP_NAME
# Prints: {"name":"NAME-rack-1-1790000000","s3":"saved"}; s3: saved, none, or why not
: "${NODE_NAME:?}" "${BACKUP_NAME:?}"
LIMIT_SECONDS=300

main() {
  take_lock host
  make_scratch
  if ! runs_sqlite; then
    refuse_without_etcd
    save_snapshot "$BACKUP_NAME" "$LIMIT_SECONDS" || fail "k3s took no snapshot: $(last_said); see: systemctl status k3s"
  else
    refuse_without_sqlite
    [ -x "$COPY_PROGRAM" ] || fail "nothing on this host copies SQLite: set cluster.backup ({} is enough) and run pulumi up"
    save_snapshot "$BACKUP_NAME" "$LIMIT_SECONDS" || fail "no copy was made: $(last_said)"
  fi
  s3=none
  ! has_s3 || s3=saved
  [ ! -s "$SCRATCH/s3-fault" ] || s3=$(tr -d '\\"' <"$SCRATCH/s3-fault")
  printf '{"name":"%s","s3":"%s"}\n' "$(cat "$SCRATCH/snapshot")" "$s3"
}

main "$@" </dev/null
