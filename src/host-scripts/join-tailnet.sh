#!/bin/sh
# Usage: sh -s -- join-tailnet
# Makes this host a device of the tailnet: marker, packages, tailscale, forwarding, the unreachable pod route, login.
# The auth key is used only where the host is not logged in as this node; it is removed afterwards.
# Libraries: lib-cloud-init.sh lib-marker.sh lib-download.sh lib-pod-network.sh lib-tailnet.sh lib-api-service.sh lib-host-additions.sh lib-tailnet-login.sh lib-k3s-download.sh
# Needs: NODE_NAME CLUSTER_NAME OWNER TAG POD_CIDR TAILSCALE_VERSION TAILSCALE_URL AUTH_KEY_FILE WAIT_SECONDS REPLACE_COMMAND
# May have: ROUTE_SECONDS (how long a route may be away after a restart; default 60) CA_PEM (authority of TAILSCALE_URL), LOGIN_SERVER (default: the vendor's), CONTROL_CA_PEM (authority of LOGIN_SERVER),
#   K3S_VERSION RELEASES_URL (k3s's program is fetched meanwhile, for install-k3s)
#   NODE_PROGRAMS (with blanks: what this node needs beside those that all need, each in the package of its name)
#   CLOUD_INIT_SECONDS (a cloud's machine: how long its first boot may take), METADATA_ADDRESSES (what pods must not reach, one a line)
# Writes: what lib-host-additions.sh lists. Prints: {"tailnetIp":"100.64.0.1"}
: "${NODE_NAME:?}" "${CLUSTER_NAME:?}" "${OWNER:?}" "${TAG:?}" "${POD_CIDR:?}" "${TAILSCALE_VERSION:?}" "${TAILSCALE_URL:?}"
: "${AUTH_KEY_FILE:?}" "${WAIT_SECONDS:?}" "${REPLACE_COMMAND:?}"

claim_host() {
  if [ -f "$MARKER" ]; then
    marker_is_ours || fail "$MARKER says that this host belongs to cluster $(marker_value cluster) of stack $(marker_value stack); remove it there first"
    [ "$(marker_value node)" = "$NODE_NAME" ] ||
      fail "this host is still node $(marker_value node) of this cluster; remove that node from the config and run pulumi up first"
  elif [ -e /var/lib/tailscale/tailscaled.state ] || command -v tailscaled >/dev/null; then
    fail "a tailscale that is not ours is on this host; remove it first: tailscale logout; apt-get purge tailscale; rm -rf /var/lib/tailscale"
  fi
  [ -f "$MARKER" ] || found=$(sysctls_now && mounts_now && nft_tables_now && idle_targets)
  { absent_paths && our_units && printf '%s\n' "${found:-}"; } | add_to_marker
}

missing_programs() {
  for program in ipset iptables conntrack ${NODE_PROGRAMS:-}; do
    command -v "$program" >/dev/null || echo "$program"
  done
}

run_apt() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 timeout 600 apt-get -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" >"$SCRATCH/apt" 2>&1
}

# k3s merely warns where ipset is missing, and then enforces no network policy. On Debian and Ubuntu the packages are named as the programs.
install_packages() {
  missing=$(missing_programs | paste -sd ' ' -)
  [ -n "$missing" ] || return 0
  by_hand="install them on the host and run pulumi up again: apt-get update && apt-get install -y --no-install-recommends $missing"
  say "installing $missing"
  # shellcheck disable=SC2086 # one word a package, here and below
  run_apt -s install $missing || { run_apt update && run_apt -s install $missing; } ||
    fail "cannot find the packages $missing: $(tail -n 3 "$SCRATCH/apt"); $by_hand"
  # Upgrades, marked by the old version in brackets, cannot be taken back; only what is new gets recorded.
  awk '$1 == "Inst" && $3 !~ /^\[/ { print "packages " $2 }' "$SCRATCH/apt" | add_to_marker
  # shellcheck disable=SC2086
  run_apt install $missing || fail "cannot install the packages $missing: $(tail -n 5 "$SCRATCH/apt"); $by_hand"
}

installed_version() { "$1" "$2" 2>/dev/null | sed -n 1p; }

