# shellcheck shell=sh
# The Tailscale Service in front of the cluster's API: its names in this server's certificate, and this server behind it while its k3s runs.
# Part of install-k3s.sh (which may have API_SERVICE, `svc:` included, and API_SERVICE_ADDRESSES), join-tailnet.sh and clean-host.sh.

# The Service that this host stands behind.
SERVICE_NOTE=/etc/hybrid-k3s/api-service
SERVICE_NAMES=/etc/rancher/k3s/config.yaml.d/20-hybrid-k3s-api-service.yaml
SERVICE_UNIT=/etc/systemd/system/k3s.service.d/hybrid-k3s-api-service.conf
# k3s's own on every server.
SERVICE_TARGET=127.0.0.1:6443

# serve_words SERVICE: what has tailscale forward it to the API and tell the tailnet so; said twice it changes nothing.
serve_words() { echo "serve --service=$1 --tcp=${SERVICE_TARGET##*:} tcp://$SERVICE_TARGET"; }

# Before the start that makes the certificate. Where the tailnet's own DNS name cannot be told, operators have the short name and the addresses.
# The unit: a server whose k3s stops is given no new connections, and gets them back when its API serves again.
write_service() {
  if [ -z "${API_SERVICE:-}" ]; then
    rm -f "$SERVICE_NAMES"
    [ ! -e "$SERVICE_UNIT" ] || { rm -f "$SERVICE_UNIT" && CHANGED_FILES="${CHANGED_FILES:-} $SERVICE_UNIT"; }
    return 0
  fi
  suffix=$(tailnet_status | json_value MagicDNSSuffix)
  (umask 077 && mkdir -p "${SERVICE_NAMES%/*}")
  write_file "$SERVICE_NAMES" 0600 <<NAMES
tls-san+:
$(for name in "${API_SERVICE#svc:}" ${suffix:+"${API_SERVICE#svc:}.$suffix"} ${API_SERVICE_ADDRESSES:-}; do echo "- \"$name\""; done)
NAMES
  write_file "$SERVICE_UNIT" 0644 <<UNIT
[Service]
ExecStartPost=-timeout 15 /usr/local/bin/tailscale $(serve_words "$API_SERVICE")
ExecStopPost=-timeout 15 /usr/local/bin/tailscale serve drain $API_SERVICE
UNIT
}

# serves_service SERVICE: this host forwards it to its own API, and tells the tailnet so.
serves_service() {
  tailnet_prefs | json_list AdvertiseServices | grep -qxF "$1" || return 1
  timeout 10 tailscale serve status --json 2>/dev/null | awk -v service="\"$1\": {" -v target="\"TCPForward\": \"$SERVICE_TARGET\"" '
    index($0, service) { inside = 1 }
    inside && /"svc:/ && !index($0, service) { inside = 0 }
    inside && index($0, target) { found = 1 }
    END { exit !found }'
}

# serve_service SERVICE. Its words are tailscale's own where it refuses: a release before 1.86 knows no Service, and a device without tags may not host one.
serve_service() {
  ! serves_service "$1" || return 0
  # shellcheck disable=SC2046 # words
  timeout 30 tailscale $(serve_words "$1") >"$SCRATCH/serve" 2>&1 ||
    fail "tailscale does not let this host stand behind $1: $(mask_secrets <"$SCRATCH/serve" | tail -n 3 | paste -sd ' ' -). vpn.version has to be 1.86.2 or" \
      "later, and the device must have its tags (tailscale status --json); or take vpn.apiService out of the config. Then run pulumi up again"
}

# leave_service SERVICE: bounded, and nothing depends on it: without an answer the tailnet sees this host go with its device.
leave_service() {
  command -v tailscale >/dev/null || return 0
  { timeout 15 tailscale serve drain "$1" && timeout 15 tailscale serve clear "$1"; } >/dev/null 2>&1 ||
    say "could not take this host from behind $1; see: tailscale serve status --json"
}

# Whether the tailnet has this host among those that it sends connections to.
is_service_host() { has_field "\"$1\": [" "$(tailnet_status)"; }

# Once k3s serves with the Service's names. That the tailnet has not approved the host is told and is no failure: the cluster stands without.
host_service() {
  former=$(cat "$SERVICE_NOTE" 2>/dev/null || true)
  if [ -n "$former" ] && [ "$former" != "${API_SERVICE:-}" ]; then
    leave_service "$former"
    rm -f "$SERVICE_NOTE"
  fi
  [ -n "${API_SERVICE:-}" ] || return 0
  printf '%s\n' "$API_SERVICE" | write_file "$SERVICE_NOTE" 0600
  serve_service "$API_SERVICE"
  wait_until "${SERVICE_SECONDS:-10}" "the tailnet to approve this host of $API_SERVICE" is_service_host "$API_SERVICE" ||
    say "$NODE_NAME: offers $API_SERVICE, and the tailnet sends nothing to it yet, ${SERVICE_SECONDS:-10} s later. Its policy approves hosts of the Service within a minute or so" \
      "(autoApprovers.services); if not, approve this one at https://login.tailscale.com/admin/services. See on the host: tailscale status --json (CapMap, service-host)"
}

# A login by key resets what this host told the tailnet. Not where k3s is down: its unit tells it again at the next start.
host_service_again() {
  [ -s "$SERVICE_NOTE" ] && systemctl -q is-active k3s.service || return 0
  serve_service "$(cat "$SERVICE_NOTE")"
}
