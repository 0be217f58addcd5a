# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load join_helper

release=https://releases.test/v1.35.4%2Bk3s1
waiting() { echo "$HOST/usr-local/lib/hybrid-k3s/k3s"; }

with_k3s() {
  export K3S_VERSION=v1.35.4+k3s1 RELEASES_URL=https://releases.test
  program=k3s architecture=amd64
  [ "$(uname -m)" = x86_64 ] || program=k3s-arm64 architecture=arm64
  printf '#!/bin/sh\necho "k3s version v1.35.4+k3s1 (0123abcd)"\n' >"$FAKE/program"
  printf '%s  %s\n' "$(sha256sum <"$FAKE/program" | cut -d' ' -f1)" "$program" | serve "$release/sha256sum-$architecture.txt"
  serve "$release/$program" <"$FAKE/program"
}

@test "k3s's program is fetched and checked beside joining, and waits for its installation" {
  with_k3s
  run_script join-tailnet
  assert_success
  assert_output '{"tailnetIp":"100.64.0.1"}'
  cmp "$FAKE/program" "$(waiting)" && [ -x "$(waiting)" ]
}

@test "a host that runs this k3s already fetches nothing" {
  with_k3s
  install -m 0755 "$FAKE/program" "$HOST/usr-local/bin/k3s"
  run_script join-tailnet
  assert_success
  refute_call releases.test
  [ ! -e "$(waiting)" ]
}

@test "a k3s that cannot be fetched, or is damaged, does not keep a host from joining" {
  with_k3s
  echo damaged | serve "$release/$program"
  run_script join-tailnet
  assert_success
  assert_stderr "k3s could not be fetched yet: rack-1: $release/$program has SHA-256"
  [ -z "$(find "$HOST/usr-local/lib/hybrid-k3s" -name 'k3s*')" ]
  rm "$FAKE/web/"*releases*
  run_script join-tailnet
  assert_success
  assert_stderr 'k3s could not be fetched yet: '
}

@test "a join that fails ends the fetch and leaves nothing of it" {
  with_k3s
  printf SLOW | serve "$release/$program"
  give_key tskey-auth-dead
  local began=$SECONDS
  run_script join-tailnet
  assert_failure
  [ $((SECONDS - began)) -lt 40 ]
  [ -z "$(find "$HOST/usr-local/lib/hybrid-k3s" -name 'k3s*')" ]
  [ -z "$(ls "$FAKE/tmp")" ]
}
