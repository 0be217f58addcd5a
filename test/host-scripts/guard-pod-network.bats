# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

# One turn of the guard that join-tailnet installs, with iptables as made up by the test.
setup() {
  make_host
  on_host dash -c 'for part in lib lib-pod-network; do . "$1/$part.sh"; done; write_guard' - "$SCRIPTS"
  printf '#!/bin/sh\ncat "$FAKE/rules"\n' >"$FAKE/bin/iptables"
  printf '#!/bin/sh\ncat >"$FAKE/restored"\n' >"$FAKE/bin/iptables-restore"
  # The guard sleeps when a turn is done, and here it ends then.
  printf '#!/bin/sh\nkill "$PPID"\n' >"$FAKE/bin/sleep"
  chmod +x "$FAKE/bin/"*
  echo '-P FORWARD ACCEPT' >"$FAKE/rules"
}

# guard_once [METADATA_ADDRESS...]
guard_once() { on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" timeout 50 /usr/local/lib/hybrid-k3s/guard-pod-network.sh 10.42.0.0/16 "$@" || [ $? -eq 143 ]; }

@test "kube-router's jump is put above tailscale's in one transaction" {
  printf '%s\n' '-A FORWARD -j ts-forward' '-A FORWARD -m comment --comment "kube-router netpol - X" -j KUBE-ROUTER-FORWARD' >>"$FAKE/rules"
  guard_once
  [ "$(cat "$FAKE/restored")" = '*filter
-D FORWARD -m comment --comment "kube-router netpol - X" -j KUBE-ROUTER-FORWARD
-I FORWARD 1 -m comment --comment "kube-router netpol - X" -j KUBE-ROUTER-FORWARD
COMMIT' ]
}

@test "the right order is left alone" {
  printf '%s\n' '-A FORWARD -j KUBE-ROUTER-FORWARD' '-A FORWARD -j ts-forward' >>"$FAKE/rules"
  guard_once
  [ ! -e "$FAKE/restored" ]
}

@test "the unreachable route is put back only where it is missing" {
  guard_once
  assert_call '^ip -4 route replace unreachable 10.42.0.0/16 metric 4000$'
  forget_calls
  echo 'unreachable 10.42.0.0/16 metric 4000' >"$FAKE/ip-4-route-show-type-unreachable-10.42.0.0-16-metric-4000"
  guard_once
  refute_call 'route replace'
}

@test "iptables is read each second after tailscaled started, else every ten; the route each second" {
  export BEFORE='mount --bind "$FAKE/uptime" /proc/uptime; mount -t tmpfs none /sys/class/net; mkdir /sys/class/net/tailscale0; echo 3 >/sys/class/net/tailscale0/ifindex'
  echo '1000.00 1.00' >"$FAKE/uptime"
  echo 'unreachable 10.42.0.0/16 metric 4000' >"$FAKE/ip-4-route-show-type-unreachable-10.42.0.0-16-metric-4000"
  printf '#!/bin/sh\nread -r now _ </proc/uptime\necho "iptables at ${now%%%%.*}" >>"$CALLS"\n' >"$FAKE/bin/iptables"
  # A second of the guard's takes no time here; tailscaled starts again at 1205.
  printf '#!/bin/sh\nread -r now _ </proc/uptime\nnow=$((${now%%%%.*} + 1))\necho "$now.00 1.00" >/proc/uptime\n[ $now -ne 1205 ] || echo 4 >/sys/class/net/tailscale0/ifindex\n[ $now -lt 1210 ] || kill $PPID\n' >"$FAKE/bin/sleep"
  chmod +x "$FAKE/bin/"{iptables,sleep}
  on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" timeout 50 /usr/local/lib/hybrid-k3s/guard-pod-network.sh 10.42.0.0/16 || true
  [ "$(calls '^iptables at' | cut -d' ' -f3 | paste -sd ' ' -)" = "$(seq -s ' ' 1000 1120) 1130 1140 1150 1160 1170 1180 1190 1200 1205 1206 1207 1208 1209" ]
  [ "$(calls '^ip -4 route show' | wc -l)" -eq 210 ]
}

@test "pods are kept off the metadata addresses, once each, and only where there are any" {
  printf '#!/bin/sh\necho "iptables $*" >>"$CALLS"\ncase " $* " in *" -C "*) [ -e "$FAKE/closed-${10}" ] ;; *" -I "*) : >"$FAKE/closed-${10}" ;; esac\n' >"$FAKE/bin/iptables"
  guard_once
  refute_call 'raw'
  guard_once 169.254.169.254 168.63.129.16
  [ "$(calls '-I PREROUTING')" = 'iptables -w 5 -t raw -I PREROUTING -s 10.42.0.0/16 -d 169.254.169.254 -p tcp ! --dport 53 -j DROP
iptables -w 5 -t raw -I PREROUTING -s 10.42.0.0/16 -d 168.63.129.16 -p tcp ! --dport 53 -j DROP' ]
  forget_calls
  guard_once 169.254.169.254 168.63.129.16
  refute_call '-I PREROUTING'
}
