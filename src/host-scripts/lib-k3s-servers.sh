# shellcheck shell=sh
# Which server a node joins where there may be several, and whether a server that joins stands near enough. Part of install-k3s.sh. Needs ROLE
# NODE_NAME SCRATCH; may have SERVER_IPS (those that it may join, with blanks) MAY_BEGIN ALLOW_DISTANT.
SERVERS=/etc/hybrid-k3s/servers
SERVER_TOKEN=/etc/hybrid-k3s/server-token
SERVER_IPS=${SERVER_IPS:-}
JOIN_SECONDS=${JOIN_SECONDS:-90}
NEAR_MS=10
FAR_MS=30

# What k3s goes by once it has joined: a server its own member of etcd, an agent the list of servers that it keeps (k3s: pkg/etcd/etcd.go,
# pkg/agent/loadbalancer/config.go), unless that is another cluster's.
has_joined() {
  if [ "$ROLE" = server ]; then
    [ -d /var/lib/rancher/k3s/server/db/etcd/member ]
  else
    [ -s /var/lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json ] && { [ -z "${CLUSTER_ID:-}" ] || [ ! -s "$CLUSTER" ] || [ "$(cat "$CLUSTER")" = "$CLUSTER_ID" ]; }
  fi
}

# The server of a cluster that kept its data in SQLite: k3s moves it to etcd, and nothing of it is anywhere else.
holds_cluster() { [ "$ROLE" = server ] && [ -s /var/lib/rancher/k3s/server/db/state.db ]; }

answers_joiners() { curl -sfk --max-time 5 -o /dev/null "https://$1:6443/cacerts" 2>/dev/null; }

find_living_server() {
  for address in $SERVER_IPS; do
    ! answers_joiners "$address" || { echo "$address" >"$SCRATCH/living-server" && return; }
  done
  return 1
}

# The line by which k3s of this node comes into the cluster: as it was, for as long as the node lives, whoever else is gone by then.
choose_entry() {
  entry=$(sed -n '/^server: /p; /^cluster-init: /p' /etc/rancher/k3s/config.yaml 2>/dev/null | sed -n 1p)
  if [ -z "$entry" ] || ! has_joined; then
    if [ "${MAY_BEGIN:-}" = true ] || holds_cluster; then
      entry='cluster-init: true'
    else
      wait_until "$JOIN_SECONDS" "a server that answers" find_living_server ||
        fail "none of the cluster's other servers answers on port 6443 (${SERVER_IPS:-none is known}), so there is nothing to join; start one of them and look at k3s there: systemctl status k3s; then run pulumi up again"
      entry="server: https://$(cat "$SCRATCH/living-server"):6443"
    fi
  fi
  # shellcheck disable=SC2034 # other parts of install-k3s.sh read it
  SERVER_IP=$(printf '%s\n' "$entry" | sed -n 's|^server: https://\(.*\):6443$|\1|p')
  # In its place among the sorted keys: with servers that may come and go the file is as it was with an only one, and nothing restarts for that.
  CONFIG_YAML=$(printf '%s\n' "$CONFIG_YAML" | awk -v entry="$entry" '!done && /^[a-z]/ && $0 > entry { print entry; done = 1 } { print } END { if (!done) print entry }')
}

# For the gate before each start of an agent, which waits for a path to one of them. No part of what k3s starts from: they come and go.
note_servers() {
  tr ' ' '\n' <<ADDRESSES | write_file "$SERVERS" 0644
$SERVER_IPS
ADDRESSES
}

# k3s makes a token by itself, where no other server can read it before it has joined. The one that the data is encrypted with stays.
make_server_token() {
  [ ! -s "$SERVER_TOKEN" ] || return 0
  known=$(sed -n '1s/.*://p' /var/lib/rancher/k3s/server/token 2>/dev/null || true)
  { if [ -n "$known" ]; then printf '%s' "$known"; else od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; fi; } |
    (umask 077 && cat >"$SERVER_TOKEN.new" && mv -f "$SERVER_TOKEN.new" "$SERVER_TOKEN")
}

# measure ADDRESS: the way to a server and its round trip in milliseconds: `direct 1.2`, `relay 40`, or nothing where it does not answer. The
# first pings stop once there is a direct path; of those behind them the fastest counts, as a busy host answers late.
measure() {
  {
    timeout 25 tailscale ping -c 10 --timeout 2s "$1"
    timeout 10 tailscale ping -c 3 --timeout 2s --until-direct=false "$1"
  } 2>/dev/null | sed -nE 's/^pong from .* via ([^ ]+).* in ([0-9.]+)(m?s)$/\1 \2 \3/p' | awk '
    { ms = $3 == "s" ? $2 * 1000 : $2; way = $1 ~ /^(DERP|peer-relay)/ ? "relay" : "direct" }
    !(way in best) || ms < best[way] { best[way] = ms }
    END { if ("direct" in best) print "direct", best["direct"]; else if ("relay" in best) print "relay", best["relay"] }'
}

# Beside the downloads, all at once.
measure_servers() {
  for address in $SERVER_IPS; do
    (measure "$address" >"$SCRATCH/distance-$address.new" && mv "$SCRATCH/distance-$address.new" "$SCRATCH/distance-$address") 9>&- &
  done
}

is_measured() { for address in $SERVER_IPS; do [ -e "$SCRATCH/distance-$address" ] || return 1; done; }

# etcd waits for the way between servers at each write, and chooses a new leader where it stalls (https://etcd.io/docs/v3.5/tuning/).
refuse_distant_servers() {
  wait_until 60 "the ways to the other servers" is_measured || true
  for address in $SERVER_IPS; do
    way='' ms=''
    read -r way ms <"$SCRATCH/distance-$address" || true
    case $way in
      '') say "the server at $address does not answer in the tailnet; how far it is cannot be told" && continue ;;
      relay) fault="goes over a relay ($ms ms)" ;;
      *) fault=$(awk -v ms="$ms" -v far="$FAR_MS" 'BEGIN { if (ms > far) print "takes " ms " ms, more than " far }') ;;
    esac
    if [ -z "$fault" ]; then
      awk -v ms="$ms" -v near="$NEAR_MS" 'BEGIN { exit !(ms > near) }' && say "warning: the way to the server at $address takes $ms ms; above $NEAR_MS etcd is slow"
      continue
    fi
    [ "${ALLOW_DISTANT:-}" != true ] || { say "the way to the server at $address $fault; going on, as cluster.allowDistantServers says" && continue; }
    fail "the way to the server at $address $fault, and etcd waits for it at each write. Its k3s was not started: let both reach each other's UDP port 41641" \
      "(see: tailscale ping $address; tailscale netcheck), put the servers in one place, or set cluster.allowDistantServers: true; then run pulumi up again"
  done
}
