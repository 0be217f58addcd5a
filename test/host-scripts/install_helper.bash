# shellcheck disable=SC2016,SC2154 # the inner shell expands its own text; bats sets status, output and stderr
# What the tests of installing k3s share: a web that has the installer, and an agent.
load test_helper

setup() {
  make_host
  export ROLE=server K3S_VERSION=v1.35.4+k3s1 WAIT_SECONDS=2
  export RELEASES_URL=https://releases.test INSTALLER_URL=https://source.test/v1.35.4%2Bk3s1/install.sh
  export CONFIG_YAML='cluster-cidr: 10.42.0.0/16
node-name: rack-1'
  mkdir -p "$FAKE/tailscale" "$HOST/etc/hybrid-k3s"
  chmod 700 "$HOST/etc/hybrid-k3s"
  echo 100.64.0.1 >"$FAKE/tailscale/ip"
  touch "$FAKE/kubectl/node"
  serve_release v1.35.4+k3s1
  serve_installer v1.35.4+k3s1
  echo ok | serve http://127.0.0.1:10248/healthz
}

vendor_name() { [ "$(uname -m)" = x86_64 ] && echo amd64 || echo arm64; }

program_name() { [ "$(uname -m)" = x86_64 ] && echo k3s || echo k3s-arm64; }

sum_of() { sha256sum | cut -d' ' -f1; }

# serve_release VERSION [NAME]: its program, which calls itself by that version (or by NAME), and its sums.
serve_release() {
  local folder=https://releases.test/${1/+/%2B}
  printf '#!/bin/sh\necho "k3s version %s (0123abcd)"\n' "${2:-$1}" >"$FAKE/program"
  serve "$folder/$(program_name)" <"$FAKE/program"
  printf '%s  %s\n' "$(sum_of <"$FAKE/program")" "$(program_name)" | serve "$folder/sha256sum-$(vendor_name).txt"
}

# serve_installer VERSION: what the official one leaves where it downloads nothing, as far as the script looks at it, with its sum.
serve_installer() {
  local place=https://source.test/${1/+/%2B}/install.sh
  cat >"$FAKE/install.sh" <<'INSTALLER'
[ "$INSTALL_K3S_SKIP_DOWNLOAD" = true ] && [ -x /usr/local/bin/k3s ] || { echo '[ERROR] Download failed'; exit 1; }
env | grep -E '^(INSTALL_|CURL_CA_|K3S_)' | sort >"$FAKE/installer-environment"
unit=k3s
[ "$INSTALL_K3S_EXEC" = server ] || unit=k3s-$INSTALL_K3S_EXEC
echo '[Service]' >/etc/systemd/system/$unit.service
: >/etc/systemd/system/$unit.service.env
for script in $unit-uninstall k3s-killall; do printf '#!/bin/sh\necho %s >>"$CALLS"\nrm -f "$FAKE/units"/k3s*active\n' $script >/usr/local/bin/$script.sh; chmod +x /usr/local/bin/$script.sh; done
INSTALLER
  serve "$place" <"$FAKE/install.sh"
  printf '%s  install.sh\n' "$(sum_of <"$FAKE/install.sh")" | serve "$place.sha256sum"
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
