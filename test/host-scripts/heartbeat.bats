# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

# A unit as systemd 249 shows it in $FAKE/unit (Ubuntu 22.04; it knows no --timestamp=unix), its journal in $FAKE/journal, and a Node in $FAKE/node.json; each PATCH is a line of $FAKE/patches
# and runs $FAKE/after-patch.
make_unit() {
  mkdir -p "$HOST/var-lib/rancher/k3s/agent"
  printf 'clusters:\n- cluster:\n    server: https://127.0.0.1:6444\n' >"$HOST/var-lib/rancher/k3s/agent/kubelet.kubeconfig"
  : >"$FAKE/patches"
  unit activating start
  cat >"$FAKE/bin/systemctl" <<'SYSTEMCTL'
#!/bin/sh
case $* in
  *--timestamp=unix*) echo "Failed to parse timestamp style: unix." >&2 && exit 1 ;;
  "show -p ActiveState,SubState,InvocationID,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic "*)
    sed -n '/^ExecMainStartTimestamp=/!p' "$FAKE/unit"
    date -d "$(sed -n 's/^ExecMainStartTimestamp=//p' "$FAKE/unit")" '+ExecMainStartTimestamp=%a %F %T %Z'
    ;;
  *) exec "$STUBS/systemctl" "$@" ;;
esac
SYSTEMCTL
  cat >"$FAKE/bin/curl" <<'CURL'
#!/bin/sh
echo "curl $*" >>"$CALLS"
for word; do address=$word; done
case $* in
  *"-X PATCH"*"$address") echo "$address $*" >>"$FAKE/patches" && { [ ! -f "$FAKE/after-patch" ] || . "$FAKE/after-patch"; } ;;
  *) [ -f "$FAKE/node.json" ] || exit 7; cat "$FAKE/node.json" ;;
esac
CURL
  chmod +x "$FAKE/bin/systemctl" "$FAKE/bin/curl"
}

# unit STATE PHASE: k3s has been running since STARTED, by the clock of then, which was SET_BACK seconds ahead of the clock of now.
unit() {
  : "${STARTED:=$(date +%s)}"
  up=$(($(cut -d. -f1 /proc/uptime) - $(date +%s) + STARTED - ${SET_BACK:-0}))
  printf 'ActiveState=%s\nSubState=%s\nInvocationID=abc\nExecMainStartTimestamp=@%s\nExecMainStartTimestampMonotonic=%s\n' "$1" "$2" "$STARTED" "${up}000000" >"$FAKE/unit"
}

# report STATUS SECONDS: kubelet's word of the Node, that many seconds after k3s's start; as the API server prints it for a reader.
report() {
  cat >"$FAKE/node.json" <<NODE
{
  "status": {
    "conditions": [
      { "type": "DiskPressure", "status": "False", "lastHeartbeatTime": "$(date -u -d "@$((STARTED + 60))" +%FT%TZ)" },
      {
        "type": "Ready",
        "status": "$1",
        "lastHeartbeatTime": "$(date -u -d "@$((STARTED + $2))" +%FT%TZ)",
        "lastTransitionTime": "2026-11-29T04:45:10Z"
      }
    ]
  }
}
NODE
}

beat() {
  run --separate-stderr on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" timeout "$1" /usr/local/lib/hybrid-k3s/send-heartbeat.sh "$2" rack-1
}

patches() { wc -l <"$FAKE/patches"; }

