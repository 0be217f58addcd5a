# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

@test "a rotated token of the same cluster keeps the state and restarts" {
  as_agent aaaa
  installed
  echo 'K10aaaa::node:other' >"$HOST/etc/hybrid-k3s/agent-token"
  run_script install-k3s
  assert_success
  refute_call k3s-killall
  assert_call '^systemctl stop k3s-agent.service$'
}

@test "a start that does not get ready shows the journal without secrets, and what helps" {
  as_agent
  touch "$FAKE/stuck"
  printf '%s\n' 'level=info msg="K10aaaa::node:secret joinKey=tskey-auth-x"' 'level=error msg="Node password rejected, duplicate hostname"' >"$FAKE/journal"
  run_script install-k3s
  assert_failure
  assert_stderr 'k3s-agent.service is not ready after 2 s (activating); a Node called rack-1 is left from another machine; delete it: kubectl delete node rack-1'
  assert_stderr 'K10***'
  [[ "$stderr" != *secret* && "$stderr" != *tskey-auth-x* ]]
}

@test "a start that is still under way with the same files is waited for, not begun again" {
  touch "$FAKE/stuck"
  run_script install-k3s
  assert_failure
  forget_calls
  rm "$FAKE/stuck"
  mv "$FAKE/units/k3s.service.activating" "$FAKE/units/k3s.service.active"
  run_script install-k3s
  assert_success
  refute_call '^systemctl (start|stop)'
}

gate() {
  installed
  run on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" /usr/local/lib/hybrid-k3s/wait-tailnet.sh "$@"
}

@test "the gate opens when tailscale is Running and Online, and warms the path" {
  echo Running >"$FAKE/tailscale/state"
  echo true >"$FAKE/tailscale/online"
  echo pong >"$FAKE/tailscale/pong"
  gate 1 100.64.0.9
  assert_success
  [ "$(calls '^tailscale ping')" = "tailscale ping --tsmp -c 1 --timeout 1s 100.64.0.9" ]
}

@test "the gate stays shut for a deleted device, which is Running but never Online" {
  echo Running >"$FAKE/tailscale/state"
  gate 1
  [ "$status" -eq 1 ]
  [[ "$output" == *"not online in the tailnet after 1 s"* ]]
}

@test "the gate brings a tailscale up that was told to be down, with its settings and without a key" {
  echo Stopped >"$FAKE/tailscale/state"
  echo rack-1 >"$FAKE/tailscale/name"
  gate 2
  assert_success
  [ "$(calls '^tailscale (up|set|down)')" = "tailscale up --timeout=20s" ]
}

@test "a drop-in that an earlier run wrote and systemd never read is read now" {
  installed
  touch -d '-1 hour' "$FAKE/reloaded"
  run_script install-k3s
  assert_success
  [ "$(calls '^systemctl (daemon-reload|start|stop)')" = "systemctl daemon-reload" ]
}

@test "another text of the script, of its comments and of what it puts on the host, restarts no k3s" {
  installed
  echo ok | serve http://127.0.0.1:10248/healthz
  rendered install-k3s | sed -e 's/^# Usage: sh -s/# Said otherwise. Usage: sh -s/' -e 's/^# Ends with 0 when tailscaled/# Closes with 0 when tailscaled/' -e 's/^say() {/say() { :;/' >"$FAKE/script"
  [ "$(rendered install-k3s | diff - "$FAKE/script" | grep -c '^>')" = 3 ]
  run --separate-stderr on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" TMPDIR="$FAKE/tmp" timeout 60 dash -s -- install-k3s <"$FAKE/script"
  assert_success
  grep -q '^# Closes with 0 when tailscaled' "$HOST/usr-local/lib/hybrid-k3s/wait-tailnet.sh"
  refute_call '^systemctl.* (start|stop|restart) .*k3s'
}
