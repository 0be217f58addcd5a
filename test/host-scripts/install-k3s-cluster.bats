# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

# An agent of the cluster c1 with local state, and its server's authority in $pki/old.
agent_with_state() {
  as_agent aaaa
  export CLUSTER_ID=${1-c1}
  installed
  local agent="$HOST/var-lib/rancher/k3s/agent"
  mkdir -p "$agent/images" "$HOST/var-lib/kubelet/pods" "$HOST/etc/rancher/node"
  touch "$agent/"{client-kubelet.crt,images/kept} "$HOST/etc/rancher/node/password" "$HOST/var-lib/kubelet/pods/x"
  pki="$BATS_TEST_TMPDIR/pki"
  mkdir -p "$pki"
  make_root old
  cp "$pki/old.crt" "$agent/server-ca.crt"
}

make_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key" 2>/dev/null; }

make_root() {
  make_key "$1"
  openssl req -x509 -new -sha256 -days 10 -subj "/CN=$1" -addext basicConstraints=critical,CA:true -key "$pki/$1.key" -out "$pki/$1.crt" 2>/dev/null
}

# sign NAME ISSUER [FILE]: a certificate of NAME's key by ISSUER's.
sign() {
  openssl req -new -subj "/CN=$1" -key "$pki/$1.key" 2>/dev/null |
    openssl x509 -req -days 10 -CA "$pki/$2.crt" -CAkey "$pki/$2.key" -CAcreateserial -extfile <(echo basicConstraints=critical,CA:true) -out "$pki/${3:-$1}.crt" 2>/dev/null
}

# As k3s's contrib/util/rotate-default-ca-certs.sh makes it: authority, new root twice (by itself and by the old one), old root.
rotate() {
  make_root new
  sign new old new-by-old
  make_key authority
  sign authority new
  cat "$pki"/{authority,new,new-by-old,old}.crt | serve https://100.64.0.9:6443/cacerts
}

kept() { [ -e "$HOST/etc/rancher/node/password" ] && [ -e "$HOST/var-lib/kubelet/pods/x" ] && refute_call k3s-killall; }

forgotten() { assert_call '^k3s-killall$' && [ "$(cd "$HOST/var-lib" && find . -type f)" = ./rancher/k3s/agent/images/kept ] && [ ! -e "$HOST/etc/rancher/node" ]; }

@test "another cluster's authority: the local state is forgotten, images apart" {
  agent_with_state
  as_agent bbbb
  export CLUSTER_ID=c2
  run_script install-k3s
  assert_success
  assert_stderr 'this is another cluster than before: forgetting the local state of the old one'
  forgotten
  assert_call '^systemctl start --no-block k3s-agent.service$'
}

@test "volumes that k3s-killall left mounted are unmounted, not emptied; one that stays mounted ends the run" {
  agent_with_state
  as_agent bbbb
  export CLUSTER_ID=c2
  mkdir -p "$HOST/opt/share"
  touch "$HOST/opt/share/precious"
  export BEFORE='mkdir -p /var/lib/kubelet/pods/u/share && mount --bind /opt/share /var/lib/kubelet/pods/u/share'
  give_program umount
  run_script install-k3s
  assert_failure
  assert_stderr 'volumes of the old cluster'"'"'s pods cannot be unmounted, and nothing below them was touched: /var/lib/kubelet/pods/u/share.'
  [ -e "$HOST/opt/share/precious" ]
  rm "$FAKE/bin/umount"
  run_script install-k3s
  assert_success
  [ -e "$HOST/opt/share/precious" ]
  forgotten
}

@test "the same cluster's new authority, even a forced one: the state is kept and k3s restarted" {
  agent_with_state
  as_agent bbbb
  run_script install-k3s
  assert_success
  assert_stderr 'the cluster has a new authority; this node goes on with it'
  kept
  assert_call '^systemctl stop k3s-agent.service$'
  forget_calls
  run_script install-k3s
  refute_call '^systemctl.* (start|stop|restart)'
}

@test "without a noted id a rotated authority is known by its chain, and the id noted" {
  agent_with_state ""
  rotate
  as_agent bbbb
  export CLUSTER_ID=c1
  run_script install-k3s
  assert_success
  kept
  [ "$(cat "$HOST/etc/hybrid-k3s/cluster-id")" = c1 ]
}

@test "without a noted id an authority below the same root is the same cluster's" {
  agent_with_state ""
  make_key authority
  sign authority old
  cat "$pki"/{authority,old}.crt | serve https://100.64.0.9:6443/cacerts
  as_agent bbbb
  run_script install-k3s
  assert_success
  kept
}

@test "without a noted id a strange authority stops the run with what to do, and nothing is lost" {
  agent_with_state ""
  make_root strange
  serve https://100.64.0.9:6443/cacerts <"$pki/strange.crt"
  as_agent bbbb
  before=$(host_state)
  run_script install-k3s
  assert_failure
  assert_stderr 'Where it is (k3s certificate rotate-ca --force), run on the host: rm /etc/hybrid-k3s/cluster-authority'
  kept
  [ "$(host_state)" = "$before" ]
  rm "$HOST/etc/hybrid-k3s/cluster-authority"
  run_script install-k3s
  assert_success
  kept
}

@test "a token of another authority than the server's is placed again, not believed" {
  agent_with_state
  export CLUSTER_AUTHORITY=bbbb TOKEN_REPLACE_COMMAND="pulumi up --replace 'urn:pulumi:dev::token'"
  run_script install-k3s
  assert_failure
  assert_stderr "names another authority than the server has; place it again: $TOKEN_REPLACE_COMMAND"
  kept
}

upgrade_to() {
  serve_release "$1"
  serve_installer "$1"
  export K3S_VERSION=$1 INSTALLER_URL="https://source.test/${1/+/%2B}/install.sh"
  run_script install-k3s
}

@test "an older k3s or a skipped minor is refused before anything is touched" {
  installed
  before=$(host_state)
  for version in v1.34.9+k3s1 v1.35.3+k3s9 v1.37.0+k3s1; do
    upgrade_to $version
    assert_failure
    assert_stderr "this host runs k3s v1.35.4+k3s1; $version"
    assert_stderr 'Nothing was changed: set cluster.k3sVersion to v1.35.4+k3s1 or a later version'
    [ "$(host_state)" = "$before" ]
    refute_call '^(curl|systemctl)'
  done
}

@test "the next minor, a later patch and a later build are taken, and with allowUntestedK3s the others too" {
  installed
  for version in v1.35.4+k3s2 v1.35.10+k3s1 v1.36.0+k3s1; do
    upgrade_to $version
    assert_success
  done
  export ALLOW_UNTESTED=true
  upgrade_to v1.35.4+k3s1
  assert_success
  assert_stderr 'v1.35.4+k3s1 after v1.36.0+k3s1 is older'
}
