# shellcheck shell=sh
# Files that k3s starts from, and what runs before its start. Part of install-k3s.sh, with lib-k3s-address.sh. Needs NODE_NAME ROLE INTEGRATION CONFIG_YAML and UNIT.
VPN_AUTH=/etc/hybrid-k3s/vpn-auth

write_config() {
  (umask 077 && mkdir -p /etc/rancher/k3s)
  write_file /etc/rancher/k3s/config.yaml 0600 <<CONFIG
$CONFIG_YAML
CONFIG
}

# What k3s knows of the VPN, and nothing that another way of using it left.
write_vpn() {
  case $INTEGRATION in
    k3s)
      write_vpn_auth && rm -f "$FLANNEL_CONF"
      takes_address || rm -f "$NODE_ADDRESS"
      ;;
    routes) rm -f "$VPN_AUTH" ;;
    flannel-iface) rm -f "$VPN_AUTH" "$FLANNEL_CONF" && withdraw_routes ;;
    *) fail "the integration $INTEGRATION is not known to this release" ;;
  esac
}

# tailscale keeps offering what it was told, and routes of the tailnet go before those of flannel.
withdraw_routes() {
  [ -z "$(tailnet_prefs | json_list AdvertiseRoutes)" ] || timeout 30 tailscale set --advertise-routes= ||
    fail "cannot withdraw the routes that this host advertises; see: tailscale debug prefs"
}

# The join key is never used behind the gate, but k3s refuses an empty one. The flags are those of join-tailnet: whenever k3s
# finds tailscaled not Running it runs `tailscale up --reset` with these alone (k3s: pkg/vpn/vpn.go).
write_vpn_auth() {
  write_file "$VPN_AUTH" 0600 <<AUTH
name=tailscale,joinKey=not-used-see-gate${LOGIN_SERVER:+,controlServerURL=$LOGIN_SERVER},extraArgs=--hostname=$NODE_NAME --accept-dns=false --accept-routes --snat-subnet-routes=false
AUTH
}

# Servers may be told by their config to keep a token for agents apart from their own; k3s makes none by itself
# (its agent-token file is then a link to the server's token).
make_agent_token() {
  wanted=$(sed -nE 's/^agent-token-file: *"?([^"]*)"?$/\1/p' /etc/rancher/k3s/config.yaml)
  [ "$ROLE" = server ] && [ -n "$wanted" ] && [ ! -s "$wanted" ] || return 0
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | (umask 077 && cat >"$wanted.new" && mv -f "$wanted.new" "$wanted")
}

# k3s starts only when the tailnet is up: without it, k3s would log in again with a dead key and wipe tailscale's settings.
write_gate() {
  write_file /usr/local/lib/hybrid-k3s/wait-tailnet.sh 0755 <<'GATE'
#!/bin/sh
# Usage: wait-tailnet.sh SECONDS [SERVER_IP | FILE]
# Ends with 0 when tailscaled is Running and Online (Running alone is also true of a device that was deleted), with 1 after SECONDS. One that was
# told to be down is brought up again: k3s's own VPN settings name that as what is to be done when k3s stops, and some flannels do it.
# Then waits, at most 15 s, for a pong from the server, or from one of those that the file lists: the first connection to a peer can hang that long while the path is being found.
export LC_ALL=C PATH="$PATH:/usr/local/bin"

seconds_up() { read -r up _ </proc/uptime && echo "${up%%.*}"; }

is_online() {
  status=$(timeout 10 tailscale status --json --peers=false 2>/dev/null)
  case $status in *'"BackendState": "Running"'*) ;; *) return 1 ;; esac
  case $status in *'"Online": true'*) ;; *) return 1 ;; esac
}

# up without settings leaves them as they are, and needs no key.
bring_up() {
  case $status in *'"BackendState": "Stopped"'*) timeout 30 tailscale up --timeout=20s >/dev/null 2>&1 ;; esac
}

# Through WireGuard, as the connection will go; and only this kind of ping ends with the first pong, the others sleep a second after it.
has_pong() {
  for peer in $servers; do ! timeout 5 tailscale ping --tsmp -c 1 --timeout 1s "$peer" >/dev/null 2>&1 || return 0; done
  return 1
}

limit=$1 servers=${2:-} began=$(seconds_up)
case $servers in /*) servers=$(cat "$servers" 2>/dev/null) ;; esac
until is_online; do
  if [ $(($(seconds_up) - began)) -ge "$limit" ]; then
    echo "not online in the tailnet after $limit s; see: tailscale status, journalctl -u tailscaled" >&2
    exit 1
  fi
  bring_up
  sleep 0.2
done
began=$(seconds_up)
until [ -z "$servers" ] || has_pong; do
  if [ $(($(seconds_up) - began)) -ge 15 ]; then
    echo "no pong from the server" $servers "in the tailnet yet; starting all the same" >&2
    exit 0
  fi
  sleep 0.2
done
GATE
  ! takes_address || write_address_program
  [ "$INTEGRATION" != routes ] || write_flannel_program
  peers=${SERVER_IP:-}
  [ "$ROLE" = server ] || [ "${SEVERAL_SERVERS:-}" != true ] || peers=$SERVERS
  write_file "/etc/systemd/system/$UNIT.d/hybrid-k3s.conf" 0644 <<UNIT
[Unit]
After=tailscaled.service hybrid-k3s-route.service
Wants=tailscaled.service

[Service]
ExecStartPre=/usr/local/lib/hybrid-k3s/wait-tailnet.sh 120${peers:+ $peers}$(
    ! uses_datastore || printf '\nEnvironmentFile=%s/endpoint.env' "$DATASTORE"
    ! takes_address || printf '\nExecStartPre=%s %s' "$ADDRESS_PROGRAM" "$ROLE"
    [ "$INTEGRATION" != routes ] || printf '\nExecStartPre=%s %s' "$FLANNEL_PROGRAM" "$POD_CIDR"
  )
UNIT
}
