#!/bin/sh
# Usage: curl ... | INSTALL_K3S_VERSION=v1.35.4+k3s1 INSTALL_K3S_EXEC=agent sh -s - [server|agent] [flags]
# Stands in for k3s's official installer in a lab that cannot download it; it keeps what that one promises on a systemd machine:
# INSTALL_K3S_VERSION, _EXEC, _SKIP_DOWNLOAD, _SKIP_START, _SKIP_ENABLE, _FORCE_RESTART, _BIN_DIR; K3S_*, CONTAINERD_* and *_PROXY variables
# go to the unit's environment file. There are no release channels here. Where it downloads from is another matter in each of the two
# scripts that the lab has (see ../tools/stand-in-installer.ts).
set -eu

BIN_DIR=${INSTALL_K3S_BIN_DIR:-/usr/local/bin}
#include installer-source

info() { echo "[INFO]  $*"; }
fatal() {
  echo "[ERROR] $*" >&2
  exit 1
}

# Which command the unit runs: the one given, else agent where a server's address is given, else server.
choose_command() {
  case ${1:-} in
    server | agent)
      COMMAND=$1
      shift
      ;;
    "" | -*)
      COMMAND=server
      if [ -n "${K3S_URL:-}" ]; then
        [ -n "${K3S_TOKEN:-}${K3S_TOKEN_FILE:-}" ] ||
          fatal "Defaulted k3s exec command to 'agent' because K3S_URL is defined, but K3S_TOKEN or K3S_TOKEN_FILE is not defined."
        COMMAND=agent
      fi
      ;;
    *) fatal "unknown command $1" ;;
  esac
  case ${K3S_URL:-https://} in
    https://*) ;;
    *) fatal "Only https:// URLs are supported for K3S_URL (have $K3S_URL)" ;;
  esac
  ARGUMENTS=
  for argument in "$@"; do
    ARGUMENTS="$ARGUMENTS '$argument'"
  done
  SYSTEM_NAME=k3s
  [ "$COMMAND" = server ] || SYSTEM_NAME=k3s-agent
  UNIT_FILE=/etc/systemd/system/$SYSTEM_NAME.service
  ENV_FILE=$UNIT_FILE.env
  UNINSTALL=$BIN_DIR/$SYSTEM_NAME-uninstall.sh
  KILLALL=$BIN_DIR/k3s-killall.sh
}

# The file is fetched only where the one that is there has another checksum than the release.
install_binary() {
  case ${INSTALL_K3S_SKIP_DOWNLOAD:-} in
    true | binary)
      info 'Skipping k3s download and verify'
      [ -x "$BIN_DIR/k3s" ] || fatal "Executable k3s binary not found at $BIN_DIR/k3s"
      return 0
      ;;
  esac
  case $(uname -m) in
    x86_64) ARCH=amd64 SUFFIX='' ;;
    aarch64) ARCH=arm64 SUFFIX=-arm64 ;;
    *) fatal "Unsupported architecture $(uname -m)" ;;
  esac
  [ -n "${INSTALL_K3S_VERSION:-}" ] || fatal "The stand-in for the installer knows no release channels: set INSTALL_K3S_VERSION"
  release=$RELEASES/$(echo "$INSTALL_K3S_VERSION" | sed 's/+/%2B/g')
  curl -sfL -o "$SCRATCH/sums" "$release/sha256sum-$ARCH.txt" || fatal "Download failed: $release/sha256sum-$ARCH.txt"
  wanted=$(awk -v name="k3s$SUFFIX" '$2 == name { print $1 }' "$SCRATCH/sums")
  if [ -x "$BIN_DIR/k3s" ] && [ "$(checksum "$BIN_DIR/k3s")" = "$wanted" ]; then
    info 'Skipping binary downloaded, installed k3s matches hash'
    return 0
  fi
  info "Downloading binary $release/k3s$SUFFIX"
  curl -sfL -o "$SCRATCH/k3s" "$release/k3s$SUFFIX" || fatal "Download failed: $release/k3s$SUFFIX"
  info 'Verifying binary download'
  seen=$(checksum "$SCRATCH/k3s")
  [ "$seen" = "$wanted" ] || fatal "Download sha256 does not match $wanted, got $seen"
  info "Installing k3s to $BIN_DIR/k3s"
  chmod 755 "$SCRATCH/k3s"
  mv -f "$SCRATCH/k3s" "$BIN_DIR/k3s"
}

