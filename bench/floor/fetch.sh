#!/bin/sh
# Usage: fetch.sh
# Fetches what a machine fresh from a cloud lacks, from the mirror, as a person would; nothing is verified.
# Needs: MIRROR CA_PEM TAILSCALE_VERSION K3S_VERSION ARCHITECTURE (amd64, arm64)
set -eu
: "${MIRROR:?}" "${CA_PEM:?}" "${TAILSCALE_VERSION:?}" "${K3S_VERSION:?}" "${ARCHITECTURE:?}"

mkdir -p /run/floor /var/lib/rancher/k3s/agent/images
authority=/run/floor/ca.pem
printf '%s\n' "$CA_PEM" >"$authority"
archive=tailscale_${TAILSCALE_VERSION}_$ARCHITECTURE
curl -fsS --cacert "$authority" "$MIRROR/tailscale/$archive.tgz" | tar -xz -C /run/floor
install -m 0755 "/run/floor/$archive/tailscale" /usr/local/bin/tailscale
install -m 0755 "/run/floor/$archive/tailscaled" /usr/local/sbin/tailscaled
release=$MIRROR/k3s/$(printf '%s' "$K3S_VERSION" | sed 's/+/%2B/')
program=k3s images=k3s-airgap-images-$ARCHITECTURE.tar.zst
[ "$ARCHITECTURE" = amd64 ] || program=k3s-$ARCHITECTURE
curl -fsS --cacert "$authority" -o /usr/local/bin/k3s "$release/$program" -o "/var/lib/rancher/k3s/agent/images/$images" "$release/$images" \
  -o /run/floor/install.sh "$release/install.sh"
chmod 0755 /usr/local/bin/k3s
