# shellcheck shell=sh
# What k3s has to be told where it knows of no VPN: the tailnet's address, and the way of its pods. Part of install-k3s.sh. Written before each
# start, as a device that logged in again has another address. Nothing is started here. Needs INTEGRATION and CONFIG_YAML.
NODE_ADDRESS=/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml
# shellcheck disable=SC2034 # read by lib-k3s-files.sh
FLANNEL_CONF=/etc/hybrid-k3s/flannel.json
ADDRESS_PROGRAM=/usr/local/lib/hybrid-k3s/write-node-address.sh
FLANNEL_PROGRAM=/usr/local/lib/hybrid-k3s/write-flannel-conf.sh

# With k3s's VPN flag etcd's address is told too: it would be one of the host's own network in some releases and the tailnet's in others
# (k3s-io/k3s#14515), and a member that finds itself under another address than before does not start.
takes_address() { [ "$INTEGRATION" != k3s ] || printf '%s\n' "$CONFIG_YAML" | grep -qx 'cluster-init: true'; }

write_address_program() {
  write_file "$ADDRESS_PROGRAM" 0755 <<PROGRAM
#!/bin/sh
# Usage: write-node-address.sh ROLE
# Writes this host's tailnet address where k3s reads it. On servers as the API's address too, which would be node-external-ip otherwise.
set -eu
umask 077
export LC_ALL=C PATH="\$PATH:/usr/local/bin"
file=$NODE_ADDRESS
address=\$(timeout 10 tailscale ip -4)
[ -n "\$address" ] || { echo "this host has no tailnet address; see: tailscale status" >&2 && exit 1; }
mkdir -p "\${file%/*}"
{
  echo "node-ip: \$address"
  [ "\$1" != server ] || echo "advertise-address: \$address"
} >"\$file.new"
mv -f "\$file.new" "\$file"
PROGRAM
}

# The form is k3s's own for its VPN flag (K3S: pkg/agent/flannel/setup.go), but for what that does when k3s stops. flannel puts the node's
# podCIDR in the place of $SUBNET, and runs the command without a shell, once a start.
write_flannel_program() {
  write_file "$FLANNEL_PROGRAM" 0755 <<'PROGRAM'
#!/bin/sh
# Usage: write-flannel-conf.sh POD_CIDR
# Writes how flannel gives pods their way: the node's own part of POD_CIDR as a route of the tailnet. The command names all routes of a host, so
# what else this one advertises is named too, as k3s's VPN flag has it; parts of POD_CIDR are not, as a Node made anew has another one.
set -eu
umask 077
export LC_ALL=C PATH="$PATH:/usr/local/bin"
file=/etc/hybrid-k3s/flannel.json
prefs=$(timeout 10 tailscale debug prefs) || { echo "tailscaled does not tell what this host advertises; see: tailscale debug prefs" >&2 && exit 1; }

others() {
  printf '%s\n' "$prefs" | awk '
    inside && /\]/ { exit }
    inside { gsub(/[ \t",]/, ""); print }
    /"AdvertiseRoutes": \[$/ { inside = 1 }' | awk -F '[./]' -v pods="$1" '
    function start(a, b, c, d, bits) { return int((((a * 256 + b) * 256 + c) * 256 + d) / 2 ^ (32 - bits)) }
    BEGIN { split(pods, p, "[./]") }
    NF != 5 || $5 < p[5] || start($1, $2, $3, $4, p[5]) != start(p[1], p[2], p[3], p[4], p[5]) { printf ",%s", $0 }'
}

mkdir -p "${file%/*}"
cat >"$file.new" <<CONF
{"Network":"$1","EnableIPv4":true,"EnableIPv6":false,"IPv6Network":"::/0","Backend":{"Type":"extension","PostStartupCommand":"tailscale set --accept-routes --advertise-routes=\$SUBNET$(others "$1")"}}
CONF
mv -f "$file.new" "$file"
PROGRAM
}
