#!/bin/sh
# Usage: network.sh <lines
# Makes networks inside the lab's namespaces. A line is one of
#   bridge NAME | netns NAME | plug NETNS INTERFACE BRIDGE ADDRESS/LENGTH | gateway NETNS ADDRESS
#   router NETNS INSIDE_INTERFACE OUTSIDE_INTERFACE | forward NETNS OUTSIDE_INTERFACE PORT ADDRESS
set -eu

# A network card's address that belongs to the IP address, so that a host keeps its own over a reboot.
card_address() {
  echo "${1%/*}" | awk -F. '{ printf "02:00:%02x:%02x:%02x:%02x", $1, $2, $3, $4 }'
}

make_netns() {
  ip netns add "$1"
  ip -n "$1" link set lo up
}

plug() {
  ip link add "$1.$2" type veth peer name "$2" address "$(card_address "$4")" netns "$1"
  ip link set "$1.$2" master "$3" up
  ip -n "$1" address add "$4" dev "$2"
  ip -n "$1" link set "$2" up
}

# A household router: what is inside may call out under the router's address, nothing outside may call in unless forwarded. What comes for
# the router itself is dropped unanswered: an answer would leave a connection in its table that takes the port from a host about to be met there.
make_router() {
  ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1
  ip netns exec "$1" nft -f - <<RULES
table ip router {
  chain prerouting {
    type nat hook prerouting priority dstnat
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "$3" masquerade
  }
  chain input {
    type filter hook input priority filter; policy accept
    ct state established,related accept
    iifname "$3" icmp type echo-request accept
    iifname "$3" drop
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    iifname "$2" accept
    ct state established,related accept
    ct status dnat accept
  }
}
RULES
}

while read -r verb name first second third; do
  case $verb in
    bridge)
      ip link add "$name" type bridge forward_delay 0
      ip link set "$name" up
      ;;
    netns) make_netns "$name" ;;
    plug) plug "$name" "$first" "$second" "$third" ;;
    gateway) ip -n "$name" route add default via "$first" ;;
    router) make_router "$name" "$first" "$second" ;;
    forward) ip netns exec "$name" nft add rule ip router prerouting iifname "$first" tcp dport "$second" dnat to "$third" ;;
    *)
      echo "network.sh: unknown line: $verb $name" >&2
      exit 1
      ;;
  esac
done
