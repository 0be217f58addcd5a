# shellcheck shell=sh
# Whose the host is: marks of another owner, and what runs on it already. Part of preflight-host.sh.

check_marker() {
  if [ ! -f "$MARKER" ]; then
    [ "${EXPECT_OURS:-}" != yes ] || fault "the host that answers under the new host key is not the one that joined: it has no $MARKER of $NODE_NAME" \
      "if it was made again, raise this host's \`generation\` in the config along with the key; if not, another machine answers in its place: take the old hostKey back"
    return 0
  fi
  if ! marker_is_ours; then
    fault "$MARKER: the host belongs to cluster $(marker_value cluster) of stack $(marker_value stack)" "remove it there first (pulumi up without it, or pulumi destroy)"
  elif [ "$(marker_value node)" != "$NODE_NAME" ]; then
    fault "the host is still node $(marker_value node) of this cluster" "take $(marker_value node) out of the config and run pulumi up first, or give the host that name again"
  fi
}

# Of a host that should be ours and has no marker, that one fault says all: nobody shall be told to uninstall what may be a living node.
is_claimed() { [ -f "$MARKER" ] || [ "${EXPECT_OURS:-}" = yes ]; }

check_foreign_k3s() {
  is_claimed && return
  for trace in /usr/local/bin/k3s /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service /var/lib/rancher/k3s /etc/rancher/k3s; do
    [ -e "$trace" ] || continue
    uninstall="rm -rf /etc/rancher /var/lib/rancher"
    for script in /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh; do
      [ ! -x "$script" ] || uninstall="$script; $uninstall"
    done
    fault "a k3s that is not ours is here ($trace)" "if it may go with all its data, run: $uninstall"
    return
  done
}

check_foreign_tailnet() {
  is_claimed && return
  program=$(command -v tailscaled || true)
  [ -n "$program" ] || [ -e /var/lib/tailscale/tailscaled.state ] || return 0
  login=$(timeout 10 tailscale debug prefs 2>/dev/null | sed -nE 's/^[[:space:]]*"LoginName": "([^"]+)".*/ logged in as \1/p' | sed -n 1p || true)
  remove="tailscale logout; systemctl disable --now tailscaled"
  if dpkg -S "${program:-/usr/sbin/tailscaled}" >/dev/null 2>&1; then remove="$remove; apt-get purge -y tailscale"; else remove="$remove; rm -f $program"; fi
  fault "a tailscale that is not ours is here (${program:-/var/lib/tailscale})$login" "a host is in one tailnet; if that may go, run: $remove; rm -rf /var/lib/tailscale"
}

# On a host of ours it is our own k3s that listens.
check_ports() {
  is_claimed && return
  listeners=$(ss -Hltnp 2>/dev/null || true)
  for port in $K3S_PORTS; do
    listener=$(printf '%s\n' "$listeners" | awk -v port=":$port" 'substr($4, length($4) - length(port) + 1) == port' | sed -n 1p)
    [ -n "$listener" ] || continue
    user=$(printf '%s\n' "$listener" | sed -nE 's/.*\(\("([^"]+)",pid=([0-9]+).*/ by \1 (pid \2)/p')
    fault "TCP port $port is taken$user" "stop that program; k3s needs the port"
  done
}