install_tailscale() {
  [ "$(installed_version /usr/local/bin/tailscale version)" != "$TAILSCALE_VERSION" ] ||
    [ "$(installed_version /usr/local/sbin/tailscaled --version)" != "$TAILSCALE_VERSION" ] || return 0
  archive=tailscale_${TAILSCALE_VERSION}_$(vendor_architecture)
  say "installing tailscale $TAILSCALE_VERSION"
  download "$TAILSCALE_URL/$archive.tgz.sha256" "$SCRATCH/sum" "$TAILSCALE_URL/$archive.tgz" "$SCRATCH/$archive.tgz"
  verify_sha256 "$SCRATCH/$archive.tgz" "$(cut -d' ' -f1 "$SCRATCH/sum")" "$TAILSCALE_URL/$archive.tgz"
  tar -xzf "$SCRATCH/$archive.tgz" -C "$SCRATCH"
  for program in bin/tailscale sbin/tailscaled; do
    install -D -m 0755 "$SCRATCH/$archive/${program#*/}" "/usr/local/$program.new"
    mv -f "/usr/local/$program.new" "/usr/local/$program"
  done
}

# An earlier run may have been cut off after it wrote and before systemd read it.
reload_units() {
  case "${CHANGED_FILES:-}" in
    *"$UNITS"*) ;;
    *) systemctl show -P NeedDaemonReload "$@" | grep -qx yes || return 0 ;;
  esac
  systemctl daemon-reload
}

# keep_enabled UNIT...: what `enable` writes counts at the next boot: systemd need not read all its files again for it.
keep_enabled() {
  missing=''
  for unit; do [ -e "$UNITS/multi-user.target.wants/$unit" ] || missing="$missing $unit"; done
  # shellcheck disable=SC2086 # one word a unit
  [ -z "$missing" ] || systemctl -q --no-reload enable $missing
}

# keep_running UNIT FILE...: started; restarted only where one of its files is another than the one it was last started with.
# That is noted after the start, so a run that was cut off on the way to it is made up for by the next.
keep_running() {
  unit=$1 action=start noted=/etc/hybrid-k3s/started-$1
  shift
  started_with=$(stat -c '%n %s %.9Y' "$@")
  [ "$(cat "$noted" 2>/dev/null)" = "$started_with" ] || action=restart
  [ $action = start ] && systemctl -q is-active "$unit" && return
  timeout 90 systemctl "$action" "$unit" ||
    fail "$unit does not start: $(journalctl -u "$unit" -n 10 --no-pager -o cat | mask_secrets); after a repair run pulumi up again"
  write_file "$noted" 0600 <<FILES
$started_with
FILES
}

wait_served() {
  # shellcheck disable=SC2086 # one word a route
  wait_until "${ROUTE_SECONDS:-60}" "the node's pod route" serves_as_before $served ||
    fail "tailscaled $TAILSCALE_VERSION runs, but the tailnet does not send $(echo "$served" | paste -sd ' ' -) to this host any more, as it did before;" \
      "see: tailscale status, journalctl -u tailscaled; then run pulumi up again"
}

main() {
  take_lock host
  make_scratch
  wait_cloud_init
  claim_host
  start_fetch
  install_packages
  install_tailscale
  write_forwarding
  write_route_unit
  write_guard
  write_control_authority
  write_tailscaled_unit
  reload_units hybrid-k3s-route.service hybrid-k3s-guard.service tailscaled.service
  keep_enabled hybrid-k3s-route.service hybrid-k3s-guard.service tailscaled.service
  keep_running hybrid-k3s-route.service "$UNITS/hybrid-k3s-route.service"
  keep_running hybrid-k3s-guard.service "$UNITS/hybrid-k3s-guard.service" "$PROGRAMS/guard-pod-network.sh"
  served=$(served_routes)
  keep_running tailscaled.service "$UNITS/tailscaled.service" /usr/local/sbin/tailscaled ${CONTROL_CA_PEM:+"$CONTROL_CA_FILE"}
  log_in
  host_service_again
  [ -z "$served" ] || wait_served
  finish_fetch
  printf '{"tailnetIp":"%s"}\n' "$(tailnet_ip)"
}

main "$@" </dev/null
