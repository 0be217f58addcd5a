# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load join_helper

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

@test "what this node alone needs is installed like what all need" {
  echo sqlite3-of-the-test >"$FAKE/packages"
  NODE_PROGRAMS=sqlite3-of-the-test run_script join-tailnet
  assert_success
  assert_call '^apt-get .*install sqlite3-of-the-test$'
  grep -q '^      "sqlite3-of-the-test",\?$' "$HOST/etc/hybrid-k3s/owner.json"
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

@test "of two files that come over one connection the one that does not is named" {
  archive=$(cd "$FAKE" && echo tailscale_*.tgz)
  rm "$FAKE"/web/*tgz
  run_script join-tailnet
  assert_failure
  assert_stderr "cannot fetch https://pkgs.test/stable/$archive: curl: (7) Failed to connect: network refused; check that this host reaches it: curl -I https://pkgs.test/stable/$archive"
  echo 404 | serve "https://pkgs.test/stable/$archive"
  run_script join-tailnet
  assert_failure
  assert_stderr "cannot fetch https://pkgs.test/stable/$archive: the server answered 404"
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

# The words of tailscale 1.88.3 at a headscale that takes it for too old (run).
DROPPED='You are logged out. The last login error was: register request: Post \"https://controlplane.tailscale.com/machine/register\": connection attempts aborted by context: context deadline exceeded'

@test "a client that the control server drops is told as that, not as a dead key" {
  control_answers
  mkdir -p "$FAKE/tailscale"
  printf '%s' "$DROPPED" >"$FAKE/tailscale/dropped"
  run_script join-tailnet
  assert_failure
  assert_stderr 'Post "https://controlplane.tailscale.com/machine/register": connection attempts aborted'
  assert_stderr 'its key is not the cause. Either tailscale 1.88.3 is too old for it (headscale logs: unsupported client version): raise vpn.version'
  [[ "$stderr" != *--replace* ]]
}

@test "a proxy as the only way out is told as that, with what tells it to tailscaled, and without its password" {
  control_answers
  give_key tskey-auth-dead
  : >"$FAKE/proxy"
  export https_proxy=http://me:pass@proxy.site.test:3128
  run_script join-tailnet
  assert_failure
  assert_stderr 'answers this host through a proxy alone, which tailscaled is not told of'
  assert_stderr "Environment=HTTPS_PROXY=http://proxy.site.test:3128\\n' >/etc/systemd/system/tailscaled.service.d/proxy.conf && systemctl daemon-reload"
  [[ "$stderr" != *pass@* && "$stderr" != *--replace* ]]
  # Also where its key went at an earlier try.
  rm "$HOST/run/hybrid-k3s/rack-1/auth-key"
  run_script join-tailnet
  assert_stderr 'through a proxy alone'
}

@test "a node that tailnet lock keeps out is told with the command that signs it, and goes on once it is signed" {
  mkdir -p "$FAKE/tailscale"
  echo 'this node is locked out; it will not have connectivity until it is signed. For more info, see https://tailscale.com/s/locked-out' >"$FAKE/tailscale/health"
  printf 'Tailnet lock is ENABLED.\n\nThis node is LOCKED OUT by tailnet-lock, and action is required to establish connectivity.\nRun the following command on a node with a trusted key:\n\ttailscale lock sign nodekey:ac5e tlpub:edc8\n' >"$FAKE/tailscale/lock"
  run_script join-tailnet
  assert_failure
  assert_stderr 'rack-1: is in the tailnet, but tailnet lock keeps it from all other devices until its key is signed. Run on a device that holds a signing key: tailscale lock sign nodekey:ac5e tlpub:edc8; then run pulumi up again'
  [[ "$stderr" != *--replace* ]]
  rm "$FAKE/tailscale/health"
  run_script join-tailnet
  assert_success
  assert_output '{"tailnetIp":"100.64.0.1"}'
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

@test "the authority of a login server is trusted by tailscaled, also after it changed, and by the look whether it answers" {
  export LOGIN_SERVER=https://hs.example.org CONTROL_CA_PEM='one authority'
  joined
  [ "$(cat "$HOST/etc/hybrid-k3s/control-ca.pem")" = 'one authority' ]
  grep -qx 'Environment=SSL_CERT_FILE=/etc/hybrid-k3s/control-ca.pem' "$HOST/etc/systemd/system/tailscaled.service"
  run_script join-tailnet
  refute_call 'systemctl restart tailscaled.service'
  export CONTROL_CA_PEM='another authority'
  run_script join-tailnet
  assert_call 'systemctl restart tailscaled.service'
  forget_calls
  unset CONTROL_CA_PEM
  run_script join-tailnet
  assert_call 'systemctl restart tailscaled.service'
  [ ! -e "$HOST/etc/hybrid-k3s/control-ca.pem" ]
  run ! grep -q SSL_CERT_FILE "$HOST/etc/systemd/system/tailscaled.service"
}

@test "the authority of a login server is what its certificate is looked at with" {
  export LOGIN_SERVER=https://hs.example.org CONTROL_CA_PEM='one authority'
  give_key tskey-auth-dead
  run_script join-tailnet
  assert_failure
  assert_call 'curl .*--cacert /etc/hybrid-k3s/control-ca.pem https://hs.example.org/key'
}
