# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load join_helper

@test "a host that is logged in already needs no key" {
  joined
  run_script join-tailnet
  assert_success
  refute_call '^tailscale up'
}

@test "a key that was not needed is removed all the same" {
  joined
  give_key tskey-auth-unused
  run_script join-tailnet
  assert_success
  [ ! -e "$HOST/run/hybrid-k3s/rack-1" ]
}

@test "preferences that k3s wiped are put right without a login" {
  joined
  for name in name accept-routes dns no-snat; do rm "$FAKE/tailscale/$name"; done
  touch "$FAKE/tailscale/name"
  run_script join-tailnet
  assert_success
  assert_call '^tailscale set --accept-routes --accept-dns=false --snat-subnet-routes=false --hostname=rack-1$'
  refute_call '^tailscale up'
}

@test "a login as another device is refused with the commands" {
  joined
  echo laptop >"$FAKE/tailscale/name"
  run_script join-tailnet
  assert_failure
  assert_stderr 'as laptop with tags: tag:k3s-edge, not to https://controlplane.tailscale.com as rack-1 with tag:k3s-edge'
  assert_stderr 'tailscale logout'
}

@test "a login with another tag is refused" {
  joined
  echo tag:k3s-other >"$FAKE/tailscale/tag"
  run_script join-tailnet
  assert_failure
  assert_stderr 'with tags: tag:k3s-other'
}

@test "a device that was deleted in the tailnet joins again with the key" {
  joined
  echo false >"$FAKE/tailscale/online"
  control_answers
  echo tskey-auth-new >"$FAKE/tailscale/good-key"
  give_key tskey-auth-new
  run_script join-tailnet
  assert_success
  assert_call '^tailscale up --reset'
}

@test "a server that joins again with a key stands behind its Service again, once its k3s runs" {
  joined
  mkdir -p "$HOST/etc/hybrid-k3s"
  echo svc:k3s-api | tee "$FAKE/tailscale/services" "$FAKE/tailscale/served" >"$HOST/etc/hybrid-k3s/api-service"
  control_answers
  for attempt in down up; do
    [ $attempt = down ] || touch "$FAKE/units/k3s.service.active"
    echo false >"$FAKE/tailscale/online"
    echo tskey-auth-$attempt >"$FAKE/tailscale/good-key"
    give_key tskey-auth-$attempt
    run_script join-tailnet
    assert_success
    [ $attempt = up ] || refute_call '^tailscale serve --'
  done
  assert_call '^tailscale serve --service=svc:k3s-api '
}

@test "a node that is slow to come online is not reset with a key that served its join, used or not" {
  joined
  give_key tskey-auth-unused
  run_script join-tailnet
  assert_success
  touch "$HOST/etc/systemd/system/k3s-agent.service"
  echo false >"$FAKE/tailscale/online"
  control_answers
  give_key tskey-auth-unused
  run_script join-tailnet
  assert_failure
  assert_stderr 'its auth key was used up earlier'
  refute_call '^tailscale up'
  [[ "$(cat "$HOST/etc/hybrid-k3s/spent-key")" != *tskey* ]]
}

@test "a host of another stack or node is refused" {
  claim_host other
  run_script join-tailnet
  assert_failure
  assert_stderr 'belongs to cluster other of stack hybrid-k3s/dev'
  claim_host edge hybrid-k3s/dev rack-7
  run_script join-tailnet
  assert_failure
  assert_stderr 'still node rack-7 of this cluster'
}

@test "a tailscale that is not ours is refused before anything is written" {
  mkdir -p "$HOST/var-lib/tailscale"
  touch "$HOST/var-lib/tailscale/tailscaled.state"
  before=$(host_state)
  run_script join-tailnet
  assert_failure
  assert_stderr 'a tailscale that is not ours is on this host'
  [ "$(host_state)" = "$before" ]
}

