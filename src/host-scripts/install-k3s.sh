#!/bin/sh
# Usage: sh -s -- install-k3s
# Installs or upgrades k3s in place, writes what it starts from, (re)starts it only where something changed, and waits for its own readiness.
# Libraries: lib-download.sh lib-tailnet.sh lib-k3s-files.sh lib-k3s-address.sh lib-heartbeat.sh lib-api-service.sh lib-k3s-download.sh lib-k3s-program.sh lib-k3s-cluster.sh lib-k3s-datastore.sh lib-k3s-datastore-look.sh lib-k3s-servers.sh lib-k3s-certificates.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-snapshots.sh lib-sqlite-copies.sh
# Needs: NODE_NAME ROLE (server, agent) K3S_VERSION RELEASES_URL INSTALLER_URL CONFIG_YAML WAIT_SECONDS
# May have: INTEGRATION (k3s, the default, routes or flannel-iface: how pods cross the tailnet) POD_CIDR (needed with routes) WITH_IMAGES (true: the release's place has them, a mirror) CA_PEM LOGIN_SERVER; agents need AGENT_TOKEN_FILE SERVER_IP
#   SEVERAL_SERVERS (true: no SERVER_IP, see lib-k3s-servers.sh for SERVER_IPS MAY_BEGIN ALLOW_DISTANT) DATASTORE_FILES (servers of an external datastore, see lib-k3s-datastore.sh)
#   CLUSTER_ID (agents: of the namespace kube-system) CLUSTER_AUTHORITY (agents: hash that the token names; another one makes this run again)
#   TOKEN_REPLACE_COMMAND (agents: the whole command that places the token again) ACCESS_REPLACE_COMMAND (reads it again)
#   INSTALLER_SHA256 (of the installer; default: the one that stands beside it)
#   ROUTE_SECONDS (how long a route may be away after a restart; default 60) ALLOW_UNTESTED (true: an older k3s, or one that skips a minor, is taken all the same) DRAIN_ID (another one where the Node was deleted)
#   COPY_CALENDAR COPY_RETENTION (a server of SQLite: see lib-sqlite-copies.sh)
#   API_SERVICE API_SERVICE_ADDRESSES (servers: the Tailscale Service in front of them, see lib-api-service.sh) SERVICE_SECONDS (how long its approval is waited for; default 10)
#   RENEW_DAYS (k3s is restarted where a certificate of its own ends sooner; default: for no certificate)
# Writes: /etc/rancher/k3s/config.yaml /etc/hybrid-k3s/{vpn-auth,k3s-started,cluster-authority,cluster-id,datastore,datastore-begun} the gate, the heartbeat, what copies SQLite and the unit's drop-ins; with
#   routes and flannel-iface no vpn-auth but a program that writes the node's address to /etc/rancher/k3s/config.yaml.d before each start, and
#   with routes one that writes /etc/hybrid-k3s/flannel.json
# Prints: {"k3sVersion":"v1.35.4+k3s1","certificatesEnd":"2027-11-29T21:00:00Z","authoritiesEnd":"2036-11-26T21:00:00Z"}: when the first of k3s's certificates on
#   this host ends and, of a server, the first of the cluster's authorities
: "${NODE_NAME:?}" "${ROLE:?}" "${K3S_VERSION:?}" "${RELEASES_URL:?}" "${INSTALLER_URL:?}" "${CONFIG_YAML:?}" "${WAIT_SECONDS:?}"
INTEGRATION=${INTEGRATION:-k3s}
[ "$INTEGRATION" != routes ] || : "${POD_CIDR:?}"
UNIT=k3s.service
if [ "$ROLE" = agent ]; then
  : "${AGENT_TOKEN_FILE:?}"
  [ "${SEVERAL_SERVERS:-}" = true ] || : "${SERVER_IP:?}"
  UNIT=k3s-agent.service
fi
STARTED=/etc/hybrid-k3s/k3s-started

# k3s reads taints when a Node registers and sets labels at every start (k3s: pkg/agent/run.go, updateMutableLabels). `wait-ready` sets both on a
# living Node, so a restart for them would do nothing more.
settings_of_start() { awk '/^node-(label|taint):/ { skip = 1; next } /^[^[:space:]-]/ { skip = 0 } !skip && NF' /etc/rancher/k3s/config.yaml; }

