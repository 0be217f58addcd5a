# shellcheck shell=sh
# The k3s program by its official installer, and the images of an air-gapped site. Part of install-k3s.sh.
IMAGES=/var/lib/rancher/k3s/agent/images

installed_k3s() { k3s --version 2>/dev/null | sed -nE '1s/^k3s version ([^ ]+).*/\1/p'; }

# The installer writes the unit last: with it there, an earlier run got to its end.
is_installed() { [ "$(installed_k3s)" = "$K3S_VERSION" ] && [ -f "/etc/systemd/system/$UNIT" ] && [ -x "/usr/local/bin/${UNIT%.service}-uninstall.sh" ]; }

# The installer puts every K3S_* variable that it finds into the unit's environment, so ours must not reach it.
install_program() {
  say "installing k3s $K3S_VERSION"
  [ -s "$SCRATCH/install.sh" ] || download "$INSTALLER_URL" "$SCRATCH/install.sh"
  bundle=$(authorities)
  env -u K3S_VERSION -u CONFIG_YAML ${bundle:+CURL_CA_BUNDLE="$bundle"} ${ARTIFACT_URL:+INSTALL_K3S_ARTIFACT_URL="$ARTIFACT_URL"} \
    INSTALL_K3S_VERSION="$K3S_VERSION" INSTALL_K3S_EXEC="$ROLE" INSTALL_K3S_SKIP_START=true INSTALL_K3S_SKIP_SELINUX_RPM=true \
    timeout 1200 sh "$SCRATCH/install.sh" >"$SCRATCH/installer" 2>&1 ||
    fail "the k3s installer $INSTALLER_URL failed: $(tail -n 5 "$SCRATCH/installer"); check that this host reaches the download, then run pulumi up again"
  [ "$(installed_k3s)" = "$K3S_VERSION" ] ||
    fail "the k3s installer left version $(installed_k3s), not $K3S_VERSION; check that ${ARTIFACT_URL:-the release page} has $K3S_VERSION"
}

# With the installer, which comes from the mirror too. A mirror without images is fine where the hosts reach a registry; a damaged image file is not.
fetch_images() {
  [ -n "${ARTIFACT_URL:-}" ] || return 0
  architecture=$(vendor_architecture)
  file=k3s-airgap-images-$architecture.tar.zst
  base=$ARTIFACT_URL/$(printf '%s' "$K3S_VERSION" | sed 's/+/%2B/g')
  download "$base/sha256sum-$architecture.txt" "$SCRATCH/sums" "$INSTALLER_URL" "$SCRATCH/install.sh"
  sum=$(awk -v file="$file" '$2 == file { print $1 }' "$SCRATCH/sums")
  [ -z "$sum" ] || ! printf '%s  %s\n' "$sum" "$IMAGES/$file" | sha256sum -c --status - 2>/dev/null || return 0
  http_status=$(fetch "$base/$file" "$SCRATCH/$file") || fail "cannot fetch $base/$file: $(cat "$SCRATCH/curl-error")"
  case $http_status in
    404) say "the mirror has no $file; images come from their registries" && return ;;
    200) ;;
    *) fail "cannot fetch $base/$file: the mirror answered $http_status" ;;
  esac
  verify_sha256 "$SCRATCH/$file" "$sum" "$base/$file"
  install -D -m 0644 "$SCRATCH/$file" "$IMAGES/$file.new"
  mv -f "$IMAGES/$file.new" "$IMAGES/$file"
}