@test "a new tailscale version restarts tailscaled and nothing else" {
  joined
  export TAILSCALE_VERSION=1.90.1
  serve_tailscale 1.90.1
  run_script join-tailnet
  assert_success
  [ "$(calls '^systemctl (re)?start')" = "systemctl restart tailscaled.service" ]
  [ "$("$HOST/usr-local/sbin/tailscaled")" = 1.90.1 ]
  refute_call '^tailscale up'
}

@test "a tailscaled that runs again and is not sent its pods' route any more is a failure" {
  joined
  echo 10.42.0.0/24 | tee "$FAKE/tailscale/advertised" >"$FAKE/tailscale/routes"
  # As where the approval was taken away meanwhile: it is offered still.
  lose_route='case $1 in restart) rm -f "$FAKE/tailscale/routes" ;; esac'
  sed "2i$lose_route" "$STUBS/systemctl" >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  export TAILSCALE_VERSION=1.90.1 ROUTE_SECONDS=1
  serve_tailscale 1.90.1
  run_script join-tailnet
  assert_failure
  assert_stderr 'rack-1: tailscaled 1.90.1 runs, but the tailnet does not send 10.42.0.0/24 to this host any more, as it did before'
}

@test "a join that was killed after the login goes on without the key" {
  joined
  rm -r "$HOST/etc/systemd/system/hybrid-k3s-guard.service" "$FAKE/units/hybrid-k3s-guard.service.active"
  run_script join-tailnet
  assert_success
  [ "$(calls '^systemctl (re)?start')" = "systemctl restart hybrid-k3s-guard.service" ]
  refute_call '^tailscale up'
}

@test "on the cluster's server a dead or missing key gives the login that keeps the cluster" {
  touch "$HOST/etc/systemd/system/k3s.service"
  control_answers
  give_key tskey-auth-dead
  for seen in 'the auth key is used, expired or refused' 'its auth key was used up earlier'; do
    run_script join-tailnet
    assert_failure
    assert_stderr "$seen; make a one-off auth key for tag:k3s-edge"
    assert_stderr 'tailscale up --reset --auth-key=KEY --hostname=rack-1 --accept-dns=false'
    [[ "$stderr" != *"$REPLACE_COMMAND"* ]]
    rm -f "$HOST/run/hybrid-k3s/rack-1/auth-key"
  done
}

@test "a run that is cut off before the restarts is made up for by the next" {
  joined
  export TAILSCALE_VERSION=1.90.1
  serve_tailscale 1.90.1
  echo '# of an older version' >>"$HOST/etc/systemd/system/hybrid-k3s-guard.service"
  printf '#!/bin/sh\ncase $1 in daemon-reload) exit 1 ;; esac\nexec "$STUBS/systemctl" "$@"\n' >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  run_script join-tailnet
  assert_failure
  rm "$FAKE/bin/systemctl"
  forget_calls
  run_script join-tailnet
  assert_success
  [ "$(calls '^systemctl (daemon-reload|(re)?start)')" = "systemctl daemon-reload
systemctl restart hybrid-k3s-guard.service
systemctl restart tailscaled.service" ]
}

@test "another podCidr takes the old one's route away by the old unit" {
  joined
  export POD_CIDR=10.52.0.0/16
  printf '#!/bin/sh\n[ "$1 $2" != "stop hybrid-k3s-route.service" ] || grep ^ExecStop /etc/systemd/system/$2 >"$FAKE/stopped-by"\nexec "$STUBS/systemctl" "$@"\n' >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  run_script join-tailnet
  assert_success
  [ "$(cat "$FAKE/stopped-by")" = 'ExecStop=-ip -4 route del unreachable 10.42.0.0/16 metric 4000' ]
  [ "$(calls '^systemctl (stop|daemon-reload|(re)?start)' | cut -d' ' -f2- | paste -sd ' ' -)" = "stop hybrid-k3s-guard.service stop hybrid-k3s-route.service daemon-reload restart hybrid-k3s-route.service restart hybrid-k3s-guard.service" ]
}
