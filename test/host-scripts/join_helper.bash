# shellcheck disable=SC2016,SC2154 # the inner shell expands its own text; bats sets status, output and stderr
# What the tests of joining share: a web that has tailscale, and a key.
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
