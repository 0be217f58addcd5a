# shellcheck shell=sh
# Faults of the host's network: what it reaches, what filters on it, which addresses it uses already. Part of preflight-host.sh.

# check_url URL [CURL-OPTION...]
check_url() {
  url_authorities=$(authorities)
  url=$1
  shift
  curl -sS -o /dev/null --connect-timeout 10 --max-time 20 "$@" ${url_authorities:+--cacert "$url_authorities"} "$url"
}

# tailscaled is told of no proxy that this session knows, only of its unit's: the control server must answer without one.
check_straight() {
  case $1 in */key\?v=*) ;; *) return 0 ;; esac
  [ -n "${https_proxy:-}${HTTPS_PROXY:-}${all_proxy:-}${ALL_PROXY:-}" ] || return 0
  ! cat /etc/systemd/system/tailscaled.service.d/*.conf 2>/dev/null | grep -qi '^Environment=.*https_proxy=' || return 0
  check_url "$1" --noproxy '*'
}

# All at once and beside the other checks: each may take its whole limit. Any answer will do, whatever its status.
start_url_checks() {
  authorities >/dev/null
  number=0
  for url in ${CHECK_URLS:-}; do
    number=$((number + 1))
    {
      check_url "$url" 2>"$SCRATCH/url-error-$number" && status=0 || status=$?
      [ "$status" != 0 ] || check_straight "$url" 2>"$SCRATCH/url-error-$number" || status=proxy
      printf '%s %s\n' "$status" "$url" >"$SCRATCH/url-$number"
    } &
  done
}

finish_url_checks() {
  wait
  for result in "$SCRATCH"/url-[0-9]*; do
    [ -f "$result" ] || continue
    read -r status url <"$result"
    [ "$status" != 0 ] || continue
    case $status in
      proxy) remedy="only a proxy that tailscaled is not told of leads there: put Environment=HTTPS_PROXY=http://PROXY:PORT below [Service] in /etc/systemd/system/tailscaled.service.d/proxy.conf" ;;
      6) remedy="its name does not resolve: mend DNS (/etc/resolv.conf)" ;;
      35 | 60) remedy="its certificate is not trusted: give the authority as caFile, or check the clock and who is in between" ;;
      127) remedy="install curl" ;;
      *) remedy="let this host reach it: routes, firewall, proxy" ;;
    esac
    fault "no https answer from $url ($(sed -n 1p "$SCRATCH/url-error-${result##*-}"))" "$remedy"
  done
}

# What must pass: everything inside the VPN (its own policy filters there), and pods and services on the host.
check_ufw() {
  rules=$(timeout 10 ufw status 2>/dev/null || true)
  case $rules in *"Status: active"*) ;; *) return 0 ;; esac
  for needed in tailscale0 "$POD_CIDR" "$SERVICE_CIDR"; do
    printf '%s\n' "$rules" | grep -qF "$needed" && continue
    fault "ufw is active and has no rule for $needed" "run: ufw allow in on tailscale0; ufw allow from $POD_CIDR; ufw allow from $SERVICE_CIDR; ufw route allow from $POD_CIDR; ufw route allow to $POD_CIDR"
    return
  done
}

check_firewalld() {
  timeout 10 firewall-cmd --state 2>/dev/null | grep -qx running || return 0
  trusted=$(timeout 10 firewall-cmd --zone=trusted --list-all 2>/dev/null || true)
  for needed in tailscale0 "$POD_CIDR" "$SERVICE_CIDR"; do
    printf '%s\n' "$trusted" | grep -qF "$needed" && continue
    fault "firewalld is active and does not trust $needed" "run: firewall-cmd --permanent --zone=trusted --add-interface=tailscale0 --add-source=$POD_CIDR --add-source=$SERVICE_CIDR && firewall-cmd --reload"
    return
  done
}

rules_in() { timeout 10 "iptables-$1-save" 2>/dev/null | grep -c '^-A' || true; }

# tailscale, kube-proxy and kube-router must see each other's rules; each kind of table is blind to the other.
check_iptables_mode() {
  case $(iptables -V 2>/dev/null) in
    *nf_tables*) used=nft other=legacy ;;
    *legacy*) used=legacy other=nft ;;
    *) return 0 ;;
  esac
  count=$(rules_in $other)
  [ "${count:-0}" -eq 0 ] || fault "iptables works on $used tables, but $count rules stand in the $other ones" \
    "bring all into one kind: remove those (iptables-$other -F) or run: update-alternatives --set iptables /usr/sbin/iptables-$other"
}

# overlaps A B: whether two IPv4 networks share addresses.
overlaps() {
  awk -v a="$1" -v b="$2" '
    function start(cidr, part) { split(cidr, part, /[.\/]/); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
    function bits(cidr, part) { return split(cidr, part, "/") == 2 ? part[2] : 32 }
    BEGIN { short = bits(a) < bits(b) ? bits(a) : bits(b); size = 2 ^ (32 - short); exit !(int(start(a) / size) == int(start(b) / size)) }'
}

# Default routes, halves of them included, are no networks of the host; nor is what our own k3s and tailscale put there.
check_routes() {
  ip -4 route show table main | awk '
    / dev (cni0|flannel[^ ]*|tailscale0)( |$)/ || /^unreachable .* metric 4000/ { next }
    { network = $1 ~ /^[0-9]/ ? $1 : $2; if (network ~ /^[0-9]/ && network !~ /\/[01]$/) print network }' >"$SCRATCH/routes"
  while read -r network; do
    for ours in "podCidr $POD_CIDR" "serviceCidr $SERVICE_CIDR"; do
      ! overlaps "$network" "${ours#* }" || fault "the host has a route to $network, which overlaps $ours" "choose another cluster.${ours% *}, or take the route away"
    done
    ! overlaps "$network" 100.64.0.0/10 || fault "the host has a route to $network, inside the VPN's own 100.64.0.0/10" "give that network other addresses; tailscale drops traffic from it"
  done <"$SCRATCH/routes"
}

# k3s takes the host's main address and interface from it before it looks at its config.
check_default_route() {
  ip -4 route show table main | grep -q '^default ' ||
    fault "the host has no IPv4 default route" "add one, a dummy will do: ip route add default via ADDRESS dev DEVICE metric 9999"
}
