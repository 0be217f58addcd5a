# shellcheck disable=SC2016,SC2154 # the inner shell expands its own text; bats sets status, output and stderr
# What the tests of installing k3s share: a web that has the installer, and an agent.
load test_helper

setup() {
  make_host
  export ROLE=server K3S_VERSION=v1.35.4+k3s1 INSTALLER_URL=https://mirror.test/install.sh WAIT_SECONDS=2
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16
node-name: rack-1'
  mkdir -p "$FAKE/tailscale" "$HOST/etc/hybrid-k3s"
  chmod 700 "$HOST/etc/hybrid-k3s"
  echo 100.64.0.1 >"$FAKE/tailscale/ip"
  touch "$FAKE/kubectl/node"
  serve_installer
  echo ok | serve http://127.0.0.1:10248/healthz
}

# What the official installer leaves, as far as the script looks at it.
serve_installer() {
  serve https://mirror.test/install.sh <<'INSTALLER'
env | grep -E '^(INSTALL_|CURL_CA_|K3S_)' | sort >"$FAKE/installer-environment"
unit=k3s
[ "$INSTALL_K3S_EXEC" = server ] || unit=k3s-$INSTALL_K3S_EXEC
echo "$INSTALL_K3S_VERSION" >"$FAKE/k3s-version"
echo "$INSTALL_K3S_VERSION" >/usr/local/bin/k3s
echo '[Service]' >/etc/systemd/system/$unit.service
: >/etc/systemd/system/$unit.service.env
for script in $unit-uninstall k3s-killall; do printf '#!/bin/sh\necho %s >>"$CALLS"\nrm -f "$FAKE/units"/k3s*active\n' $script >/usr/local/bin/$script.sh; chmod +x /usr/local/bin/$script.sh; done
INSTALLER
}

as_agent() {
  export ROLE=agent SERVER_IP=100.64.0.9 AGENT_TOKEN_FILE=/etc/hybrid-k3s/agent-token
  echo "K10${1:-aaaa}::node:secret" >"$HOST/etc/hybrid-k3s/agent-token"
}

installed() {
  run_script install-k3s
  assert_success
  forget_calls
}

mode() { stat -c %a "$HOST/$1"; }
