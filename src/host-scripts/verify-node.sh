#!/bin/sh
# Usage: sh -s -- verify-node
# Looks from this node, and from the probe's pod on it, at other nodes and their pods, and at this host. Changes nothing. The pods are agnhost's
# netexec: /dial lets one pod ask another by http or udp and tells what came back; clientip answers with the sender's address as it arrived.
# Libraries: lib-marker.sh lib-tailnet.sh lib-k3s-certificates.sh
# Needs: NODE_NAME ROLE (server, agent) POD_CIDR
# May have: POD_IP (of the probe's pod on this node; without one nothing is asked from a pod) PEERS (lines `NAME NODE_IP POD_IP`, `-` for what is not
#   there) SERVERS (their addresses, with blanks) SERVICE_IP SERVICE_NAME (of all the pods) OUTSIDE_NAME (of a host in the internet)
#   TRANSFER_TO (one of the peers, which a file is sent to) QUICK (any value: what takes seconds of its own is left out)
# Prints: {"lines":"<base64>"}: lines `CHECK PEER TEXT`, `-` for no peer; the last is `end - DATE`
: "${NODE_NAME:?}" "${ROLE:?}" "${POD_CIDR:?}"
HTTP_PORT=8080 UDP_PORT=8081 CLOSED_PORT=8082
TRANSFER_BYTES=20000000
AT_ONCE=8
POLICY_SECONDS=${POLICY_SECONDS:-15}
# What good answers look like.
ANSWER='"responses"' STATUS='^[1-5][0-9][0-9]' ADDRESS='^[0-9.]+:[0-9]+$'
case $ROLE in server) UNIT=k3s.service ;; *) UNIT=k3s-agent.service ;; esac

# tell CHECK PEER: what stdin says, in one line.
tell() { printf '%s %s %s\n' "$1" "$2" "$(tr -s '\n\t ' ' ' | cut -c1-4000)"; }

ask() { curl -sS --noproxy '*' --connect-timeout 3 "$@" 2>&1 </dev/null; }

# The namespace of the pod's network has no name that anybody promises; its address is in one alone.
find_pod_network() {
  pod_network=''
  [ -n "${POD_IP:-}" ] || return 0
  for file in /run/netns/*; do
    ! nsenter --net="$file" ip -4 -o addr show 2>/dev/null | grep -qF " $POD_IP/" || { pod_network=$file && return; }
  done
}

in_pod() { nsenter --net="$pod_network" "$@"; }

# twice PATTERN COMMAND...: its words, of a second try where the first brought no such answer: a packet may be lost on any network.
twice() {
  pattern=$1
  shift
  words=$("$@") || true
  printf '%s' "$words" | grep -qE "$pattern" || words=$("$@") || true
  printf '%s\n' "$words"
}

# from_pod PROTOCOL HOST PORT REQUEST: netexec itself gives up after 5 s.
from_pod() { ask --max-time 12 "http://$POD_IP:$HTTP_PORT/dial?protocol=$1&host=$2&port=$3&request=$4&tries=1"; }

# status_of URL [COMMAND...]: the status of its answer, `000` without one, and why. COMMAND runs curl elsewhere.
status_of() (
  url=$1 errors=$(mktemp "$SCRATCH/errors.XXXXXX")
  shift
  status=$("$@" curl -sSk --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Metadata: true' --connect-timeout 3 --max-time 6 "$url" 2>"$errors" </dev/null) || true
  echo "${status:-000} $(cat "$errors")"
)

# The path is found while packets flow, so the first may go another way than those after it. Behind the pongs of a relay stands that none was direct.
look_at_path() { timeout 20 tailscale ping -c 5 --timeout 2s "$1" 2>&1 </dev/null | awk '/^pong / { pong = $0 } { last = $0 } END { print pong == "" ? last : pong }'; }

# By udp, since the policy that closes a port lets no ping in either. Linux sends a packet of just the MTU whole, and the first one that is too large for
# the way is lost; what comes after it goes in pieces, once the way's own MTU has been told.
full_packet() {
  mtu=$(in_pod ip -o link show eth0 | sed -nE 's/.* mtu ([0-9]+) .*/\1/p')
  [ -n "$mtu" ] || { echo 'unable: the pod has no eth0' && return; }
  request="echo%20$(head -c $((mtu - 28 - 5)) /dev/zero | tr '\0' a)"
  for _ in 1 2 3; do
    answer=$(from_pod udp "$1" "$UDP_PORT" "$request") || true
    told=$(in_pod ip -4 route get "$1" 2>/dev/null | sed -nE 's/.* mtu ([0-9]+).*/\1/p')
    [ "${told:-$mtu}" -ge "$mtu" ] || { echo "$mtu 0 the way takes $told" && return; }
    case $answer in *responses*) echo "$mtu 1" && return ;; esac
  done
  echo "$mtu 0 $answer"
}

# A policy comes into force on a node some time after its pod: kube-router works off one change after another.
is_closed() {
  from_pod http "$1" "$CLOSED_PORT" hostname >"$2" || true
  ! grep -q '"responses"' "$2"
}

closed_port() (
  said=$(mktemp "$SCRATCH/closed.XXXXXX")
  wait_until "$POLICY_SECONDS" "the network policy" is_closed "$1" "$said" 2>/dev/null || true
  cat "$said"
)

# A link may be slow and good: only where nothing moves any more has the transfer broken off.
send_file() {
  began=$(date +%s%N)
  head -c "$TRANSFER_BYTES" /dev/zero | timeout 60 nsenter --net="$pod_network" curl -sS --noproxy '*' --connect-timeout 3 --max-time 55 \
    --speed-limit 1000 --speed-time 20 -w ' %{size_upload} %{http_code}' -F 'file=@-;filename=file' "http://$1:$HTTP_PORT/upload" >"$2" 2>&1 || true
  echo "$((($(date +%s%N) - began) / 1000000)) $TRANSFER_BYTES $(cat "$2")"
}

