# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

DATA=rancher/k3s

setup_file() {
  # One key for all: what counts here is when a certificate ends.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BATS_FILE_TMPDIR/key" -out "$BATS_FILE_TMPDIR/first" -subj /CN=x -days 1 2>/dev/null
}

# end_in DAYS FILE...: in the host's data folder.
end_in() {
  local days=$1 file
  shift
  openssl req -x509 -key "$BATS_FILE_TMPDIR/key" -subj /CN=x -days "$days" -out "$BATS_TEST_TMPDIR/crt" 2>/dev/null
  for file; do install -D -m 0644 "$BATS_TEST_TMPDIR/crt" "$HOST/var-lib/$DATA/$file"; done
}

end_of() { date -u -d "$(openssl x509 -noout -enddate -in "$HOST/var-lib/$DATA/$1" | cut -d= -f2)" +%FT%TZ; }

SERVER_FILES="server/tls/client-admin.crt server/tls/serving-kube-apiserver.crt server/tls/etcd/client.crt agent/client-kubelet.crt agent/serving-kubelet.crt"

as_server_with_certificates() {
  installed
  # shellcheck disable=SC2086 # one word a file
  end_in 300 $SERVER_FILES
  end_in 3650 server/tls/client-ca.crt server/tls/client-ca.nochain.crt server/tls/etcd/peer-ca.crt agent/client-ca.crt
}

# As k3s does when it starts, through the stub of systemctl.
renews_at_start() {
  printf '#!/bin/sh\n%s' "$1" >"$FAKE/bin/renew"
  chmod +x "$FAKE/bin/renew"
  printf '#!/bin/sh\ncase "$*" in *"start k3s"*) renew ;; esac\nexec "$STUBS/systemctl" "$@"\n' >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
}

new_certificate() {
  openssl req -x509 -key "$BATS_FILE_TMPDIR/key" -subj /CN=x -days 365 -out "$FAKE/new.crt" 2>/dev/null
}

@test "tells when the first certificate and the first authority of a server end" {
  as_server_with_certificates
  end_in 200 server/tls/etcd/client.crt
  end_in 3000 server/tls/etcd/peer-ca.crt
  run_script install-k3s
  assert_success
  assert_output "{\"k3sVersion\":\"v1.35.4+k3s1\",\"certificatesEnd\":\"$(end_of server/tls/etcd/client.crt)\",\"authoritiesEnd\":\"$(end_of server/tls/etcd/peer-ca.crt)\"}"
}

@test "tells an agent's own certificates and no authority, and nothing where openssl cannot" {
  as_agent
  installed
  end_in 100 agent/client-kubelet.crt
  end_in 30 agent/client-ca.crt agent/server-ca.crt
  run_script install-k3s
  assert_success
  assert_output "{\"k3sVersion\":\"v1.35.4+k3s1\",\"certificatesEnd\":\"$(end_of agent/client-kubelet.crt)\"}"
  printf '#!/bin/sh\nexit 127\n' >"$FAKE/bin/openssl"
  chmod +x "$FAKE/bin/openssl"
  RENEW_DAYS=60 run_script install-k3s
  assert_success
  assert_output '{"k3sVersion":"v1.35.4+k3s1"}'
  refute_call '^systemctl.* stop'
}

@test "restarts nothing for certificates unless it is told to, nor where none ends that soon" {
  as_server_with_certificates
  end_in 10 server/tls/client-admin.crt
  run_script install-k3s
  assert_success
  end_in 61 server/tls/client-admin.crt
  RENEW_DAYS=60 run_script install-k3s
  assert_success
  refute_call '^systemctl (start|stop)'
}

@test "restarts k3s for a certificate that ends soon, waits for the new ones, and tells their end; again changes nothing" {
  as_server_with_certificates
  end_in 59 server/tls/client-admin.crt agent/client-kubelet.crt
  new_certificate
  renews_at_start 'for file in server/tls/client-admin agent/client-kubelet; do cp "$FAKE/new.crt" /var/lib/rancher/k3s/$file.crt; done
'
  export RENEW_DAYS=60
  run_script install-k3s
  assert_success
  assert_stderr 'restarting k3s.service, which renews its certificates: the first of them ends on '
  [ "$(calls '^systemctl stop')" = "systemctl stop k3s.service" ]
  [[ "$output" == *"\"certificatesEnd\":\"$(end_of server/tls/etcd/client.crt)\""* ]]
  forget_calls
  before=$(host_state)
  run_script install-k3s
  assert_success
  refute_call '^systemctl (start|stop)'
  [ "$(host_state)" = "$before" ]
}

@test "says which certificates a restart did not renew, and what to do" {
  as_server_with_certificates
  end_in 59 server/tls/client-admin.crt server/tls/client-of-old.crt
  new_certificate
  renews_at_start 'cp "$FAKE/new.crt" /var/lib/rancher/k3s/server/tls/client-admin.crt
'
  RENEW_DAYS=60 RENEWAL_SECONDS=1 run_script install-k3s
  assert_failure
  assert_stderr "rack-1: k3s.service was restarted to renew its certificates, and still: /var/lib/rancher/k3s/server/tls/client-of-old.crt ends on $(end_of server/tls/client-of-old.crt). See on the host: k3s certificate check"
  [[ "$stderr" != *client-admin* ]]
}
