# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

over_vxlan() {
  export INTEGRATION=flannel-iface CONFIG_YAML='cluster-cidr: 10.42.0.0/16
flannel-backend: vxlan
flannel-iface: tailscale0
node-name: rack-1'
}

address_file() { cat "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml"; }

# What systemd runs before each start of k3s.
note_address() { on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" /usr/local/lib/hybrid-k3s/write-node-address.sh "$1"; }

@test "k3s gets no VPN of its own, and its address behind the gate" {
  over_vxlan
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ "$(grep ExecStartPre "$HOST/etc/systemd/system/k3s.service.d/hybrid-k3s.conf")" = "ExecStartPre=/usr/local/lib/hybrid-k3s/wait-tailnet.sh 120
ExecStartPre=/usr/local/lib/hybrid-k3s/write-node-address.sh server" ]
  refute_call '^tailscale set'
}

@test "a second run changes and restarts nothing, though the address was written since" {
  over_vxlan
  installed
  note_address server
  [ "$(address_file)" = "node-ip: 100.64.0.1
advertise-address: 100.64.0.1" ]
  [ "$(mode etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml)" = 600 ]
  run_script install-k3s
  assert_success
  refute_call '^systemctl.* (start|stop|restart|daemon-reload)'
}

@test "an agent writes its address alone, and another one at its next start" {
  over_vxlan
  as_agent
  installed
  echo 100.64.0.7 >"$FAKE/tailscale/ip"
  note_address agent
  [ "$(address_file)" = "node-ip: 100.64.0.7" ]
}

@test "without an address k3s is not started on the old one" {
  over_vxlan
  installed
  rm "$FAKE/tailscale/ip"
  run note_address server
  [ "$status" -ne 0 ]
}

@test "what k3s's own integration left is taken away, routes in the tailnet included" {
  installed
  echo 10.42.0.0/24 >"$FAKE/tailscale/advertised"
  over_vxlan
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ ! -s "$FAKE/tailscale/advertised" ]
  [ "$(calls '^(tailscale set|systemctl (start|stop))')" = "tailscale set --advertise-routes=
systemctl stop k3s.service
systemctl start --no-block k3s.service
systemctl start k3s.service" ]
}

@test "what flannel-iface left is taken away" {
  over_vxlan
  installed
  note_address server
  unset INTEGRATION
  run_script install-k3s
  assert_success
  [ -s "$HOST/etc/hybrid-k3s/vpn-auth" ]
  [ ! -e "$HOST/etc/rancher/k3s/config.yaml.d/10-hybrid-k3s-address.yaml" ]
  [ "$(grep -c write-node-address "$HOST/etc/systemd/system/k3s.service.d/hybrid-k3s.conf")" = 0 ]
}
