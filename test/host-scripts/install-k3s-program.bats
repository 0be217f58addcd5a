# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load install_helper

release=https://releases.test/v1.35.4%2Bk3s1

nothing_fetched() { [ -z "$(find "$HOST/usr-local" -name 'k3s.*' -o -path '*/hybrid-k3s/k3s')" ]; }

program() { cat "$HOST/usr-local/bin/k3s"; }

@test "the program is the release's own and in place before the installer runs, which downloads nothing" {
  run_script install-k3s
  assert_success
  [ "$(sum_of <"$HOST/usr-local/bin/k3s")" = "$(sum_of <"$FAKE/program")" ]
  [ "$(mode usr-local/bin/k3s)" = 755 ]
  nothing_fetched
  assert_call "$release/$(program_name)\$"
}

@test "a damaged program is refused, and the old one goes on" {
  installed
  before=$(program)
  serve_release v1.35.5+k3s1
  echo damaged | serve "https://releases.test/v1.35.5%2Bk3s1/$(program_name)"
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  run_script install-k3s
  assert_failure
  assert_stderr "https://releases.test/v1.35.5%2Bk3s1/$(program_name) has SHA-256"
  assert_stderr 'do not use it: the download or the mirror is damaged'
  [ "$(program)" = "$before" ]
  nothing_fetched
  refute_call '^systemctl.* (start|stop|restart)'
}

@test "a download that breaks off leaves the old program and no rest of itself" {
  installed
  before=$(program)
  serve_release v1.35.5+k3s1
  echo CUT | serve "https://releases.test/v1.35.5%2Bk3s1/$(program_name)"
  export K3S_VERSION=v1.35.5+k3s1
  run_script install-k3s
  assert_failure
  assert_stderr "cannot fetch https://releases.test/v1.35.5%2Bk3s1/$(program_name): curl: (18) transfer closed"
  [ "$(program)" = "$before" ]
  nothing_fetched
}

@test "a new version is installed in place and restarted" {
  installed
  serve_release v1.35.5+k3s1
  serve_installer v1.35.5+k3s1
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  run_script install-k3s
  assert_success
  assert_output '{"k3sVersion":"v1.35.5+k3s1"}'
  assert_call '^systemctl stop k3s.service$'
}

@test "a program that was fetched before is installed without another download" {
  mkdir -p "$HOST/usr-local/lib/hybrid-k3s"
  cp "$FAKE/program" "$HOST/usr-local/lib/hybrid-k3s/k3s"
  chmod 755 "$HOST/usr-local/lib/hybrid-k3s/k3s"
  run_script install-k3s
  assert_success
  refute_call "$release/$(program_name)\$"
  [ -x "$HOST/usr-local/bin/k3s" ]
  [ ! -e "$HOST/usr-local/lib/hybrid-k3s/k3s" ]
}

@test "on arm64 the names of arm64 are asked for" {
  printf '#!/bin/sh\n[ "$1" != -m ] || { echo aarch64; exit; }\nexec /bin/uname "$@"\n' >"$FAKE/bin/uname"
  chmod +x "$FAKE/bin/uname"
  serve "$release/k3s-arm64" <"$FAKE/program"
  printf '%s  k3s-arm64\n' "$(sum_of <"$FAKE/program")" | serve "$release/sha256sum-arm64.txt"
  run_script install-k3s
  assert_success
  assert_call "$release/sha256sum-arm64.txt\$"
}

@test "a release that calls itself by another version is refused before its installer runs" {
  serve_release v1.35.4+k3s1 v1.0.0+k3s1
  run_script install-k3s
  assert_failure
  assert_stderr 'is k3s v1.0.0+k3s1, not v1.35.4+k3s1'
  nothing_fetched && [ ! -e "$HOST/usr-local/bin/k3s" ] && [ ! -e "$FAKE/installer-environment" ]
}

@test "an installer with another sum than stands beside it is not run" {
  echo 'touch "$FAKE/ran"' | serve https://source.test/v1.35.4%2Bk3s1/install.sh
  run_script install-k3s
  assert_failure
  assert_stderr 'https://source.test/v1.35.4%2Bk3s1/install.sh has SHA-256'
  [ ! -e "$FAKE/ran" ]
  [ ! -e "$HOST/usr-local/bin/k3s" ]
}

@test "an installer without a sum beside it is not run, unless the config says which it is" {
  from_mirror
  unset WITH_IMAGES
  echo 404 | serve https://mirror.test/k3s/install.sh.sha256sum
  run_script install-k3s
  assert_failure
  assert_stderr 'https://mirror.test/k3s/install.sh has no sum beside it (https://mirror.test/k3s/install.sh.sha256sum: the server answered 404), and what runs as root is not run unchecked.'
  [ ! -e "$FAKE/installer-environment" ]
  [ ! -e "$HOST/usr-local/bin/k3s" ]
  INSTALLER_SHA256=$(sum_of <"$FAKE/install.sh")
  export INSTALLER_SHA256
  run_script install-k3s
  assert_success
}

