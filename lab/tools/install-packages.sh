#!/bin/sh
# Usage: install-packages.sh [-n]
# Installs the Debian packages that the lab and the tests use on the machine they run on, only those that are missing; the list of
# packages is refreshed only if something is. With -n it only prints what is missing.
set -eu

# A program that tells whether the package is there, and the package.
needs="
systemd-nspawn systemd-container
mmdebstrap mmdebstrap
unshare util-linux
nsenter util-linux
flock util-linux
ip iproute2
iptables iptables
ipset ipset
nft nftables
ping iputils-ping
tcpdump tcpdump
iperf3 iperf3
openssl openssl
ssh openssh-client
ssh-keygen openssh-client
zstd zstd
curl curl
strace strace
shellcheck shellcheck
shfmt shfmt
bats bats
parallel parallel
pg_lsclusters postgresql
sqlite3 sqlite3
gcc gcc
gencat libc6-dev
"

missing() {
  echo "$needs" | while read -r program package; do
    [ -z "$program" ] || command -v "$program" >/dev/null 2>&1 || echo "$package"
  done | sort -u
}

log() { echo "install-packages: $*" >&2; }

main() {
  packages=$(missing)
  [ -n "$packages" ] || return 0
  if [ "${1:-}" = -n ]; then
    echo "$packages"
    return 0
  fi
  # shellcheck disable=SC2086 # one word a package
  set -- $packages
  if ! command -v apt-get >/dev/null 2>&1; then
    log "needs $*, and this is not a Debian or Ubuntu machine: install them by its own package manager."
    exit 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    log "needs $*, and only root can install them. Run: sudo apt-get install $*"
    exit 1
  fi
  start=$(date +%s)
  log "installing $*"
  output=$(mktemp)
  trap 'rm -f "$output"' EXIT
  export DEBIAN_FRONTEND=noninteractive
  # Debian's Postgres would start a database of this machine's own.
  case " $* " in
    *" postgresql "*)
      mkdir -p /etc/postgresql-common
      [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
      ;;
  esac
  if ! { apt-get -q update && apt-get -q -y -o Dpkg::Options::=--force-confold --no-install-recommends install "$@"; } >"$output" 2>&1; then
    tail -n 20 "$output" >&2
    log "apt-get failed; its last lines are above."
    exit 1
  fi
  log "done in $(($(date +%s) - start)) s"
}

main "$@"