# look_at_peer NAME NODE_IP POD_IP
look_at_peer() {
  if [ "$2" != - ]; then
    look_at_path "$2" | tell path "$1"
    twice "$STATUS" status_of "https://$2:10250/healthz" | tell node-kubelet "$1"
    [ -z "$pod_network" ] || twice "$STATUS" status_of "https://$2:10250/healthz" in_pod | tell pod-kubelet "$1"
  fi
  [ "$3" != - ] || return 0
  twice "$ADDRESS" ask --max-time 6 "http://$3:$HTTP_PORT/clientip" | tell node-pod "$1"
  [ -n "${POD_IP:-}" ] || return 0
  twice "$ANSWER" from_pod http "$3" "$HTTP_PORT" clientip | tell pod-http "$1"
  udp=$(twice "$ANSWER" from_pod udp "$3" "$UDP_PORT" clientip)
  printf '%s' "$udp" | tell pod-udp "$1"
  closed_port "$3" | tell pod-closed "$1"
  # Where small packets do not arrive, large ones tell nothing more, and their waits are long.
  case $udp in *responses*) ;; *) return 0 ;; esac
  [ -z "$pod_network" ] || full_packet "$3" | tell full-packet "$1"
  [ "${TRANSFER_TO:-}" != "$1" ] || [ -z "$pod_network" ] || send_file "$3" "$SCRATCH/sent" | tell transfer "$1"
}

# Some at a time: a node of a large cluster has hundreds.
look_at_peers() {
  running=0
  printf '%s\n' "${PEERS:-}" >"$SCRATCH/peers"
  while read -r name address pod; do
    [ -n "$name" ] || continue
    look_at_peer "$name" "$address" "$pod" >"$SCRATCH/peer-$name" 2>&1 &
    running=$((running + 1))
    [ "$running" -lt "$AT_ONCE" ] || { wait && running=0; }
  done <"$SCRATCH/peers"
  wait
  cat "$SCRATCH"/peer-* 2>/dev/null || true
}

look_at_servers() { for address in ${SERVERS:-}; do twice "$STATUS" status_of "https://$address:6443/readyz" | tell api "$address"; done; }

look_from_pod() {
  [ -n "${POD_IP:-}" ] || return 0
  [ -n "$pod_network" ] || for check in pod-kubelet full-packet transfer metadata; do echo "$check - unable: no network of a pod with the address $POD_IP is in /run/netns"; done
  [ -z "${SERVICE_IP:-}" ] || twice "$ANSWER" from_pod http "$SERVICE_IP" "$HTTP_PORT" hostname | tell service -
  [ -z "${SERVICE_NAME:-}" ] || twice "$ANSWER" from_pod http "$SERVICE_NAME" "$HTTP_PORT" hostname | tell dns-inside -
  [ -z "${OUTSIDE_NAME:-}" ] || from_pod http "$OUTSIDE_NAME" 443 hostname | tell dns-outside -
  [ -z "$pod_network" ] || status_of http://169.254.169.254/latest/meta-data/ in_pod | tell metadata -
}

unit_state() { systemctl show -P ActiveState "$1" 2>/dev/null; }

look_at_host() {
  k3s --version 2>/dev/null | sed -nE 's/^k3s version ([^ ]+).*/\1/p' | tell k3s-version -
  tailscale version 2>/dev/null | sed -n 1p | tell tailscale-version -
  for unit in "$UNIT" tailscaled.service; do echo "$(unit_state "$unit") $(systemctl show -P NRestarts "$unit" 2>/dev/null)" | tell unit "$unit"; done
  echo "$(marker_value node) $(marker_value cluster)" | tell marker -
  tell forwarding - </proc/sys/net/ipv4/ip_forward
  ip -4 route show type unreachable "$POD_CIDR" metric 4000 2>/dev/null | tell unreachable -
  for interface in tailscale0 cni0; do ip -o link show "$interface" 2>/dev/null | sed -nE 's/.* mtu ([0-9]+) .*/\1/p' | tell mtu "$interface"; done
  if command -v openssl >/dev/null; then certificate_files | ends | sed -n 1p; else echo 'unable: there is no openssl'; fi | tell certificate -
  df -Pk / /var/lib/rancher/k3s 2>/dev/null | awk 'NR > 1 && !seen[$6]++ { print $6, $4, $5 }' | while read -r mount left used; do echo "$left $used" | tell disk "$mount"; done
  tailnet_devices | sed -n 1p | tell tailnet -
  ip -4 route show table 52 2>/dev/null | awk '{ print $1 }' | tell routes -
  [ -n "${QUICK:-}" ] || timeout 20 tailscale netcheck --format=json 2>/dev/null | tr -d ' \n\t' | grep -oE '"(UDP|MappingVariesByDestIP)":(true|false|"")' | tell netcheck -
}

main() {
  make_scratch
  find_pod_network
  look_at_host >"$SCRATCH/host" 2>/dev/null &
  { look_at_servers && look_from_pod; } >"$SCRATCH/own" 2>&1 &
  look_at_peers >"$SCRATCH/peers-said"
  wait
  { cat "$SCRATCH/host" "$SCRATCH/own" "$SCRATCH/peers-said" && date +%s.%N | tell end -; } | base64 -w 0 >"$SCRATCH/lines"
  printf '{"lines":"%s"}\n' "$(cat "$SCRATCH/lines")"
}

main "$@" </dev/null