# What decides how k3s runs, the tailnet address included: k3s reads it only when it starts. The program by size and time: it is large.
# With another drain the Node was deleted, and kubelet registers it only when it starts.
start_digest() {
  {
    tailnet_ip
    printf '%s' "${DRAIN_ID:+$DRAIN_ID }"
    settings_of_start
    stat -c '%s %.9Y' /usr/local/bin/k3s
    sha256sum "$VPN_AUTH" "/etc/systemd/system/$UNIT" "/etc/systemd/system/$UNIT.d/hybrid-k3s.conf" \
      "/etc/systemd/system/$UNIT.env" /etc/hybrid-k3s/agent-token "$DATASTORE"/* 2>/dev/null || true
    find /etc/rancher/k3s/config.yaml.d /etc/rancher/k3s/registries.yaml -type f ! -path "$NODE_ADDRESS" -exec sha256sum {} + 2>/dev/null | sort || true
  } | sha256sum
}

unit_state() { systemctl show -P ActiveState "$UNIT"; }

# An earlier run may have been cut off after it wrote and before systemd read it.
reload_unit() {
  case "${CHANGED_FILES:-}" in
    *"/etc/systemd/system/"*) ;;
    *) systemctl show -P NeedDaemonReload "$UNIT" "$HEARTBEAT" "${COPY_UNITS##*/}.service" "${COPY_UNITS##*/}.timer" | grep -qx yes || return 0 ;;
  esac
  systemctl daemon-reload
}

# Restart=always brings a failed start back by itself: a unit that is on its way with the same files is left alone.
start_where_needed() {
  digest=$(start_digest) renews=''
  ! renewal_is_due || renews=yes
  case $(unit_state) in
    active | activating | reloading)
      if [ "$(cat "$STARTED" 2>/dev/null)" != "$digest" ]; then
        say "restarting $UNIT: what it starts from has changed"
      elif [ -n "$renews" ]; then
        say "restarting $UNIT, which renews its certificates: the first of them ends on $(sed -n '1s/ .*//p' "$SCRATCH/due")"
      else
        start_new_heartbeat
        return
      fi
      served=$(served_routes)
      timeout 120 systemctl stop "$UNIT" || fail "$UNIT does not stop; see: journalctl -u $UNIT"
      ;;
    *) say "starting $UNIT" ;;
  esac
  write_file "$STARTED" 0600 <<DIGEST
$digest
DIGEST
  # Fails where there is nothing to wait for: a unit that is masked or cannot be read.
  timeout 30 systemctl start --no-block "$UNIT"
  # Without polling for as long as most starts take. What it thinks of the first start is not the last word: see above.
  timeout 10 systemctl start "$UNIT" 2>/dev/null || true
}

wait_route() {
  # shellcheck disable=SC2086 # one word a route
  wait_until "${ROUTE_SECONDS:-60}" "the node's pod route" serves_as_before $served ||
    fail "$UNIT runs again, but the tailnet does not send $(echo "$served" | paste -sd ' ' -) to this host any more, as it did before the restart;" \
      "see: tailscale status, journalctl -u tailscaled; then run pulumi up again"
}

# Finding the path to a peer takes seconds; it goes on beside the downloads, and the gate waits for what is left of it.
warm_path() {
  for address in ${SERVER_IP:-${SERVER_IPS:-}}; do
    timeout 20 tailscale ping --tsmp -c 5 --timeout 2s "$address" >/dev/null 2>&1 9>&- &
  done
}

# Among several: whom to join. A server measures the ways to the others before it first starts.
find_entry() {
  [ "${SEVERAL_SERVERS:-}" = true ] || return 0
  [ "$ROLE" = agent ] || make_server_token
  # What they share is in there, and each takes it from there.
  ! uses_datastore || return 0
  [ -z "${distances:-}" ] || refuse_distant_servers
  choose_entry
  [ "$ROLE" = server ] || note_servers
}

# k3s goes down to no older release, but a snapshot that was taken under one can be restored under it.
save_before_upgrade() {
  { [ "$ROLE" = server ] && [ -n "$(installed_k3s)" ]; } || return 0
  save_ahead "pre-$(printf '%s' "$K3S_VERSION" | tr + -)" "the upgrade to $K3S_VERSION" 300
}

main() {
  take_lock host
  make_scratch
  refuse_half_made
  refuse_version
  refuse_unreached_datastore
  refuse_other_datastore
  if [ "$ROLE" = agent ]; then
    warm_path
  elif ! uses_datastore && [ -n "$SERVER_IPS" ] && ! has_joined; then
    distances=measured
    measure_servers
  fi
  take_datastore
  write_gate
  write_heartbeat
  write_copies
  [ "$ROLE" = agent ] || write_service
  if ! is_installed; then
    fetch_images
    save_before_upgrade
    # Makes systemd read its files again, the gate's among them.
    install_program
  else
    drop_fetched
    reload_unit
  fi
  find_entry
  write_config
  write_vpn
  make_agent_token
  [ "$ROLE" = server ] || follow_cluster
  systemctl -q is-enabled "$UNIT" 2>/dev/null || systemctl -q enable "$UNIT"
  start_where_needed
  wait_ready
  note_begun
  keep_copies
  [ "$ROLE" = agent ] || host_service
  [ -z "${served:-}" ] || wait_route
  [ -z "$renews" ] || wait_renewed
  printf '{"k3sVersion":"%s"%s}\n' "$K3S_VERSION" "$(tell_ends)"
}

main "$@" </dev/null
