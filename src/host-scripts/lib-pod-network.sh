# shellcheck shell=sh
# What a host keeps besides tailscaled so that pod traffic is never in clear and never past a network policy.
# Needs POD_CIDR. May have METADATA_ADDRESSES, one a line. Nothing is started here.
PROGRAMS=/usr/local/lib/hybrid-k3s
UNITS=/etc/systemd/system
CONTROL_CA_FILE=/etc/hybrid-k3s/control-ca.pem

# While its unit still says how: the new text takes away the new network's route alone. The guard first, or it brings the route back.
drop_other_route() {
  routed=$(sed -n 's/^ExecStart=ip -4 route replace unreachable \([^ ]*\) metric 4000$/\1/p' "$UNITS/hybrid-k3s-route.service" 2>/dev/null || true)
  [ -n "$routed" ] && [ "$routed" != "$POD_CIDR" ] || return 0
  for unit in hybrid-k3s-guard.service hybrid-k3s-route.service; do
    timeout 30 systemctl stop "$unit" || fail "$unit does not stop; see: systemctl status $unit"
  done
}

# Without the default dependencies a shutdown does not stop the unit: pods send until the very end, when tailscaled's routes are gone.
write_route_unit() {
  drop_other_route
  write_file "$UNITS/hybrid-k3s-route.service" 0644 <<UNIT
[Unit]
Description=Pod traffic that has no route in the VPN is refused instead of sent in clear
DefaultDependencies=no
After=sysinit.target network-pre.target
Before=tailscaled.service k3s.service k3s-agent.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip -4 route replace unreachable $POD_CIDR metric 4000
ExecStop=-ip -4 route del unreachable $POD_CIDR metric 4000

[Install]
WantedBy=multi-user.target
UNIT
}

write_guard() {
  write_file "$PROGRAMS/guard-pod-network.sh" 0755 <<'SCRIPT'
#!/bin/sh
# Usage: guard-pod-network.sh POD_CIDR [METADATA_ADDRESS...]
# Keeps what others on this host undo without notice:
# - the unreachable route (systemd-networkd drops routes that it does not know when it restarts);
# - kube-router's jump in FORWARD above tailscale's: tailscaled puts its own on top whenever it starts, and that one
#   accepts all from tailscale0, network policies or not;
# - the rule that keeps pods off the cloud's metadata, where the machine's user data is. No kernel event tells of any, hence the polling.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

keep_route() {
  [ -n "$(ip -4 route show type unreachable "$1" metric 4000)" ] || ip -4 route replace unreachable "$1" metric 4000
}

# Out and in again at the top in one transaction, so that no packet meets a chain without it.
keep_order() {
  late_rule=$(iptables -w 5 -S FORWARD | awk '
    / -j ts-forward( |$)/ { tailscale_seen = 1 }
    / -j KUBE-ROUTER-FORWARD( |$)/ { if (tailscale_seen) { sub(/^-A FORWARD /, ""); print }; exit }')
  [ -n "$late_rule" ] || return 0
  printf '*filter\n-D FORWARD %s\n-I FORWARD 1 %s\nCOMMIT\n' "$late_rule" "$late_rule" | iptables-restore -w 5 --noflush &&
    echo "put KUBE-ROUTER-FORWARD above ts-forward again"
}

# In the first table that a pod's packet meets, so that no other rule lets it through before. DNS stays: Azure's resolver has such an address.
keep_metadata_closed() {
  pods=$1
  shift
  for address; do
    set -- PREROUTING -s "$pods" -d "$address" -p tcp ! --dport 53 -j DROP
    iptables -w 5 -t raw -C "$@" 2>/dev/null || iptables -w 5 -t raw -I "$@"
  done
}

# tailscale0 is another device whenever tailscaled has started. Read from files, which costs no program's start.
is_new_tailscaled() {
  before=$device device=none
  { read -r device </sys/class/net/tailscale0/ifindex; } 2>/dev/null
  [ "$device" != "$before" ]
}

# iptables reads whole tables: every second only while tailscaled, newly started, is about to write its rules.
device='' quick_until=0 next_look=0
while :; do
  read -r now _ </proc/uptime
  now=${now%.*}
  ! is_new_tailscaled || quick_until=$((now + 120)) next_look=$now
  keep_route "$1"
  if [ "$now" -ge "$next_look" ]; then
    keep_order
    keep_metadata_closed "$@"
    next_look=$((now < quick_until ? now + 1 : now + 10))
  fi
  sleep 1
done
SCRIPT
  write_file "$UNITS/hybrid-k3s-guard.service" 0644 <<UNIT
[Unit]
Description=Keeps the unreachable pod route and network policies above tailscale's rules
After=hybrid-k3s-route.service

[Service]
ExecStart=$PROGRAMS/guard-pod-network.sh $POD_CIDR$(printf '%s' "${METADATA_ADDRESSES:-}" | awk '{ printf " %s", $0 }')
Restart=always
RestartSec=1s

[Install]
WantedBy=multi-user.target
UNIT
}

# IPv4 only: pods have no IPv6 here, and forwarding IPv6 would make the host ignore router advertisements and lose its own route.
write_forwarding() {
  write_file /etc/sysctl.d/90-hybrid-k3s.conf 0644 <<'CONF'
net.ipv4.ip_forward = 1
CONF
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo 1 >/proc/sys/net/ipv4/ip_forward
}

# The port is the one that firewalls are told to open. Logs of this host's connections stay here: without the flag tailscaled sends them to its vendor.
# The firewall mode is fixed because kube-router uses the iptables program, and rules in two modes do not see each other.
# The authority of a control server of one's own. Go adds the file that SSL_CERT_FILE names to the folders of the host's own store
# (crypto/x509, root_unix.go), so the vendor's relays are trusted as before.
write_control_authority() {
  if [ -z "${CONTROL_CA_PEM:-}" ]; then rm -f "$CONTROL_CA_FILE" && return; fi
  write_file "$CONTROL_CA_FILE" 0644 <<PEM
$CONTROL_CA_PEM
PEM
}

write_tailscaled_unit() {
  write_file "$UNITS/tailscaled.service" 0644 <<UNIT
[Unit]
Description=Tailscale node agent
After=network-pre.target NetworkManager.service systemd-resolved.service

[Service]
Type=notify
Environment=TS_DEBUG_FIREWALL_MODE=iptables${CONTROL_CA_PEM:+
Environment=SSL_CERT_FILE=$CONTROL_CA_FILE}
ExecStart=/usr/local/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=41641 --no-logs-no-support
ExecStopPost=/usr/local/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700
CacheDirectory=tailscale
CacheDirectoryMode=0750

[Install]
WantedBy=multi-user.target
UNIT
}
