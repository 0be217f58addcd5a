# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  export TAG=tag:k3s-edge TAILSCALE_VERSION=1.88.3 TAILSCALE_URL=https://pkgs.test/stable WAIT_SECONDS=2
  export AUTH_KEY_FILE=/run/hybrid-k3s/rack-1/auth-key
  serve_tailscale 1.88.3
  give_key tskey-auth-good
}

serve_tailscale() {
  local name="tailscale_$1_amd64"
  [ "$(uname -m)" = x86_64 ] || name="tailscale_$1_arm64"
  mkdir -p "$FAKE/$name"
  for program in tailscale tailscaled; do printf '#!/bin/sh\necho %s\n' "$1" >"$FAKE/$name/$program"; done
  chmod +x "$FAKE/$name"/*
  tar -C "$FAKE" -czf "$FAKE/$name.tgz" "$name"
  serve "https://pkgs.test/stable/$name.tgz" <"$FAKE/$name.tgz"
  sha256sum "$FAKE/$name.tgz" | cut -d' ' -f1 | serve "https://pkgs.test/stable/$name.tgz.sha256"
}

give_key() {
  mkdir -p "$HOST/run/hybrid-k3s/rack-1"
  printf '%s' "$1" >"$HOST/run/hybrid-k3s/rack-1/auth-key"
}

control_answers() { echo ok | serve "https://controlplane.tailscale.com/key?v=100"; }

joined() {
  run_script join-tailnet
  assert_success
  forget_calls
}

@test "a fresh host is claimed, gets tailscale and is logged in with the key, which is then gone" {
  run_script join-tailnet
  assert_success
  assert_output '{"tailnetIp":"100.64.0.1"}'
  assert_call 'tailscale up --reset --auth-key=file:/run/hybrid-k3s/rack-1/auth-key --hostname=rack-1 --accept-dns=false --accept-routes --snat-subnet-routes=false --timeout=2s$'
  [ ! -e "$HOST/run/hybrid-k3s/rack-1" ]
  [ "$(sed -n 's/ *"node": "\(.*\)",/\1/p' "$HOST/etc/hybrid-k3s/owner.json")" = rack-1 ]
  for unit in tailscaled hybrid-k3s-route hybrid-k3s-guard; do [ -e "$FAKE/units/$unit.service.active" ] && [ -e "$FAKE/units/$unit.service.enabled" ]; done
  grep -q 'unreachable 10.42.0.0/16 metric 4000' "$HOST/etc/systemd/system/hybrid-k3s-route.service"
  # Not stopped by a shutdown, while pods are still sending.
  grep -qx DefaultDependencies=no "$HOST/etc/systemd/system/hybrid-k3s-route.service"
  grep -qx 'net.ipv4.ip_forward = 1' "$HOST/etc/sysctl.d/90-hybrid-k3s.conf"
}

@test "the marker is valid JSON and lists only what was not there before" {
  mkdir -p "$HOST/var-lib/cni/kept"
  joined
  node -e '
    const marker = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    if (marker.version !== 1 || marker.cluster !== "edge" || marker.stack !== "hybrid-k3s/dev") throw new Error("owner");
    if (!marker.adds.files.includes("/var/lib/tailscale") || marker.adds.files.some((f) => f.startsWith("/var/lib/cni"))) throw new Error("files");
    if (!marker.found.sysctls.some((s) => s === "net.ipv4.ip_forward=0")) throw new Error("sysctls");' "$HOST/etc/hybrid-k3s/owner.json"
}

@test "a second run changes and restarts nothing" {
  joined
  before=$(host_state)
  run_script join-tailnet
  assert_success
  assert_output '{"tailnetIp":"100.64.0.1"}'
  [ "$(host_state)" = "$before" ]
  refute_call '^(tailscale (up|set)|curl|apt-get|systemctl.* (start|restart|enable|daemon-reload))'
}

@test "missing packages are installed and recorded with what came along, upgrades left out" {
  rm "$FAKE/bin/ipset" "$FAKE/bin/conntrack"
  printf '%s\n' ipset conntrack >"$FAKE/packages-after-update"
  run_script join-tailnet
  assert_success
  assert_call '^apt-get .*update$'
  for name in ipset libforipset conntrack libforconntrack; do grep -q "^      \"$name\",\?$" "$HOST/etc/hybrid-k3s/owner.json"; done
  run grep -q libold "$HOST/etc/hybrid-k3s/owner.json"
  assert_failure
}

@test "a package that cannot be had fails with the command to run, before tailscale is touched" {
  rm "$FAKE/bin/ipset"
  run_script join-tailnet
  assert_failure
  assert_stderr 'rack-1: cannot find the packages ipset: E: Unable to locate package ipset'
  assert_stderr 'apt-get update && apt-get install -y --no-install-recommends ipset'
  [ ! -e "$HOST/usr-local/bin/tailscale" ]
}

@test "an archive with another sum than published is refused" {
  echo 0000 | serve "https://pkgs.test/stable/$(cd "$FAKE" && echo tailscale_*.tgz).sha256"
  run_script join-tailnet
  assert_failure
  assert_stderr 'but 0000 is published for it'
  [ ! -e "$HOST/usr-local/bin/tailscale" ]
}

@test "the mirror's authority is trusted besides the host's own" {
  export CA_PEM=site-authority
  run_script join-tailnet
  assert_success
  assert_call '^curl .*--cacert .*/authorities.pem .*tgz$'
}

@test "a dead key fails with the replace line and never shows the key" {
  give_key tskey-auth-dead
  control_answers
  run_script join-tailnet
  assert_failure
  assert_stderr "make a new one and join again with: pulumi up --replace 'urn:pulumi:dev::key'"
  [[ "$stderr" != *tskey-auth-dead* ]]
}

@test "a missing key fails with the replace line" {
  rm "$HOST/run/hybrid-k3s/rack-1/auth-key"
  run_script join-tailnet
  assert_failure
  assert_stderr "pulumi up --replace 'urn:pulumi:dev::key'"
}

@test "a control server that is away is told from a dead key" {
  give_key tskey-auth-dead
  run_script join-tailnet
  assert_failure
  assert_stderr 'the control server https://controlplane.tailscale.com does not answer'
  [[ "$stderr" != *--replace* ]]
}

@test "a login server is passed on" {
  export LOGIN_SERVER=https://hs.example.org
  run_script join-tailnet
  assert_call 'tailscale up .*--login-server=https://hs.example.org$'
}

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

@test "a device that was deleted in the tailnet joins anew with the key" {
  joined
  echo false >"$FAKE/tailscale/online"
  control_answers
  give_key tskey-auth-good
  run_script join-tailnet
  assert_success
  assert_call '^tailscale up --reset'
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

@test "a join that was killed after the login goes on without the key" {
  joined
  rm -r "$HOST/etc/systemd/system/hybrid-k3s-guard.service" "$FAKE/units/hybrid-k3s-guard.service.active"
  run_script join-tailnet
  assert_success
  [ "$(calls '^systemctl (re)?start')" = "systemctl restart hybrid-k3s-guard.service" ]
  refute_call '^tailscale up'
}
