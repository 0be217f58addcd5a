#!/bin/sh
# Usage: network.sh <lines
# Makes networks inside the lab's namespaces. A line is one of
#   bridge NAME | netns NAME | plug NETNS INTERFACE BRIDGE ADDRESS/LENGTH | gateway NETNS ADDRESS
#   route NETNS NETWORK GATEWAY_ADDRESS
#   router NETNS INSIDE_INTERFACE OUTSIDE_INTERFACE | forward NETNS OUTSIDE_INTERFACE PORT ADDRESS
#   cloud-router NETNS NAT_ADDRESS | cable NETNS INTERFACE ROUTER_NETNS ADDRESS/LENGTH ROUTER_ADDRESS
set -eu

# A network card's address that belongs to the IP address, so that a host keeps its own over a reboot.
card_address() {
  echo "${1%/*}" | awk -F. '{ printf "02:00:%02x:%02x:%02x:%02x", $1, $2, $3, $4 }'
}

make_netns() {
  ip netns add "$1"
  ip -n "$1" link set lo up
}

# A link of an earlier boot with the same name goes first: its other end went with that boot's network namespace, or is about to.
plug() {
  ip link delete "$1.$2" 2>/dev/null || true
  ip link add "$1.$2" type veth peer name "$2" address "$(card_address "$4")" netns "$1"
  ip link set "$1.$2" master "$3" up
  ip -n "$1" address add "$4" dev "$2"
  ip -n "$1" link set "$2" up
}

# A cloud's machine is alone on its link. The router answers there for every address that it knows a way to (proxy ARP), at once, so that
# neighbours too meet in the router, whose rules are the machines' firewalls.
cable() {
  ip -n "$3" link delete "$1.$2" 2>/dev/null || true
  ip -n "$3" link add "$1.$2" type veth peer name "$2" address "$(card_address "$4")" netns "$1"
  # shellcheck disable=SC2016 # the inner shell's argument
  ip netns exec "$3" sh -euc 'echo 1 >"/proc/sys/net/ipv4/conf/$0/proxy_arp"; echo 0 >"/proc/sys/net/ipv4/neigh/$0/proxy_delay"' "$1.$2"
  ip -n "$3" address add "$5" peer "${4%/*}" dev "$1.$2"
  ip -n "$3" link set "$1.$2" up
  ip -n "$1" address add "$4" dev "$2"
  ip -n "$1" link set "$2" up
}

# A cloud's edge, to the WAN by eth0: 1:1 NAT for the machines in the map, the common address for the others, and the addresses of the
# metadata service and of Azure's host. The rules of the machines' firewalls are the clouds' service's: lab/clouds/machines/router-rules.ts.
make_cloud_router() {
  ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1
  ip -n "$1" address add 169.254.169.254/32 dev lo
  [ "$1" != azure ] || ip -n "$1" address add 168.63.129.16/32 dev lo
  ip netns exec "$1" nft -f - <<RULES
table ip cloud-nat {
  map inward {
    type ipv4_addr : ipv4_addr
  }
  map outward {
    type ipv4_addr : ipv4_addr
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    dnat to ip daddr map @inward
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "eth0" snat to ip saddr map @outward
    oifname "eth0" snat to $2
    ct status dnat snat to ip saddr map @outward
    ct status dnat ip saddr != 198.18.0.0/24 snat to $2
  }
}
table ip cloud-firewall {
  chain forward {
    type filter hook forward priority filter; policy drop
  }
}
RULES
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

while read -r verb name first second third fourth; do
  case $verb in
    bridge)
      ip link add "$name" type bridge forward_delay 0
      ip link set "$name" up
      ;;
    netns) make_netns "$name" ;;
    plug) plug "$name" "$first" "$second" "$third" ;;
    gateway) ip -n "$name" route add default via "$first" ;;
    route) ip -n "$name" route add "$first" via "$second" ;;
    cloud-router) make_cloud_router "$name" "$first" ;;
    cable) cable "$name" "$first" "$second" "$third" "$fourth" ;;
    router) make_router "$name" "$first" "$second" ;;
    forward) ip netns exec "$name" nft add rule ip router prerouting iifname "$first" tcp dport "$second" dnat to "$third" ;;
    *)
      echo "network.sh: unknown line: $verb $name" >&2
      exit 1
      ;;
  esac
done