checksum() { sha256sum "$1" | cut -d ' ' -f 1; }

create_symlinks() {
  for name in kubectl crictl ctr; do
    if [ ! -e "$BIN_DIR/$name" ] && ! command -v "$name" >/dev/null 2>&1; then
      info "Creating $BIN_DIR/$name symlink to k3s"
      ln -sf k3s "$BIN_DIR/$name"
    fi
  done
}

create_killall() {
  info "Creating killall script $KILLALL"
  cat >"$KILLALL" <<'KILLALL_SCRIPT'
#include killall.sh
KILLALL_SCRIPT
  chmod 755 "$KILLALL"
}

create_uninstall() {
  info "Creating uninstall script $UNINSTALL"
  cat >"$UNINSTALL" <<'UNINSTALL_SCRIPT'
#include uninstall.sh
UNINSTALL_SCRIPT
  chmod 755 "$UNINSTALL"
}

# Only what is given now: values of an earlier run are lost.
create_env_file() {
  info "env: Creating environment file $ENV_FILE"
  (umask 077 && sh -c export | sed 's/^export //' | grep -Ei '^(K3S_|CONTAINERD_|(NO|HTTP|HTTPS)_PROXY=)' >"$ENV_FILE") || true
}

create_unit() {
  info "systemd: Creating service file $UNIT_FILE"
  cat >"$UNIT_FILE" <<UNIT
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-$ENV_FILE
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$BIN_DIR/k3s $COMMAND$ARGUMENTS
UNIT
}

# config.yaml is not among them: a change there restarts nothing.
hashes() { sha256sum "$BIN_DIR/k3s" "$UNIT_FILE" "$ENV_FILE" 2>&1 || true; }

enable_and_start() {
  [ "${INSTALL_K3S_SKIP_ENABLE:-}" != true ] || return 0
  info "systemd: Enabling $SYSTEM_NAME unit"
  systemctl enable "$UNIT_FILE" >/dev/null 2>&1
  systemctl daemon-reload
  [ "${INSTALL_K3S_SKIP_START:-}" != true ] || return 0
  if [ "$1" = "$(hashes)" ] && [ "${INSTALL_K3S_FORCE_RESTART:-}" != true ]; then
    info 'No change detected so skipping service start'
    return 0
  fi
  for family in iptables ip6tables; do
    $family-save 2>/dev/null | grep -v KUBE- | grep -iv flannel | $family-restore || true
  done
  info "systemd: Starting $SYSTEM_NAME"
  systemctl restart "$SYSTEM_NAME"
}

main() {
  [ "$(id -u)" -eq 0 ] || fatal "The stand-in for the installer must run as root"
  [ -d /run/systemd/system ] || fatal 'Can not find systemd to use as a process supervisor for k3s'
  SCRATCH=$(mktemp -d)
  trap 'rm -rf "$SCRATCH"' EXIT
  # shellcheck disable=SC2086 # INSTALL_K3S_EXEC holds a command line
  choose_command ${INSTALL_K3S_EXEC:-} "$@"
  mkdir -p "$BIN_DIR"
  before=$(hashes)
  install_binary
  create_symlinks
  create_killall
  create_uninstall
  systemctl disable "$SYSTEM_NAME" >/dev/null 2>&1 || true
  rm -f "$UNIT_FILE" "$ENV_FILE"
  create_env_file
  create_unit
  enable_and_start "$before"
}

main "$@"
