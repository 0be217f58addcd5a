# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

OLD='ssh-ed25519 AAAAold' NEW='ssh-ed25519 AAAAnew'

setup() {
  make_host
  HOME_DIR="$HOST/opt/ops" && mkdir -p "$HOME_DIR/.ssh"
  echo 'ops:x:12345:12345::/opt/ops:/bin/sh' >>"$HOST/etc/passwd"
  echo 'ops:x:12345:' >>"$HOST/etc/group"
  KEYS="$HOME_DIR/.ssh/authorized_keys"
  printf '%s\n' '# keys of the team' "$OLD first" 'from="10.0.0.1, x",no-pty ssh-rsa AAAAother them' >"$KEYS"
  chown -R 12345:12345 "$HOME_DIR" && chmod 0600 "$KEYS"
  export LOGIN_USER=ops ADD_KEY="$NEW"
}

@test "adds the key, leaves every other line, and the file is its user's alone" {
  run_script authorize-key
  assert_success
  [ "$(cat "$KEYS")" = "$(printf '%s\n' '# keys of the team' "$OLD first" 'from="10.0.0.1, x",no-pty ssh-rsa AAAAother them' "$NEW")" ]
  [ "$(stat -c '%a %u %g' "$KEYS")" = "600 12345 12345" ]
  [ -z "$output" ]
}

@test "takes out the keys that go, behind options and comments too, and no comment line" {
  printf '%s\n' 'command="a b" ssh-ed25519 AAAAold again' "# was $OLD" >>"$KEYS"
  export REMOVE_KEYS="$OLD"
  run_script authorize-key
  assert_success
  [ "$(cat "$KEYS")" = "$(printf '%s\n' '# keys of the team' 'from="10.0.0.1, x",no-pty ssh-rsa AAAAother them' "# was $OLD" "$NEW")" ]
}

@test "a second run changes nothing" {
  export REMOVE_KEYS="$OLD"
  run_script authorize-key
  before=$(host_state)
  run_script authorize-key
  assert_success
  [ "$(host_state)" = "$before" ]
}

@test "makes the file where there is none" {
  rm -rf "$HOME_DIR/.ssh"
  run_script authorize-key
  assert_success
  [ "$(cat "$KEYS")" = "$NEW" ]
  [ "$(stat -c '%a %u' "$HOME_DIR/.ssh")" = "700 12345" ]
}

@test "says so where the user is not there" {
  export LOGIN_USER=nobody-here
  run_script authorize-key
  assert_failure
  assert_stderr "there is no user nobody-here with a home"
}
