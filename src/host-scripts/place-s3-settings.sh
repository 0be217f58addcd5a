#!/bin/sh
# Usage: sh -s -- place-s3-settings (on a server)
# Gives k3s the place and the credentials of its backups in S3, as a Secret of k3s's own form, which it reads before each use: nothing restarts.
# Libraries: lib-snapshots.sh lib-servers.sh
# Needs: NODE_NAME SETTINGS_FILE (the Secret as YAML; removed afterwards)
# May have: PASS_ON_SECONDS (see lib-servers.sh)
# Prints: {}
: "${NODE_NAME:?}" "${SETTINGS_FILE:?}"

# Without the copy of it that a plain apply would leave in an annotation.
apply_settings() {
  timeout 20 k3s kubectl --request-timeout=15s apply --server-side --force-conflicts --field-manager=hybrid-k3s -f "$SETTINGS_FILE" >"$SCRATCH/said" 2>&1
}

main() {
  take_lock host
  make_scratch
  pass_on_where_silent
  [ -s "$SETTINGS_FILE" ] || fail "$SETTINGS_FILE is missing; run pulumi up again"
  taken=yes
  wait_until 90 "the API to take the settings of S3" apply_settings || taken=no
  rm -f "$SETTINGS_FILE"
  rmdir "$(dirname "$SETTINGS_FILE")" 2>/dev/null || true
  [ "$taken" = yes ] || fail "the API server does not take the settings of S3: $(last_said); see on this server: systemctl status k3s; then run pulumi up again"
  echo '{}'
}

main "$@" </dev/null
