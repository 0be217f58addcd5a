# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

DATA=var-lib/rancher/k3s/server

setup() {
  make_host
  mkdir -p "$HOST/$DATA/db/etcd" "$HOST/$DATA/db/snapshots" "$HOST/etc/rancher/k3s" "$FAKE/k3s"
  echo 'cluster-init: true' >"$HOST/etc/rancher/k3s/config.yaml"
  export BACKUP_NAME=first
  # As the real one words it (1.35.4). $FAKE/k3s: s3-down: S3 does not answer; dead: k3s does not; list: what it lists.
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
. "$STUBS/record"
case "$1 $2" in
  "etcd-snapshot "*)
    [ ! -e "$FAKE/k3s/dead" ] || { echo 'time="x" level=fatal msg="Error: dial tcp 127.0.0.1:6443: connect: connection refused"' >&2; exit 1; }
    case $* in
      *--etcd-s3=false*) ;;
      *) [ ! -e "$FAKE/k3s/s3-down" ] || { echo 'time="x" level=fatal msg="Error: failed to initialize S3 client: \"k3s-backups\" refused"' >&2; exit 1; } ;;
    esac
    case $2 in
      save) echo "time=\"x\" level=info msg=\"Snapshot $4-rack-1-1790000000 saved.\"" ;;
      ls) cat "$FAKE/k3s/list" ;;
    esac
    ;;
  *) exec "$STUBS/k3s" "$@" ;;
esac
K3S
  chmod +x "$FAKE/bin/k3s"
}

with_s3() { echo 'etcd-s3: true' >>"$HOST/etc/rancher/k3s/config.yaml"; }

@test "takes a snapshot and tells its name" {
  run_script save-backup
  assert_success
  assert_output '{"name":"first-rack-1-1790000000","s3":"none"}'
  with_s3
  run_script save-backup
  assert_output '{"name":"first-rack-1-1790000000","s3":"saved"}'
}

@test "takes one on the disk where S3 refuses, and says what it said" {
  with_s3
  touch "$FAKE/k3s/s3-down"
  run_script save-backup
  assert_success
  assert_output '{"name":"first-rack-1-1790000000","s3":"Error: failed to initialize S3 client: k3s-backups refused"}'
  assert_call 'etcd-snapshot save --name first --etcd-s3=false'
}

@test "fails where k3s takes none, and where there is no etcd" {
  touch "$FAKE/k3s/dead"
  run_script save-backup
  assert_failure
  assert_stderr 'rack-1: k3s took no snapshot: "Error: dial tcp 127.0.0.1:6443: connect: connection refused"; see: systemctl status k3s'
  rmdir "$HOST/$DATA/db/etcd"
  run_script save-backup
  assert_failure
  assert_stderr "k3s does not keep its data in etcd on this host, as the stack's last run has it; run pulumi up"
}

@test "lists what k3s knows on one line, without certificates" {
  printf '{\n    "items": [\n        {"spec": {"snapshotName": "a"},\n "s3": {\n"endpointCA": "LS0t",\n"bucket": "b"}}\n    ]\n}\n' >"$FAKE/k3s/list"
  with_s3
  run_script list-backups
  assert_success
  assert_output '{"list":{"items": [{"spec": {"snapshotName": "a"},"s3": {"bucket": "b"}}]},"s3":"listed"}'
}

@test "lists the disk where k3s is down, and says why S3 was not looked at" {
  with_s3
  touch "$FAKE/k3s/dead"
  printf 12345 >"$HOST/$DATA/db/snapshots/first-rack-1-1790000000"
  touch -d 2026-11-29T10:00:00Z "$HOST/$DATA/db/snapshots/first-rack-1-1790000000"
  echo half >"$HOST/$DATA/db/snapshots/second-rack-1-1790000001.part"
  run_script list-backups
  assert_success
  assert_output '{"list":{"items":[{"spec":{"snapshotName":"first-rack-1-1790000000","nodeName":"rack-1","location":"file:///var/lib/rancher/k3s/server/db/snapshots/first-rack-1-1790000000"},"status":{"size":"5","creationTime":"2026-11-29T10:00:00Z","readyToUse":true}}]},"s3":"Error: dial tcp 127.0.0.1:6443: connect: connection refused"}'
}

@test "places the settings of S3 in the cluster and leaves no file of them" {
  export SETTINGS_FILE=/run/hybrid-k3s/edge/s3-settings.yaml
  mkdir -p "$HOST/run/hybrid-k3s/edge"
  sed -i 's|\*) exec "$STUBS/k3s"|"kubectl --request-timeout=15s") cat "$8" >"$FAKE/applied" ;;\n  *) exec "$STUBS/k3s"|' "$FAKE/bin/k3s"
  echo 'kind: Secret' >"$HOST/$SETTINGS_FILE"
  run_script place-s3-settings
  assert_success
  assert_output '{}'
  assert_call 'kubectl --request-timeout=15s apply --server-side --force-conflicts --field-manager=hybrid-k3s -f /run/hybrid-k3s/edge/s3-settings.yaml'
  [ "$(cat "$FAKE/applied")" = 'kind: Secret' ]
  [ ! -e "$HOST/run/hybrid-k3s/edge" ]
}
