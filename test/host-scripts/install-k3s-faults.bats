# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

# Words as k3s v1.35.4+k3s1 and its kubelet say them: logrus's lines of pkg/signals and cmd/server/main.go, klog's of pkg/kubelet.
fatal() { printf 'time="2026-11-29T04:45:%02dZ" level=fatal msg="%s"\n' "$((RANDOM % 60))" "$1"; }
shutdown() { printf 'time="2026-11-29T04:45:%02dZ" level=error msg="Shutdown request received: \\"%s\\""\n' "$((RANDOM % 60))" "$1"; }
kubelet() { printf 'E1129 04:45:%02d.123456 %7d kubelet.go:1745] %s\n' "$((RANDOM % 60))" "$RANDOM" "$1"; }

# dies WORDS...: in each run of the unit, noise around them.
dies() {
  export WAIT_SECONDS=50
  touch "$FAKE/dying"
  for run in 1 2 3 4 5 6; do
    { echo 'time="2026-11-29T04:45:10Z" level=info msg="Starting k3s v1.35.4+k3s1"' && "$@" && echo 'level=error msg="context canceled"'; } >"$FAKE/journal-run-$run"
  done
}

# told TEXT WITHIN: said within so many seconds.
told() {
  local began=$SECONDS
  run_script install-k3s
  assert_failure
  assert_stderr "$1"
  [ $((SECONDS - began)) -le "${2:-40}" ]
}

@test "a unit that dies twice of one cause is told at once, with the line and what it means" {
  dies fatal "Failed to validate golang version: incorrect golang build version - kubernetes v1.35.4 should be built with go1.25.9, runtime version is go1.24.1"
  told 'k3s.service dies again and again: level=fatal msg="Failed to validate golang version: incorrect golang build version'
  assert_stderr 'this k3s was not built as v1.35.4+k3s1 is, so it will never start'
}

@test "a kubelet or containerd that cannot start is told, whichever way it ends" {
  dies shutdown "kubelet exited: failed to run Kubelet: failed to create kubelet: open /dev/kmsg: no such file or directory"
  told 'kubelet reads /dev/kmsg; where this host is a container, let its own host pass the device in'
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/containerd"
  echo 'time="2026-11-29T04:45:10Z" level=fatal msg="Failed to run CRI service" error="stream server error: listen tcp 127.0.0.1:10010"' >"$HOST/var-lib/rancher/k3s/agent/containerd/containerd.log"
  dies shutdown "containerd exited: exit status 1"
  told 'containerd says: time="2026-11-29T04:45:10Z" level=fatal msg="Failed to run CRI service"'
}

@test "what kubelet lists in another order each time is one cause" {
  dies kubelet '"Failed to start ContainerManager" err="[invalid kernel flag: vm/overcommit_memory, expected value: 1, actual value: 0, invalid kernel flag: kernel/panic, expected value: 10, actual value: 0]"'
  kubelet '"Failed to start ContainerManager" err="[invalid kernel flag: kernel/panic, expected value: 10, actual value: 0, invalid kernel flag: vm/overcommit_memory, expected value: 1, actual value: 0]"' >"$FAKE/journal-run-2"
  told 'set them (sysctl -w vm.overcommit_memory=1 vm.panic_on_oom=0 kernel.panic=10 kernel.panic_on_oops=1'
}

@test "a port that is taken is named, with the program on it" {
  printf '#!/bin/sh\necho "LISTEN 0 4096 *:10250 *:* users:((\\"kubelet\\",pid=77,fd=9))"\n' >"$FAKE/bin/ss"
  chmod +x "$FAKE/bin/ss"
  dies kubelet '"Failed to listen and serve" err="listen tcp 0.0.0.0:10250: bind: address already in use"'
  told 'port 10250 is taken by kubelet (pid 77)'
  # As real k3s v1.35.4+k3s1 prints it (seen).
  dies printf '%s\n' 'time="2026-11-29T05:50:10Z" level=error msg="Failed to listen and serve" error="listen tcp 0.0.0.0:10250: bind: address already in use" logger=k3s'
  told 'port 10250 is taken by kubelet (pid 77)'
  dies fatal 'Error: starting kubernetes: preparing server: init cluster datastore and https: listen tcp :6443: bind: address already in use'
  told 'port 6443 is taken'
}

@test "one death that heals fails nothing, nor do deaths of two causes" {
  export WAIT_SECONDS=40
  printf '%s\n' '#!/bin/sh' 'case $* in "show -p "*) [ "$(cat "$FAKE/looks" 2>/dev/null || echo 0)" -lt 2 ] || rm -f "$FAKE/dying" ;; esac' 'exec "$STUBS/systemctl" "$@"' >"$FAKE/bin/systemctl"
  chmod +x "$FAKE/bin/systemctl"
  dies fatal "Error: the server was not up"
  run_script install-k3s
  assert_success
  sed -i 's/-lt 2/-lt 6/' "$FAKE/bin/systemctl"
  rm "$FAKE/looks"
  dies fatal "Error: a second cause"
  fatal "Error: a first cause" >"$FAKE/journal-run-1"
  fatal "Error: a third cause" >"$FAKE/journal-run-3"
  run_script install-k3s
  assert_success
}

@test "what another machine must mend is waited for" {
  dies fatal "Error: failed to get CA certs: Get \\\"https://100.64.0.9:6443/cacerts\\\": dial tcp 100.64.0.9:6443: connect: connection refused"
  export WAIT_SECONDS=3
  told 'k3s.service is not ready after 3 s'
}

@test "an agent that the server refuses is told without its token, not after the whole wait" {
  as_agent
  touch "$FAKE/stuck"
  export WAIT_SECONDS=50 ACCESS_REPLACE_COMMAND="pulumi up --replace 'urn:pulumi:dev::access'"
  for _ in 1 2 3 4; do
    printf 'time="2026-11-29T04:45:10Z" level=error msg="Failed to validate connection to cluster at https://100.64.0.9:6443: token CA hash does not match the Cluster CA certificate hash: aa != bb"\n'
  done >"$FAKE/journal"
  told 'k3s-agent.service is refused by the server: level=error msg="Failed to validate connection'
  assert_stderr "as after k3s certificate rotate-ca; read the token again: pulumi up --replace 'urn:pulumi:dev::access'"
}

# Each with words of its own, and what helps.
advised() {
  rm -f "$FAKE/looks"
  dies fatal "$1"
  told "$2"
}

@test "the common causes are told with their remedy" {
  advised 'Error: failed to find memory cgroup (v2)' 'add cgroup_enable=memory cgroup_memory=1 to its command line'
  advised 'Error: flag provided but not defined: -no-such-key' 'is not known to v1.35.4+k3s1 as server; take it out of the config'
  advised 'Error: starting kubernetes: preparing server: bootstrap data already found and encrypted with different token' 'put /var/lib/rancher/k3s/server/token back'
  advised 'Error: failed to reconcile with local datastore: no bootstrap data found in datastore - check server token value and verify datastore integrity' 'mv /var/lib/rancher/k3s/server /var/lib/rancher/k3s/server-before'
  advised 'Error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 2026-11-29T04:45:10Z' "where that is wrong, here or on the server, set it right (timedatectl set-ntp true)"
  advised 'Error: write /var/lib/rancher/k3s/data: no space left on device' 'a disk is full'
}
