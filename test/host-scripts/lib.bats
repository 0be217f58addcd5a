# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() { make_host; }

# lib COMMANDS: runs them behind lib.sh on the make-believe host.
lib() { run --separate-stderr on_host dash -c '. "$1/lib.sh"; eval "$2"' - "$SCRIPTS" "$1"; }

@test "write_file names a changed file once and leaves an equal one untouched" {
  lib 'write_file /etc/a 0600 <<X
text
X
echo "$CHANGED_FILES"; CHANGED_FILES=; stat -c "%a %i" /etc/a
write_file /etc/a 0600 <<X
text
X
echo "<$CHANGED_FILES>"; stat -c "%a %i" /etc/a; ls /etc | grep "^a\."'
  [ "${lines[0]}" = " /etc/a" ]
  [ "${lines[1]}" = "${lines[3]}" ]
  [ "${lines[2]}" = "<>" ]
  [ "${#lines[@]}" -eq 4 ]
}

@test "write_file corrects a mode" {
  lib 'echo x >/etc/a; chmod 644 /etc/a; echo x | write_file /etc/a 0600; stat -c %a /etc/a'
  [ "$output" = 600 ]
}

@test "wait_until gives up after its time and not before" {
  lib 'wait_until 1 nothing false || echo "gave up"'
  [ "$output" = "gave up" ]
  lib 'n=0; more() { [ -e /run/there ]; }; (sleep 0.5; touch /run/there) & wait_until 5 "a file" more && echo "seen"'
  [ "$output" = seen ]
}

@test "a second run waits for the lock of the first and says so" {
  lib '(take_lock host; touch /run/held; sleep 1; rm /run/held) & until [ -e /run/held ]; do sleep 0.1; done; take_lock host; [ ! -e /run/held ] && echo mine'
  [ "$output" = mine ]
  assert_stderr 'waiting for another run of hybrid-k3s on this host to end'
}

@test "secrets are masked" {
  lib 'echo "a K10ab12::server:pw b tskey-auth-abc c joinKey=x,y" | mask_secrets'
  [ "$output" = "a K10*** b *** c joinKey=***,y" ]
}

@test "fail names the node on stderr only" {
  lib 'fail "it broke"'
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [ "$stderr" = "rack-1: it broke" ]
}

@test "a failure on a full disk says which disk, a success does not" {
  export BEFORE='mount -t tmpfs -o size=512k none /var/lib'
  lib 'make_scratch; fail "it broke"'
  [ "$stderr" = "rack-1: it broke
rack-1: the disk at /var/lib is full; make room or give it a larger disk (du -xh -d1 /var/lib), then run pulumi up again" ]
  lib 'make_scratch'
  [ -z "$stderr" ]
}

@test "write_file keeps the old file where the new one does not fit, even where errexit is off" {
  export BEFORE='mount -t tmpfs -o size=16k none /etc/sysctl.d; echo old >/etc/sysctl.d/a'
  local write='head -c 65536 /dev/zero | write_file /etc/sysctl.d/a 0600'
  for text in "$write" "$write || exit 7" "if $write; then :; else exit 7; fi"; do
    AFTER='' lib "trap 'cat /etc/sysctl.d/*; ls /etc/sysctl.d' EXIT; $text; echo went on"
    [ "$status" -ne 0 ]
    [ "$output" = "old
a" ]
    assert_stderr 'rack-1: cannot write /etc/sysctl.d/a; it stays as it was'
  done
}

# With the system's own shell and files: sysctls give a reader that takes one byte at a time no second one.
@test "the sysctls that are noted have their whole values" {
  run sh -c '. src/host-scripts/lib-host-additions.sh && sysctls_now'
  assert_success
  for name in kernel.panic vm.overcommit_memory kernel.keys.root_maxbytes; do
    grep -qx "sysctls $name=$(cat "/proc/sys/$(tr . / <<<"$name")")" <<<"$output"
  done
}

@test "a script that is ended from outside leaves no scratch folder" {
  run --separate-stderr on_host timeout 4 dash -c '. "$1/lib.sh"; make_scratch; echo "$SCRATCH"; sleep 60; echo on' - "$SCRIPTS"
  [ "$status" -eq 124 ]
  [ "${#lines[@]}" -eq 1 ]
  run on_host ls -d "${lines[0]}"
  assert_failure
}
