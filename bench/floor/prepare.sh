#!/bin/sh
# Usage: prepare.sh
# Puts on a host all that can be there before anybody types a command: unit files, settings, the auth key, k3s's unit by its installer.
# The programs, the images and the installer (/run/floor/install.sh) have been copied before.
# Needs: NODE_NAME ROLE (server, agent) POD_CIDR SERVICE_CIDR AUTH_KEY K3S_VERSION VPN_FLAG (yes: k3s carries pods by its VPN flag)
set -eu
: "${NODE_NAME:?}" "${ROLE:?}" "${POD_CIDR:?}" "${SERVICE_CIDR:?}" "${AUTH_KEY:?}" "${K3S_VERSION:?}" "${VPN_FLAG:?}"

umask 077
echo "$AUTH_KEY" >/run/floor/auth-key
mkdir -p /etc/rancher/k3s /etc/hybrid-k3s-floor
echo "name=tailscale,joinKey=never-used,extraArgs=--hostname=$NODE_NAME --accept-dns=false --accept-routes --snat-subnet-routes=false" >/etc/hybrid-k3s-floor/vpn-auth
{
  echo "node-name: $NODE_NAME"
  [ "$VPN_FLAG" != yes ] || echo "vpn-auth-file: /etc/hybrid-k3s-floor/vpn-auth"
  if [ "$ROLE" = server ]; then
    echo "cluster-cidr: $POD_CIDR"
    echo "service-cidr: $SERVICE_CIDR"
  fi
} >/etc/rancher/k3s/config.yaml
umask 022

cat >/etc/systemd/system/tailscaled.service <<'UNIT'
[Service]
Type=notify
Environment=TS_DEBUG_FIREWALL_MODE=iptables
ExecStart=/usr/local/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --no-logs-no-support
RuntimeDirectory=tailscale
StateDirectory=tailscale
UNIT
# k3s waits for a report of kubelet that is newer than its own start, and the next one comes minutes later (k3s: pkg/agent/netpol/netpol.go).
# Whoever knows that repeats it by hand.
cat >/run/floor/beat.sh <<BEAT
cd /var/lib/rancher/k3s/agent && curl -sf --max-time 5 --cacert server-ca.crt --cert client-kubelet.crt --key client-kubelet.key -o /dev/null \\
  -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' https://127.0.0.1:6444/api/v1/nodes/$NODE_NAME/status \\
  -d '{"status":{"conditions":[{"type":"Ready","lastHeartbeatTime":"'"\$(date -u +%FT%TZ)"'"}]}}'
BEAT
echo 1 >/proc/sys/net/ipv4/ip_forward
INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_START=true INSTALL_K3S_VERSION="$K3S_VERSION" INSTALL_K3S_EXEC="$ROLE" \
  sh /run/floor/install.sh >&2
systemctl daemon-reload
