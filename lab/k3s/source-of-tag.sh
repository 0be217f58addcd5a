# shellcheck shell=sh disable=SC2034 # part of install.sh
# As the script of the tag v1.35.4+k3s1 has it: INSTALL_K3S_ARTIFACT_URL means nothing to it.
RELEASES=${GITHUB_URL:-https://github.com/k3s-io/k3s/releases}/download
