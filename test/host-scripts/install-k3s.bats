# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

@test "a server is installed pinned, configured, and started behind the gate" {
  run_script install-k3s
  assert_success
  assert_output '{"k3sVersion":"v1.35.4+k3s1"}'
  [ "$(cat "$FAKE/installer-environment")" = "INSTALL_K3S_EXEC=server
INSTALL_K3S_SKIP_DOWNLOAD=true
INSTALL_K3S_SKIP_SELINUX_RPM=true
INSTALL_K3S_SKIP_START=true" ]
  [ "$(cat "$HOST/etc/rancher/k3s/config.yaml")" = "$CONFIG_YAML" ]
  [ "$(cat "$HOST/etc/hybrid-k3s/vpn-auth")" = "name=tailscale,joinKey=not-used-see-gate,extraArgs=--hostname=rack-1 --accept-dns=false --accept-routes --snat-subnet-routes=false" ]
  [ "$(mode etc/rancher/k3s/config.yaml) $(mode etc/hybrid-k3s/vpn-auth)" = "600 600" ]
  grep -qx 'ExecStartPre=/usr/local/lib/hybrid-k3s/wait-tailnet.sh 120' "$HOST/etc/systemd/system/k3s.service.d/hybrid-k3s.conf"
  assert_call '^systemctl start --no-block k3s.service$'
}

@test "a second run downloads, changes and restarts nothing" {
  installed
  before=$(host_state)
  run_script install-k3s
  assert_success
  assert_output '{"k3sVersion":"v1.35.4+k3s1"}'
  [ "$(host_state)" = "$before" ]
  refute_call '^(curl|systemctl.* (start|stop|restart|enable|daemon-reload))'
}

@test "a changed config restarts k3s without a download" {
  installed
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16'
  run_script install-k3s
  assert_success
  [ "$(calls '^(curl|systemctl (start|stop))')" = "systemctl stop k3s.service
systemctl start --no-block k3s.service
systemctl start k3s.service" ]
}

@test "changed labels and taints are written and restart nothing, other settings after them do" {
  as_agent
  export CONFIG_YAML='node-label:
  - tier=gold
node-taint:
  - a=b:NoSchedule
token-file: /etc/hybrid-k3s/agent-token'
  installed
  export CONFIG_YAML='node-label:
  - tier=silver
  - zone=a
token-file: /etc/hybrid-k3s/agent-token'
  run_script install-k3s
  assert_success
  [ "$(cat "$HOST/etc/rancher/k3s/config.yaml")" = "$CONFIG_YAML" ]
  refute_call '^systemctl.* (start|stop|restart)'
  export CONFIG_YAML="$CONFIG_YAML
with-node-id: true"
  run_script install-k3s
  assert_call '^systemctl stop k3s-agent.service$'
}

@test "a changed tailnet address restarts k3s, which reads it only when it starts" {
  installed
  echo 100.64.0.7 >"$FAKE/tailscale/ip"
  run_script install-k3s
  assert_call '^systemctl stop k3s.service$'
}

@test "a server whose config wants an agent token of its own gets one, once" {
  export CONFIG_YAML='agent-token-file: /etc/hybrid-k3s/agent-token'
  installed
  token=$(cat "$HOST/etc/hybrid-k3s/agent-token")
  [[ "$token" =~ ^[0-9a-f]{64}$ ]]
  [ "$(mode etc/hybrid-k3s/agent-token)" = 600 ]
  run_script install-k3s
  [ "$(cat "$HOST/etc/hybrid-k3s/agent-token")" = "$token" ]
}

@test "an agent warms the path to its server before it starts" {
  as_agent
  run_script install-k3s
  assert_success
  grep -qx 'ExecStartPre=/usr/local/lib/hybrid-k3s/wait-tailnet.sh 120 100.64.0.9' "$HOST/etc/systemd/system/k3s-agent.service.d/hybrid-k3s.conf"
  assert_call '^systemctl start --no-block k3s-agent.service$'
}

@test "an agent's second run changes and restarts nothing" {
  as_agent
  installed
  before=$(host_state)
  run_script install-k3s
  assert_success
  [ "$(host_state)" = "$before" ]
  refute_call '^systemctl.* (start|stop|restart)'
}

@test "an agent whose Node was deleted is restarted once, because kubelet registers a Node only when it starts" {
  as_agent
  export DRAIN_ID=rack-1-draina1
  installed
  export DRAIN_ID=rack-1-drainb2
  run_script install-k3s
  assert_success
  assert_call '^systemctl stop k3s-agent.service$'
  forget_calls
  run_script install-k3s
  assert_success
  refute_call '^systemctl.* (start|stop|restart)'
}

@test "an agent without its token says what to do" {
  as_agent
  rm "$HOST/etc/hybrid-k3s/agent-token"
  run_script install-k3s
  assert_failure
  assert_stderr '/etc/hybrid-k3s/agent-token is missing; place it again: pulumi up --replace'
  export TOKEN_REPLACE_COMMAND="pulumi up --replace 'urn:pulumi:dev::token'"
  run_script install-k3s
  assert_stderr "/etc/hybrid-k3s/agent-token is missing; place it again: $TOKEN_REPLACE_COMMAND"
}
