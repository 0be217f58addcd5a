# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

by_routes() {
  export INTEGRATION=routes CONFIG_YAML='cluster-cidr: 10.42.0.0/16
flannel-conf: /etc/hybrid-k3s/flannel.json
flannel-iface: tailscale0
node-name: rack-1'
}

online() {
  echo Running >"$FAKE/tailscale/state"
  echo true >"$FAKE/tailscale/online"
}

# What systemd runs before each start of k3s.
run_before_start() {
  local unit="$HOST/etc/systemd/system/$1.service.d/hybrid-k3s.conf" line
  sed -n 's/^ExecStartPre=//p' "$unit" | while read -r line; do
    # shellcheck disable=SC2086 # words, as systemd splits them
    on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" $line || return
  done
}

flannel_conf() { cat "$HOST/etc/hybrid-k3s/flannel.json"; }

command_of() { flannel_conf | sed -E 's/.*"PostStartupCommand":"([^"]*)".*/\1/'; }

@test "k3s gets no VPN of its own, and before each start its address and the command that offers its pods as a route" {
  by_routes
  online
  installed
  [ ! -e "$HOST/etc/hybrid-k3s/vpn-auth" ]
  run_before_start k3s
  [ "$(cat "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml")" = "node-ip: 100.64.0.1
advertise-address: 100.64.0.1" ]
  [ "$(flannel_conf)" = '{"Network":"10.42.0.0/16","EnableIPv4":true,"EnableIPv6":false,"IPv6Network":"::/0","Backend":{"Type":"extension","PostStartupCommand":"tailscale set --accept-routes --advertise-routes=$SUBNET"}}' ]
  [ "$(mode etc/hybrid-k3s/flannel.json)" = 600 ]
  refute_call '^tailscale (set|up)'
}

@test "a second run changes and restarts nothing, though both files were written since" {
  by_routes
  online
  installed
  run_before_start k3s
  run_script install-k3s
  assert_success
  refute_call '^systemctl.* (start|stop|restart|daemon-reload)'
}

@test "an agent writes its address alone, and its server's name stays behind the gate" {
  by_routes
  online
  as_agent
  installed
  echo pong >"$FAKE/tailscale/pong"
  run_before_start k3s-agent
  [ "$(cat "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml")" = "node-ip: 100.64.0.1" ]
  [ "$(command_of)" = 'tailscale set --accept-routes --advertise-routes=$SUBNET' ]
}

@test "what else a host advertises is kept, and parts of the pods' network are not" {
  by_routes
  online
  installed
  for route in 192.0.2.0/24 10.43.0.0/16 10.0.0.0/8 0.0.0.0/0 fd7a:115c::/48; do
    echo "$route" >"$FAKE/tailscale/advertised"
    run_before_start k3s
    [ "$(command_of)" = "tailscale set --accept-routes --advertise-routes=\$SUBNET,$route" ]
  done
  for route in 10.42.7.0/24 10.42.0.0/16; do
    echo "$route" >"$FAKE/tailscale/advertised"
    run_before_start k3s
    [ "$(command_of)" = 'tailscale set --accept-routes --advertise-routes=$SUBNET' ]
  done
}

@test "without an answer of tailscaled k3s is not started on what stands there" {
  by_routes
  installed
  run on_host env PATH="$FAKE/nothing:/usr/bin:/bin" /usr/local/lib/hybrid-k3s/write-flannel-conf.sh 10.42.0.0/16
  [ "$status" -ne 0 ]
  [[ "$output" == *"tailscaled does not tell what this host advertises"* ]]
}

@test "from k3s's own integration: its file goes, the routes stay, and k3s is restarted once" {
  installed
  online
  echo 10.42.0.0/24 | tee "$FAKE/tailscale/advertised" >"$FAKE/tailscale/routes"
  by_routes
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ "$(cat "$FAKE/tailscale/advertised")" = 10.42.0.0/24 ]
  [ "$(calls '^(tailscale (set|up|down|logout)|systemctl (start|stop))')" = "systemctl stop k3s.service
systemctl start --no-block k3s.service
systemctl start k3s.service" ]
}

@test "and back: its own files go, the routes stay, and k3s is restarted once" {
  by_routes
  online
  installed
  run_before_start k3s
  echo 10.42.0.0/24 | tee "$FAKE/tailscale/advertised" >"$FAKE/tailscale/routes"
  forget_calls
  export INTEGRATION=k3s CONFIG_YAML='cluster-cidr: 10.42.0.0/16
node-name: rack-1
vpn-auth-file: /etc/hybrid-k3s/vpn-auth'
  run_script install-k3s
  assert_success
  [ -s "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ ! -e "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml" ]
  [ ! -e "$HOST/etc/hybrid-k3s/flannel.json" ]
  [ "$(grep -c ExecStartPre "$HOST/etc/systemd/system/k3s.service.d/hybrid-k3s.conf")" = 1 ]
  [ "$(calls '^(tailscale (set|up|down|logout)|systemctl (start|stop))')" = "systemctl stop k3s.service
systemctl start --no-block k3s.service
systemctl start k3s.service" ]
}

@test "a restart after which the tailnet does not send the pods' route to the host any more is a failure" {
  installed
  online
  echo 10.42.0.0/24 | tee "$FAKE/tailscale/advertised" >"$FAKE/tailscale/routes"
  by_routes
  # As where the approval was taken away meanwhile: it is offered still.
  lose_route='case $1 in stop) rm -f "$FAKE/tailscale/routes" ;; esac'
  sed "2i$lose_route" "$STUBS/systemctl" >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  export ROUTE_SECONDS=1
  run_script install-k3s
  assert_failure
  assert_stderr "rack-1: k3s.service runs again, but the tailnet does not send 10.42.0.0/24 to this host any more, as it did before the restart"
}

@test "a route that the host does not offer any more is not waited for" {
  installed
  online
  echo 10.42.0.0/24 | tee "$FAKE/tailscale/advertised" >"$FAKE/tailscale/routes"
  by_routes
  change='case $1 in stop) rm -f "$FAKE/tailscale/routes" && echo 10.42.5.0/24 >"$FAKE/tailscale/advertised" ;; esac'
  sed "2i$change" "$STUBS/systemctl" >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  export ROUTE_SECONDS=1
  run_script install-k3s
  assert_success
}

@test "a server with etcd is told its tailnet address by k3s's own integration too, so that its member stays what it is" {
  online
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16
cluster-init: true
node-name: rack-1
vpn-auth-file: /etc/hybrid-k3s/vpn-auth'
  installed
  run_before_start k3s
  [ "$(cat "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml")" = "node-ip: 100.64.0.1
advertise-address: 100.64.0.1" ]
  run_script install-k3s
  assert_success
  [ -e "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml" ]
  [ -s "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ ! -e "$HOST/etc/hybrid-k3s/flannel.json" ]
  refute_call '^systemctl.* (start|stop|restart|daemon-reload)'
}
