# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

NAMES=etc/rancher/k3s/config.yaml.d/20-hybrid-k3s-api-service.yaml
UNIT=etc/systemd/system/k3s.service.d/hybrid-k3s-api-service.conf
SERVE='^tailscale serve --service=svc:k3s-api --tcp=6443 tcp://127.0.0.1:6443$'

behind_service() {
  export INTEGRATION=routes API_SERVICE=svc:k3s-api API_SERVICE_ADDRESSES='100.127.0.1 fd7a:115c:a1e0::7f00:1' SERVICE_SECONDS=1
  echo Running >"$FAKE/tailscale/state"
  echo true >"$FAKE/tailscale/online"
  echo tailnet.test >"$FAKE/tailscale/suffix"
  echo svc:k3s-api >"$FAKE/tailscale/approved"
}

@test "a server's certificate gets the Service's names before its start, and the server stands behind it after" {
  behind_service
  run_script install-k3s
  assert_success
  [ "$(cat "$HOST/$NAMES")" = 'tls-san+:
- "k3s-api"
- "k3s-api.tailnet.test"
- "100.127.0.1"
- "fd7a:115c:a1e0::7f00:1"' ]
  [ "$(mode "$NAMES")" = 600 ]
  [ "$(calls "^systemctl start k3s.service|$SERVE" | cut -d' ' -f1,2 | paste -sd, -)" = "systemctl start,tailscale serve" ]
  [ "$(cat "$HOST/etc/hybrid-k3s/api-service")" = svc:k3s-api ]
}

@test "k3s's unit takes the server from behind the Service when k3s stops, and puts it there when it serves" {
  behind_service
  installed
  [ "$(grep "=" "$HOST/$UNIT")" = 'ExecStartPost=-timeout 15 /usr/local/bin/tailscale serve --service=svc:k3s-api --tcp=6443 tcp://127.0.0.1:6443
ExecStopPost=-timeout 15 /usr/local/bin/tailscale serve drain svc:k3s-api' ]
}

@test "a second run changes and restarts nothing" {
  behind_service
  installed
  before=$(host_state)
  run_script install-k3s
  assert_success
  [ "$(host_state)" = "$before" ]
  refute_call '^systemctl.* (start|stop|restart|daemon-reload)'
  refute_call '^tailscale serve (--|drain|clear|advertise)'
}

@test "other addresses of the Service restart k3s, whose certificate names them" {
  behind_service
  installed
  export API_SERVICE_ADDRESSES=100.127.0.9
  run_script install-k3s
  assert_success
  assert_call '^systemctl stop k3s.service$'
  grep -qx -- '- "100.127.0.9"' "$HOST/$NAMES"
}

@test "a host that the tailnet does not send to is told with the remedy, and is no failure" {
  behind_service
  rm "$FAKE/tailscale/approved"
  run_script install-k3s
  assert_success
  assert_stderr 'rack-1: offers svc:k3s-api, and the tailnet sends nothing to it yet, 1 s later'
  assert_stderr 'approve this one at https://login.tailscale.com/admin/services'
  assert_call "$SERVE"
}

@test "a tailscale that refuses is a failure in its own words, with the remedy, after k3s runs" {
  behind_service
  echo 'service hosts must be tagged nodes' >"$FAKE/tailscale/serve-refuses"
  run_script install-k3s
  assert_failure
  assert_stderr 'rack-1: tailscale does not let this host stand behind svc:k3s-api: service hosts must be tagged nodes. vpn.version has to be 1.86.2 or later'
  [ -e "$FAKE/units/k3s.service.active" ]
  rm "$FAKE/tailscale/serve-refuses"
  run_script install-k3s
  assert_success
}

@test "what the unit drained is advertised again by a run that restarts nothing" {
  behind_service
  installed
  rm "$FAKE/tailscale/services"
  run_script install-k3s
  assert_success
  assert_call "$SERVE"
  refute_call '^systemctl stop'
}

@test "without the setting the host leaves the Service, its names and its unit" {
  behind_service
  installed
  unset API_SERVICE API_SERVICE_ADDRESSES
  run_script install-k3s
  assert_success
  [ "$(calls '^tailscale serve (drain|clear)' | paste -sd, -)" = "tailscale serve drain svc:k3s-api,tailscale serve clear svc:k3s-api" ]
  [ ! -e "$HOST/$NAMES" ] && [ ! -e "$HOST/$UNIT" ] && [ ! -e "$HOST/etc/hybrid-k3s/api-service" ]
  assert_call '^systemctl daemon-reload'
  forget_calls
  run_script install-k3s
  assert_success
  refute_call '^tailscale serve|^systemctl.* (stop|daemon-reload)'
}

@test "under another name the host leaves the former Service" {
  behind_service
  installed
  export API_SERVICE=svc:edge-api
  run_script install-k3s
  assert_success
  [ "$(calls '^tailscale serve (drain|clear|--)' | paste -sd, -)" = "tailscale serve drain svc:k3s-api,tailscale serve clear svc:k3s-api,tailscale serve --service=svc:edge-api --tcp=6443 tcp://127.0.0.1:6443" ]
  [ "$(cat "$HOST/etc/hybrid-k3s/api-service")" = svc:edge-api ]
}

@test "an agent has nothing of it" {
  behind_service
  as_agent
  unset API_SERVICE API_SERVICE_ADDRESSES
  run_script install-k3s
  assert_success
  [ ! -e "$HOST/$NAMES" ]
  refute_call '^tailscale serve'
}

@test "a host that is cleaned leaves the Service before it logs out" {
  behind_service
  claim_host
  echo svc:k3s-api >"$HOST/etc/hybrid-k3s/api-service"
  run_script clean-host
  assert_success
  [ "$(calls '^tailscale (serve|logout)' | paste -sd, -)" = "tailscale serve drain svc:k3s-api,tailscale serve clear svc:k3s-api,tailscale logout" ]
}
