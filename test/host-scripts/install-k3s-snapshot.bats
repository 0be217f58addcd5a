# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

# A server of etcd that runs 1.35.4, and is given 1.35.5.
server_to_upgrade() {
  installed
  mkdir -p "$HOST"/var-lib/rancher/k3s/server/db/{etcd,snapshots}
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
[ "$1" = etcd-snapshot ] || exec "$STUBS/k3s" "$@"
. "$STUBS/record"
[ ! -e "$FAKE/no-snapshot" ] || { echo 'time="x" level=fatal msg="Error: connection refused"' >&2; exit 1; }
echo "time=\"x\" level=info msg=\"Snapshot $4-rack-1-1790000000 saved.\""
touch "/var/lib/rancher/k3s/server/db/snapshots/$4-rack-1-1790000000"
K3S
  chmod +x "$FAKE/bin/k3s"
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  serve_release v1.35.5+k3s1
  serve_installer v1.35.5+k3s1
}

@test "takes a snapshot before the upgrade of a server, named for it, and once only" {
  server_to_upgrade
  # What etcd leaves of a snapshot that was cut off.
  touch "$HOST/var-lib/rancher/k3s/server/db/snapshots/pre-v1.35.5-k3s1-rack-1-1790000000.part"
  run_script install-k3s
  assert_success
  [ "$(calls 'etcd-snapshot' | wc -l)" -eq 1 ]
  assert_call '^k3s etcd-snapshot save --name pre-v1.35.5-k3s1$'
  first=$(grep -n 'etcd-snapshot' "$CALLS" | cut -d: -f1)
  [ "$first" -lt "$(grep -n 'systemctl stop k3s.service' "$CALLS" | cut -d: -f1)" ]
  forget_calls
  run_script install-k3s
  assert_success
  refute_call etcd-snapshot
}

@test "upgrades nothing where no snapshot can be taken, and says how to go on" {
  server_to_upgrade
  touch "$FAKE/no-snapshot"
  before=$(cat "$HOST/usr-local/bin/k3s")
  run_script install-k3s
  assert_failure
  assert_stderr 'no snapshot could be taken before the upgrade to v1.35.5+k3s1: "Error: connection refused"; nothing was changed. Cure that first'
  [ "$(cat "$HOST/usr-local/bin/k3s")" = "$before" ]
  refute_call 'systemctl stop'
  mkdir -p "$HOST/run/hybrid-k3s" && touch "$HOST/run/hybrid-k3s/no-snapshot"
  run_script install-k3s
  assert_success
  assert_stderr 'no snapshot is taken before the upgrade to v1.35.5+k3s1, as /run/hybrid-k3s/no-snapshot says'
}

@test "takes none on a server of SQLite, and none at a first installation" {
  server_to_upgrade
  rm -r "$HOST/var-lib/rancher/k3s/server/db/etcd"
  run_script install-k3s
  assert_success
  refute_call etcd-snapshot
}
