# shellcheck shell=sh
# Faults of the machine itself. Part of preflight-host.sh.

check_root() { [ "$(id -u)" = 0 ] || fault "runs as $(id -un), not as root" "log in as root or as a user who may sudo without a password"; }

check_system() {
  [ -d /run/systemd/system ] || fault "systemd does not run here" "use a host that boots with systemd"
  system=$(sed -nE 's/^(ID|VERSION_ID)="?([^"]*)"?$/\1 \2/p' /etc/os-release 2>/dev/null | sort | cut -d' ' -f2 | paste -sd ' ' -)
  case $system in
    "debian 12" | "debian 13" | "ubuntu 22.04" | "ubuntu 24.04") ;;
    *) fault "the system is ${system:-unknown}" "use Debian 12 or 13, or Ubuntu 22.04 or 24.04" ;;
  esac
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fault "the architecture is $(uname -m)" "use amd64 (x86_64) or arm64 (aarch64)" ;;
  esac
}

# The programs in the scripts that a small installation may lack; ipset, iptables and conntrack come with the join.
check_programs() {
  for program in curl:curl tar:tar flock:util-linux ip:iproute2 ss:iproute2 ps:procps update-ca-certificates:ca-certificates; do
    command -v "${program%:*}" >/dev/null || absent="${absent:-}${absent:+ }${program#*:}"
  done
  [ -z "${absent:-}" ] || fault "programs of these packages are missing: $absent" "run: apt-get install -y $absent"
}

check_tun() { [ -c /dev/net/tun ] || fault "/dev/net/tun is missing" "run: modprobe tun; where this host is a container, let its own host pass the device in"; }

check_clock() {
  off=$(($(date +%s) - NOW_EPOCH))
  [ "${off#-}" -le 60 ] || fault "the clock is ${off#-} s $([ "$off" -gt 0 ] && echo ahead of || echo behind) the operator's" "set it right: timedatectl set-ntp true"
}

# A host that is a node already has its share on the disk; then it is enough that something is left.
check_disk() {
  needed=4096
  [ ! -x /usr/local/bin/k3s ] || needed=512
  free=$(df -Pk /var/lib | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge $needed ] || fault "/var/lib has $free MiB free, $needed MiB are needed" "make room or give it a larger disk: du -xh -d1 /var/lib"
}

# k3s's own documents ask for 512 MiB (agents) and 2 GiB (servers); a server of 1 GiB runs, and the kernel keeps some of it for itself.
check_memory() {
  needed=450
  [ "$ROLE" = agent ] || needed=900
  total=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
  [ "$total" -ge $needed ] || fault "$total MiB of memory, a k3s $ROLE needs at least $needed MiB" "use a larger host"
}

check_selinux() {
  mode=$(cat /sys/fs/selinux/enforce 2>/dev/null || getenforce 2>/dev/null || true)
  case $mode in
    1 | Enforcing) fault "SELinux is enforcing" "set SELINUX=permissive in /etc/selinux/config and run: setenforce 0" ;;
  esac
}

check_hostname() {
  own_name=$(uname -n | cut -d. -f1 | tr '[:upper:]' '[:lower:]')
  case $own_name in localhost | "")
    fault "the host's own name is ${own_name:-empty}" "name it: hostnamectl set-hostname $NODE_NAME"
    return
    ;;
  esac
  if printf '%s\n' "${OTHER_NODE_NAMES:-}" | grep -qxF "$own_name"; then
    fault "the host's own name is $own_name, which is another node's" "name it: hostnamectl set-hostname $NODE_NAME; or mend the addresses in the config"
  fi
}
