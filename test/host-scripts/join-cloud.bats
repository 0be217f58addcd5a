# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load join_helper

# cloud-init whose `status` says and ends as given; the first line is the short form.
first_boot() {
  printf '#!/bin/sh\necho "cloud-init $*" >>"$CALLS"\ncase "$*" in *--wait*) %s ;; *) printf "%%s\\n" "$LONG" ;; esac\n' "$1" >"$FAKE/bin/cloud-init"
  chmod +x "$FAKE/bin/cloud-init"
  export CLOUD_INIT_SECONDS=1
}

@test "a cloud's machine is joined when its first boot is over, and pods are kept off its metadata" {
  first_boot 'echo "status: done"'
  export METADATA_ADDRESSES='169.254.169.254
168.63.129.16'
  run_script join-tailnet
  assert_success
  assert_call '^cloud-init status --wait$'
  grep -qx 'ExecStart=/usr/local/lib/hybrid-k3s/guard-pod-network.sh 10.42.0.0/16 169.254.169.254 168.63.129.16' "$HOST/etc/systemd/system/hybrid-k3s-guard.service"
  grep -q -- '--port=41641 ' "$HOST/etc/systemd/system/tailscaled.service"
}

@test "a first boot that is over is not asked for again, one with errors is" {
  export LONG='status: error
detail:
no key'
  first_boot 'echo "status: error"; exit 1'
  mkdir -p "$HOST/run/cloud-init"
  printf '{\n "v1": {\n  "datasource": "DataSourceEc2Local",\n  "errors": [\n   "no key"\n  ]\n }\n}\n' >"$HOST/run/cloud-init/result.json"
  run_script join-tailnet
  assert_failure
  assert_stderr 'the first boot failed (error): detail: no key'
  printf '{\n "v1": {\n  "datasource": "DataSourceEc2Local",\n  "errors": []\n }\n}\n' >"$HOST/run/cloud-init/result.json"
  : >"$CALLS"
  run_script join-tailnet
  assert_success
  refute_call '^cloud-init'
}

@test "a failed first boot is told in cloud-init's words, before anything is claimed" {
  export LONG='status: error
boot_status_code: enabled-by-generator
detail:
('"'"'ssh'"'"', ProcessExecutionError("no key"))'
  first_boot 'echo "status: error"; exit 1'
  run_script join-tailnet
  assert_failure
  assert_stderr 'the first boot failed (error): detail: ('
  assert_stderr 'no key'
  assert_stderr "make the machine again: pulumi up --replace 'urn:pulumi:dev::key'"
  [ ! -e "$HOST/etc/hybrid-k3s" ]
}

@test "a first boot that does not end is given up at its limit" {
  export LONG='status: running
detail:
Running in stage: modules-config'
  first_boot 'exec sleep 30'
  run_script join-tailnet
  assert_failure
  assert_stderr 'the first boot is not over after 1 s: detail: Running in stage: modules-config'
}

@test "an image without cloud-init is refused" {
  export CLOUD_INIT_SECONDS=1
  run_script join-tailnet
  assert_failure
  assert_stderr 'there is no cloud-init on this machine'
}