# What S3 answers where a bucket's list may not be read.
@test "a mirror that answers 403 for what it does not have is asked on, and told as one without a sum" {
  from_mirror
  unset WITH_IMAGES
  echo 403 | serve "https://mirror.test/k3s/v1.35.4%2Bk3s1/install.sh"
  echo 403 | serve https://mirror.test/k3s/install.sh.sha256sum
  run_script install-k3s
  assert_failure
  assert_stderr 'https://mirror.test/k3s/install.sh has no sum beside it (https://mirror.test/k3s/install.sh.sha256sum: the server answered 403), and what runs as root'
  INSTALLER_SHA256=$(sum_of <"$FAKE/install.sh")
  export INSTALLER_SHA256
  run_script install-k3s
  assert_success
}

@test "nothing of a fetch that was killed stays, also where the program is there by now" {
  installed
  mkdir -p "$HOST/usr-local/lib/hybrid-k3s"
  echo half >"$HOST/usr-local/lib/hybrid-k3s/k3s.part"
  rm "$HOST/etc/systemd/system/k3s.service"
  run_script install-k3s
  assert_success
  nothing_fetched
}

@test "an installer with another sum than the config gives is not run, whatever stands beside it" {
  export INSTALLER_SHA256=0123
  run_script install-k3s
  assert_failure
  assert_stderr "install.sh has SHA-256 $(sum_of <"$FAKE/install.sh"), but 0123 is set in mirror.installSha256; do not use it"
  [ ! -e "$FAKE/installer-environment" ]
  [ ! -e "$HOST/usr-local/bin/k3s" ]
}

@test "an installer that fails is shown with its last words" {
  echo 'echo "[ERROR] no systemd"; exit 1' >"$FAKE/install.sh"
  serve https://source.test/v1.35.4%2Bk3s1/install.sh <"$FAKE/install.sh"
  INSTALLER_SHA256=$(sum_of <"$FAKE/install.sh")
  export INSTALLER_SHA256
  run_script install-k3s
  assert_failure
  assert_stderr '[ERROR] no systemd'
}

@test "an installer that fails or is cut off in an upgrade runs again, though the new program is in place" {
  installed
  serve_release v1.35.5+k3s1
  export K3S_VERSION=v1.35.5+k3s1 INSTALLER_URL=https://source.test/v1.35.5%2Bk3s1/install.sh
  echo 'kill -9 $PPID; exit 1' >"$FAKE/cut.sh"
  serve "$INSTALLER_URL" <"$FAKE/cut.sh"
  INSTALLER_SHA256=$(sum_of <"$FAKE/cut.sh")
  export INSTALLER_SHA256
  run_script install-k3s
  assert_failure
  "$HOST/usr-local/bin/k3s" --version | grep -qF v1.35.5
  { cat "$FAKE/install.sh" && echo 'echo "# of 1.35.5" >>/etc/systemd/system/k3s.service'; } >"$FAKE/whole.sh"
  serve "$INSTALLER_URL" <"$FAKE/whole.sh"
  INSTALLER_SHA256=$(sum_of <"$FAKE/whole.sh")
  run_script install-k3s
  assert_success
  grep -qx '# of 1.35.5' "$HOST/etc/systemd/system/k3s.service"
  forget_calls
  run_script install-k3s
  assert_success
  refute_call '^curl.*install.sh'
}

@test "a version that the release page lacks is named" {
  echo 404 | serve "$release/sha256sum-$(vendor_name).txt"
  run_script install-k3s
  assert_failure
  assert_stderr "cannot fetch $release/sha256sum-$(vendor_name).txt: the server answered 404"
}

from_mirror() {
  export RELEASES_URL=https://mirror.test/k3s INSTALLER_URL=https://mirror.test/k3s/v1.35.4%2Bk3s1/install.sh WITH_IMAGES=true CA_PEM=site-authority
  mirrored=https://mirror.test/k3s/v1.35.4%2Bk3s1 images="k3s-airgap-images-$(vendor_name).tar.zst"
  serve "$mirrored/$(program_name)" <"$FAKE/program"
  printf '%s  %s\n%s  %s\n' "$(sum_of <"$FAKE/program")" "$(program_name)" "${1:-$(echo images | sum_of)}" "$images" | serve "$mirrored/sha256sum-$(vendor_name).txt"
  echo 404 | serve "$INSTALLER_URL"
  serve https://mirror.test/k3s/install.sh <"$FAKE/install.sh"
  printf '%s  install.sh\n' "$(sum_of <"$FAKE/install.sh")" | serve https://mirror.test/k3s/install.sh.sha256sum
}

@test "a mirror's images are placed, and its one installer serves where the release has none" {
  from_mirror
  echo images | serve "$mirrored/$images"
  run_script install-k3s
  assert_success
  [ "$(cat "$HOST/var-lib/rancher/k3s/agent/images/$images")" = images ]
  [ "$(calls '^curl .*mirror.test' | grep -c -v -e '--cacert [^ ]*/authorities.pem')" = 0 ]
}

@test "a mirror without images is fine, one with damaged images is not" {
  from_mirror 0000
  echo damaged | serve "$mirrored/$images"
  run_script install-k3s
  assert_failure
  assert_stderr 'but 0000 is published for it'
  [ ! -e "$HOST/var-lib/rancher/k3s/agent/images/$images" ]
  echo 404 | serve "$mirrored/$images"
  run_script install-k3s
  assert_success
}
