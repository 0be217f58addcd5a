# shellcheck shell=sh
# A cloud machine's first boot. Part of join-tailnet.sh.

cloud_init_state() { sed -nE 's/^status: (.*)$/\1/p' "$SCRATCH/cloud-init" | sed -n 1p; }

# Its own words for what went wrong: `detail:` and the list behind `errors:` (https://docs.cloud-init.io/en/22.4.2/topics/cli.html#status).
cloud_init_errors() {
  cloud-init status --long 2>/dev/null | awk '/^(detail|errors):/ { told = 1 } told' | mask_secrets | cut -c1-300 | paste -sd ' ' -
}

# Written when the last stage is done, with the errors of all of them (cloud-init: cloudinit/cmd/main.py, status_wrapper).
CLOUD_INIT_RESULT=/run/cloud-init/result.json

# Most first boots are over before joining starts; asking cloud-init itself costs a start of Python.
cloud_init_went_well() { tr -d ' \n' 2>/dev/null <"$CLOUD_INIT_RESULT" | grep -q '"errors":\[\]'; }

# wait_cloud_init: until the first boot is over; packages and users that are still coming would be in joining's way.
wait_cloud_init() {
  [ -n "${CLOUD_INIT_SECONDS:-}" ] || return 0
  ! cloud_init_went_well || return 0
  command -v cloud-init >/dev/null || fail "there is no cloud-init on this machine, which its image must bring; choose another image"
  timeout "$CLOUD_INIT_SECONDS" cloud-init status --wait >"$SCRATCH/cloud-init" 2>&1 || ended=$?
  case ${ended:-0} in
    # 2: done, with something that it recovered from (since 24.1).
    0 | 2) ;;
    124) fail "the first boot is not over after $CLOUD_INIT_SECONDS s: $(cloud_init_errors); see: /var/log/cloud-init-output.log; then run pulumi up again, or make the machine again: $REPLACE_COMMAND" ;;
    *) fail "the first boot failed ($(cloud_init_state)): $(cloud_init_errors); see: /var/log/cloud-init-output.log; make the machine again: $REPLACE_COMMAND" ;;
  esac
}