@test "each start of k3s starts the heartbeat without waiting for it, and an agent ends it by being active" {
  as_agent
  installed
  [ "$(cat "$HOST/etc/systemd/system/k3s-agent.service.d/hybrid-k3s-heartbeat.conf")" = "[Service]
ExecStartPre=-systemctl restart --no-block hybrid-k3s-heartbeat.service" ]
  grep -qx 'ExecStart=/usr/local/lib/hybrid-k3s/send-heartbeat.sh k3s-agent.service rack-1' "$HOST/etc/systemd/system/hybrid-k3s-heartbeat.service"
  make_unit
  report True 0
  printf 'sed -i s/activating/active/ "$FAKE/unit"\n' >"$FAKE/after-patch"
  beat 40 k3s-agent.service
  assert_success
  assert_output "k3s-agent.service has gone on after 1 heartbeats"
  grep -q '^https://127.0.0.1:6444/api/v1/nodes/rack-1/status ' "$FAKE/patches"
  sent=$(sed -nE 's/.*-H Content-Type: application\/strategic-merge-patch\+json -d \{"status":\{"conditions":\[\{"type":"Ready","lastHeartbeatTime":"([^"]+)"\}\]\}\}.*/\1/p' "$FAKE/patches")
  [ $(($(date +%s) - $(date -d "$sent" +%s))) -le 10 ]
  assert_call '--cert /var/lib/rancher/k3s/agent/client-kubelet.crt --key /var/lib/rancher/k3s/agent/client-kubelet.key'
}

@test "nothing is sent before kubelet itself has reported the Node Ready since the start" {
  as_agent
  installed
  make_unit
  for word in "True -1" "False 5" "Unknown 5"; do
    # shellcheck disable=SC2086 # two words
    report $word
    beat 2 k3s-agent.service
    [ "$status" -eq 124 ]
    [ "$(patches)" = 0 ]
  done
  printf '{"status":{"conditions":[]}}' >"$FAKE/node.json"
  beat 2 k3s-agent.service
  [ "$(patches)" = 0 ]
}

@test "a clock that is set back after k3s started does not end the heartbeats, which go by the clock of then" {
  as_agent
  installed
  STARTED=$(($(date +%s) + 3590)) SET_BACK=3600
  make_unit
  # Of the start before, by the clock of then.
  report True -5
  beat 2 k3s-agent.service
  [ "$status" -eq 124 ]
  [ "$(patches)" = 0 ]
  report True -3595
  printf 'sed -i s/activating/active/ "$FAKE/unit"\n' >"$FAKE/after-patch"
  beat 40 k3s-agent.service
  assert_success
  sent=$(sed -nE 's/.*"lastHeartbeatTime":"([^"]+)".*/\1/p' "$FAKE/patches")
  [ "$(date -d "$sent" +%s)" -ge "$STARTED" ]
  [ "$(date -d "$sent" +%s)" -le $((STARTED + 60)) ]
}

@test "nothing is asked while k3s waits behind its gate, and the end of k3s ends it" {
  as_agent
  installed
  make_unit
  unit activating start-pre
  report True 5
  beat 2 k3s-agent.service
  refute_call '^curl'
  unit inactive dead
  beat 2 k3s-agent.service
  assert_success
  [ "$(patches)" = 0 ]
}

@test "a server's heartbeat goes on until the network policy controller of this very start has started" {
  installed
  make_unit
  unit active running
  report True 3
  printf '[ "$(wc -l <"$FAKE/patches")" -lt 2 ] || echo "Starting network policy controller version v2.6.3-k3s1, built on 2026, go1.25.9" >"$FAKE/journal"\n' >"$FAKE/after-patch"
  beat 40 k3s.service
  assert_success
  [ "$(patches)" = 2 ]
  assert_call '^journalctl -q -o cat _SYSTEMD_INVOCATION_ID=abc'
}

@test "a server that was told to run no network policy controller is not waited for, and one that was not is" {
  installed
  make_unit
  unit active running
  report True 3
  mkdir -p "$HOST/etc/rancher/k3s/config.yaml.d"
  for setting in 'disable-network-policy: true' '"disable-agent": "true" # no kubelet here'; do
    echo "$setting" >"$HOST/etc/rancher/k3s/config.yaml.d/50-site.yaml"
    beat 5 k3s.service
    assert_success
    assert_output "k3s.service has gone on after 0 heartbeats"
  done
  echo 'disable-network-policy: false' >"$HOST/etc/rancher/k3s/config.yaml.d/60-site.yml"
  printf 'disable-network-policy: true' >"$HOST/etc/rancher/k3s/config.yaml.d/50-site.yaml"
  beat 2 k3s.service
  [ "$status" -eq 124 ]
  unit activating start
  echo 'disable-network-policy: true' >"$HOST/etc/rancher/k3s/config.yaml.d/60-site.yml"
  beat 2 k3s.service
  [ "$status" -eq 124 ]
}

@test "a host that stands gets the heartbeat without a restart of k3s" {
  installed
  rm "$HOST/etc/systemd/system/hybrid-k3s-heartbeat.service" "$HOST/etc/systemd/system/k3s.service.d/hybrid-k3s-heartbeat.conf" "$HOST/usr-local/lib/hybrid-k3s/send-heartbeat.sh"
  run_script install-k3s
  assert_success
  [ "$(calls '^systemctl (daemon-reload|start|stop|restart)')" = "systemctl daemon-reload
systemctl restart --no-block hybrid-k3s-heartbeat.service" ]
  forget_calls
  run_script install-k3s
  refute_call '^systemctl (daemon-reload|start|stop|restart)'
}
