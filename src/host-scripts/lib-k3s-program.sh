# shellcheck shell=sh
# k3s's unit by the installer of that very release, and the images of an air-gapped site. Part of install-k3s.sh, with lib-k3s-download.sh.
IMAGES=/var/lib/rancher/k3s/agent/images

# The installer writes the unit last: with it there, an earlier run got to its end; of an upgrade the absence of $UNFINISHED says so.
UNFINISHED=/etc/hybrid-k3s/k3s-unfinished
is_installed() { [ ! -e "$UNFINISHED" ] && [ "$(installed_k3s)" = "$K3S_VERSION" ] && [ -f "/etc/systemd/system/$UNIT" ] && [ -x "/usr/local/bin/${UNIT%.service}-uninstall.sh" ]; }

# fetch_found URL FILE: 1 where there is no such file. An S3 bucket whose list nobody may read answers 403 for it
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html); one that lets nobody in has answered so for the program before.
fetch_found() {
  http_status=$(fetch "$1" "$2") || fail "cannot fetch $1: $(cat "$SCRATCH/curl-error"); check that this host reaches it: curl -I $1"
  case $http_status in
    200) ;;
    403 | 404) rm -f "$2" && return 1 ;;
    *) fail "cannot fetch $1: the server answered $http_status" ;;
  esac
}

# The vendor has the sum beside the script, at the release's tag. A mirror has the script in the release's folder, or one for all releases.
fetch_installer() {
  for script_url in "$INSTALLER_URL" "$RELEASES_URL/install.sh"; do
    fetch_found "$script_url" "$SCRATCH/install.sh" || continue
    check_installer
    return 0
  done
  fail "cannot fetch $INSTALLER_URL: the server answered $http_status; check the version and the mirror's address"
}

# It runs as root: by the sum that the config gives, else by the one beside it, else not at all.
check_installer() {
  if [ -n "${INSTALLER_SHA256:-}" ]; then
    verify_sha256 "$SCRATCH/install.sh" "$INSTALLER_SHA256" "$script_url" "set in mirror.installSha256"
  elif fetch_found "$script_url.sha256sum" "$SCRATCH/install-sum"; then
    verify_sha256 "$SCRATCH/install.sh" "$(cut -d' ' -f1 "$SCRATCH/install-sum")" "$script_url"
  else
    fail "$script_url has no sum beside it ($script_url.sha256sum: the server answered $http_status), and what runs as root is not run unchecked. Compare the script with install.sh at the tag" \
      "of k3s $K3S_VERSION, then put install.sh.sha256sum of that tag beside it, or set mirror.installSha256 to what sha256sum install.sh prints; nothing was changed"
  fi
}

# Everything is here and checked before anything is replaced. Running programs keep their old file.
install_program() {
  say "installing k3s $K3S_VERSION"
  fetch_program
  fetch_installer
  : >"$UNFINISHED"
  [ ! -f "$FETCHED" ] || place_program
  run_installer
  rm -f "$UNFINISHED"
}

place_program() {
  version=$(version_of "$FETCHED")
  [ "$version" = "$K3S_VERSION" ] || { drop_fetched && fail "$(release_url)/$(program_name) is k3s ${version:-of no version}, not $K3S_VERSION; check the mirror"; }
  mv -f "$FETCHED" /usr/local/bin/k3s.new
  mv -f /usr/local/bin/k3s.new /usr/local/bin/k3s
}

# It puts every K3S_* variable that it finds into the unit's environment, so ours must not reach it. It downloads nothing: where it would
# from, and by which variable it is told otherwise, is another matter in each release (INSTALL_K3S_ARTIFACT_URL came in 2026).
run_installer() {
  env -u K3S_VERSION -u CONFIG_YAML INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_EXEC="$ROLE" INSTALL_K3S_SKIP_START=true \
    INSTALL_K3S_SKIP_SELINUX_RPM=true timeout 120 sh "$SCRATCH/install.sh" >"$SCRATCH/installer" 2>&1 ||
    fail "the k3s installer $script_url failed: $(tail -n 5 "$SCRATCH/installer"); after a repair run pulumi up again"
}

# A mirror without images is fine where the hosts reach a registry; a damaged image file is not.
fetch_images() {
  [ "${WITH_IMAGES:-}" = true ] || return 0
  fetch_sums
  file=k3s-airgap-images-$(vendor_architecture).tar.zst
  sum=$(published_sum "$file")
  [ -z "$sum" ] || ! has_sum "$IMAGES/$file" "$sum" || return 0
  fetch_found "$(release_url)/$file" "$SCRATCH/$file" || { say "the mirror has no $file; images come from their registries" && return; }
  verify_sha256 "$SCRATCH/$file" "$sum" "$(release_url)/$file"
  install -D -m 0644 "$SCRATCH/$file" "$IMAGES/$file.new"
  mv -f "$IMAGES/$file.new" "$IMAGES/$file"
}
