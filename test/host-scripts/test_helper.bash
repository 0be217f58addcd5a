# shellcheck disable=SC2016,SC2154 # the inner shell expands its own text; bats sets status, output and stderr
# A make-believe host for each test: its own /etc, /usr/local, /var/lib, /opt and /run, an empty /usr/sbin, no control groups, no network,
# and stand-ins for every external program first on PATH. Everything it does is in $HOST and $CALLS afterwards. Needs root, as the lab does.
bats_require_minimum_version 1.5.0

SCRIPTS="$BATS_TEST_DIRNAME/../../src/host-scripts"
export STUBS="$BATS_TEST_DIRNAME/stubs"

make_host() {
  export HOST="$BATS_TEST_TMPDIR/host" FAKE="$BATS_TEST_TMPDIR/fake"
  export CALLS="$FAKE/calls"
  mkdir -p "$HOST"/{etc/systemd/system,etc/sysctl.d,usr-local/bin,usr-local/sbin,var-lib,opt,run/systemd/system} "$FAKE"/{bin,sbin,web,units,kubectl,tmp}
  cp -a /etc/alternatives /etc/passwd /etc/group "$HOST/etc/"
  printf 'ID=debian\nVERSION_ID="12"\n' >"$HOST/etc/os-release"
  : >"$CALLS"
  for program in ipset iptables conntrack update-ca-certificates; do give_program $program; done
  unset CURL_CA_BUNDLE SSL_CERT_FILE http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
  export NODE_NAME=rack-1 CLUSTER_NAME=edge OWNER=hybrid-k3s/dev POD_CIDR=10.42.0.0/16 SERVICE_CIDR=10.43.0.0/16
  export REPLACE_COMMAND="pulumi up --replace 'urn:pulumi:dev::key'"
}

# A program that the host has and whose calls are of no interest.
give_program() {
  printf '#!/bin/sh\nexit 0\n' >"$FAKE/bin/$1"
  chmod +x "$FAKE/bin/$1"
}

# The script as the renderer delivers it, save the exports: those are in the environment already.
rendered() {
  local file="$SCRIPTS/$1.sh"
  cat "$SCRIPTS/lib.sh"
  sed -n 's/^# Libraries: //p' "$file" | tr ' ' '\n' | while read -r library; do cat "$SCRIPTS/$library"; done
  cat "$file"
}

# on_host COMMAND...: in the make-believe host, stdin passed on; between the commands in BEFORE and AFTER, which see its mounts and network.
on_host() {
  unshare --mount --net --ipc --uts -- sh -c '
    mount --make-rprivate / || exit 99
    for folder in etc:/etc usr-local:/usr/local var-lib:/var/lib opt:/opt run:/run; do mount --bind "$HOST/${folder%%:*}" "${folder#*:}" || exit 99; done
    mount --bind "$FAKE/sbin" /usr/sbin && mount -t tmpfs none /sys/fs/cgroup || exit 99
    [ ! -f "$FAKE/meminfo" ] || mount --bind "$FAKE/meminfo" /proc/meminfo || exit 99
    [ ! -e "$FAKE/no-tun" ] || mount -t tmpfs none /dev/net || exit 99
    hostname "${FAKE_HOSTNAME:-rack-1}"
    eval "${BEFORE:-}"
    "$@" || exit
    eval "${AFTER:-}"' on-host "$@"
}

run_script() {
  local name="$1"
  { echo 'echo $$ >"$FAKE/shell"' && rendered "$name"; } >"$FAKE/script"
  run --separate-stderr on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" TMPDIR="$FAKE/tmp" timeout 60 dash -s -- "$name" <"$FAKE/script"
}

# cut_off_at PATTERN: the next run of a script dies at that call of k3s, which $FAKE/bin has, as in a reboot.
cut_off_at() {
  # Both groups of processes that timeout made: the script's, and this call's.
  printf '#!/bin/bash\ncase $* in %s) [ ! -e "$FAKE/cut" ] || { rm "$FAKE/cut" && kill -KILL -- "-$(ps -o pgid= -p "$(cat "$FAKE/shell")" | tr -d " ")" && kill -KILL 0; } ;; esac\nexec "$FAKE/bin/k3s.whole" "$@"\n' "$1" >"$FAKE/k3s.cut"
  [ -e "$FAKE/bin/k3s.whole" ] || mv "$FAKE/bin/k3s" "$FAKE/bin/k3s.whole"
  mv "$FAKE/k3s.cut" "$FAKE/bin/k3s" && chmod +x "$FAKE/bin/k3s"
  touch "$FAKE/cut"
}

# What a run may change: every file of the host, with mode, time and content, and the state of its units.
host_state() {
  (cd "$HOST" && find . -path ./run/lock -prune -o -type f -printf '%m %T@ %p ' -exec sha256sum {} \; | sort -k3)
  ls "$FAKE/units"
  ls "$FAKE/tmp"
}

# calls PATTERN: the recorded calls that match, one a line.
calls() { grep -E -- "$1" "$CALLS" || true; }

forget_calls() { : >"$CALLS"; }

refute_call() {
  local seen
  seen=$(calls "$1")
  [ -z "$seen" ] || { echo "unwanted: $seen" && return 1; }
}

assert_call() { [ -n "$(calls "$1")" ] || { echo "no call like: $1" && cat "$CALLS" && return 1; }; }

assert_success() { [ "$status" -eq 0 ] || { echo "status $status" && echo "$stderr" && cat "$CALLS" && return 1; }; }

assert_failure() { [ "$status" -ne 0 ] || { echo "did not fail: $output $stderr" && return 1; }; }

assert_stderr() { [[ "$stderr" == *"$1"* ]] || { echo "not said: $1" && echo "$stderr" && return 1; }; }

assert_output() { [ "$output" = "$1" ] || { echo "printed: $output" && echo "$stderr" && return 1; }; }

# serve URL <content: what the make-believe web answers; all else refuses the connection.
serve() { cat >"$FAKE/web/$(printf '%s' "$1" | tr -c 'A-Za-z0-9.\n' _)"; }

# The marker as join leaves it, for scripts that come later.
claim_host() {
  mkdir -p "$HOST/etc/hybrid-k3s"
  printf '{\n  "version": 1,\n  "cluster": "%s",\n  "stack": "%s",\n  "node": "%s",\n  "adds": {\n' "${1:-edge}" "${2:-hybrid-k3s/dev}" "${3:-rack-1}" >"$HOST/etc/hybrid-k3s/owner.json"
  printf '    "packages": [\n    ],\n    "files": [\n    ]\n  }\n}\n' >>"$HOST/etc/hybrid-k3s/owner.json"
}
