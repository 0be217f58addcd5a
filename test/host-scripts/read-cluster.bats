# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  mkdir -p "$HOST/var-lib/rancher/k3s/server" "$HOST/etc/rancher/k3s"
  echo 'K10abcd::node:secret' >"$HOST/var-lib/rancher/k3s/server/agent-token"
  echo 'K10abcd::server:other' >"$HOST/var-lib/rancher/k3s/server/token"
  echo 0b1c >"$BATS_TEST_TMPDIR/fake/kubectl/cluster-id"
  printf 'users:\n- user:\n    client-key-data: aGVsbG8=\n' >"$HOST/etc/rancher/k3s/k3s.yaml"
}

@test "prints the tokens, the kubeconfig and the cluster's id, and nothing on stderr" {
  run_script read-cluster
  assert_success
  assert_output "{\"agentToken\":\"K10abcd::node:secret\",\"serverToken\":\"K10abcd::server:other\",\"kubeconfig\":\"$(base64 -w 0 "$HOST/etc/rancher/k3s/k3s.yaml")\",\"clusterId\":\"0b1c\"}"
  [ -z "$stderr" ]
}

@test "a second run changes nothing and prints the same" {
  run_script read-cluster
  first=$output before=$(host_state)
  run_script read-cluster
  [ "$output" = "$first" ]
  [ "$(host_state)" = "$before" ]
}

@test "waits for files that k3s has not written yet" {
  rm "$HOST/etc/rancher/k3s/k3s.yaml"
  (sleep 1 && echo 'client-key-data: aGVsbG8=' >"$HOST/etc/rancher/k3s/k3s.yaml") &
  run_script read-cluster
  assert_success
}

@test "waits for the API, which names the cluster" {
  touch "$FAKE/kubectl/down"
  (sleep 1 && rm "$FAKE/kubectl/down") &
  run_script read-cluster
  assert_success
}

@test "leaves the answer to another server where its own API is silent, and only where there is another" {
  touch "$FAKE/kubectl/down"
  PASS_ON_SECONDS=1 run_script read-cluster
  [ "$status" -eq 4 ]
  [ -z "$output" ]
  (sleep 1 && rm "$FAKE/kubectl/down") &
  PASS_ON_SECONDS=20 run_script read-cluster
  assert_success
}
