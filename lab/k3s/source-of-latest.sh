# shellcheck shell=sh disable=SC2034 # part of install.sh
# As the scripts since spring 2026 have it.
RELEASES=${INSTALL_K3S_ARTIFACT_URL:-https://github.com/k3s-io/k3s/releases/download}
[ -z "${GITHUB_URL:-}" ] || echo "[WARN]  GITHUB_URL does not work anymore. Please use 'INSTALL_K3S_ARTIFACT_URL' instead." >&2
